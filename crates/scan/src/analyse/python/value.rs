//! What the analyser knows of a value: its constant, what it names, and where it came from.

use crate::analyse::bits::bit_set;
use ruff_python_ast::{ExprLambda, StmtClassDef, StmtFunctionDef};
use std::rc::Rc;

/// A value of the program under analysis.
#[derive(Debug, Clone)]
pub(super) struct Value<'t> {
    /// What is known of the value itself.
    pub(super) is: Is<'t>,
    /// Where it, or anything it was made from, came from.
    pub(super) from: Origins,
    /// The paths it was made from, as bits: see `Interpreter::path_slot`.
    pub(super) paths: u64,
}

/// The known part of a value.
#[derive(Debug, Clone)]
pub(super) enum Is<'t> {
    Unknown,
    /// Text; parts that are not known stand as [`HOLE`].
    Text(Rc<[u8]>),
    /// Bytes, which unlike text are made of numbers.
    Bytes(Rc<[u8]>),
    Number(i64),
    List(Rc<Vec<Value<'t>>>),
    Dict(Rc<Vec<(Value<'t>, Value<'t>)>>),
    /// Something of the outside by its dotted name; a call is written as `()`: `socket.socket().connect`.
    Named(Rc<str>),
    Function(Callable<'t>),
    Class(usize, &'t StmtClassDef),
    Instance(usize, &'t StmtClassDef),
    /// A module of the package.
    Module(usize),
}

/// A function of the package and the module whose names it sees.
#[derive(Debug, Clone, Copy)]
pub(super) enum Callable<'t> {
    Function(usize, &'t StmtFunctionDef, Option<&'t StmtClassDef>),
    Lambda(usize, &'t ExprLambda),
}

/// Stands in a text for a part that is not known.
pub(super) const HOLE: u8 = 0x1A;

bit_set! {
    /// Where a value came from.
    pub(super) struct Origins(u32) of Origin
}

/// One origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[repr(u32)]
pub(super) enum Origin {
    /// A response of the network.
    Fetched,
    /// Text that was decoded or decompressed.
    Decoded,
    /// Text that was decrypted.
    Decrypted,
    /// The whole environment.
    Environment,
    /// Name, user, address or system of this machine.
    Identity,
    /// What a secret place holds.
    Secret,
    /// The path of a secret place.
    SecretPath,
    /// Key material that a caller handed in.
    Key,
    /// Clipboard, screen, keys pressed, camera.
    Capture,
    /// Typed by the user.
    Typed,
    /// The content of a file.
    File,
    /// The output of a program.
    Output,
    /// An address where data is dropped or payloads are kept.
    DropHost,
    /// An address without a name.
    BareAddress,
    /// An address of a program or archive.
    ProgramAddress,
    /// Any address.
    Address,
    /// A socket, connected or not.
    Socket,
    /// A file that holds what was fetched.
    FetchedFile,
    /// A file that holds what was decoded.
    DecodedFile,
    /// A part is not known.
    Hole,
    /// Long encoded data of the package itself.
    Blob,
    /// The analysed file itself.
    OwnFile,
    /// A place in which temporary files lie.
    Temporary,
    /// Code that the interpreter loads unread: marshalled or compiled.
    Marshalled,
    /// A parameter: whatever a caller hands in.
    Parameter,
    /// Compiled from text by `compile`.
    Compiled,
    /// A text that was put together from several that are known.
    Glued,
    /// What this machine is called.
    Host,
    /// Who uses this machine.
    User,
    /// An address with a port that no web server has.
    OddPort,
    /// An address where anybody can run a program for nothing.
    Hosted,
}

impl<'t> Value<'t> {
    pub(super) const UNKNOWN: Self = Self { is: Is::Unknown, from: Origins::NONE, paths: 0 };

    pub(super) fn of(is: Is<'t>) -> Self {
        Self { is, from: Origins::NONE, paths: 0 }
    }

    pub(super) fn text(text: impl Into<Rc<[u8]>>) -> Self {
        Self::of(Is::Text(text.into()))
    }

    pub(super) fn named(name: impl Into<Rc<str>>) -> Self {
        Self::of(Is::Named(name.into()))
    }

    pub(super) fn with(mut self, origin: Origin) -> Self {
        self.from.add(origin);
        self
    }

    /// The same value, come also from where the other came.
    pub(super) fn after(mut self, other: &Self) -> Self {
        self.from = self.from.and(other.from);
        self.paths |= other.paths;
        self
    }

    /// Where the value and everything in it came from.
    pub(super) fn origins(&self) -> Origins {
        self.deep(4).0
    }

    /// The paths of the value and everything in it.
    pub(super) fn all_paths(&self) -> u64 {
        self.deep(4).1
    }

    fn deep(&self, depth: u32) -> (Origins, u64) {
        let (mut from, mut paths) = (self.from, self.paths);
        let mut take = |value: &Self| {
            let (more, slots) = value.deep(depth.saturating_sub(1));
            from = from.and(more);
            paths |= slots;
        };
        match &self.is {
            Is::List(items) if depth > 0 => items.iter().take(64).for_each(&mut take),
            Is::Dict(items) if depth > 0 => items.iter().take(64).for_each(|(_, value)| take(value)),
            _ => {}
        }
        (from, paths)
    }

    /// What is left when only the origins count.
    pub(super) fn blurred(&self) -> Self {
        let (from, paths) = self.deep(4);
        Self { is: Is::Unknown, from, paths }
    }

    /// The constant text, complete or with holes.
    pub(super) fn as_text(&self) -> Option<&[u8]> {
        match &self.is {
            Is::Text(text) | Is::Bytes(text) => Some(text),
            _ => None,
        }
    }

    /// The constant text where every byte of it is known.
    pub(super) fn whole_text(&self) -> Option<&[u8]> {
        self.as_text().filter(|_| !self.from.has(Origin::Hole))
    }

    pub(super) fn number(&self) -> Option<i64> {
        match self.is {
            Is::Number(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn name(&self) -> Option<&str> {
        match &self.is {
            Is::Named(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> Option<&[Self]> {
        match &self.is {
            Is::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value as it stands after one of two ways through the code.
    pub(super) fn or(self, other: &Self) -> Self {
        let keep = !matches!(self.is, Is::Unknown);
        let is = if keep { self.is } else { other.is.clone() };
        Self { is, from: self.from.and(other.from), paths: self.paths | other.paths }
    }
}
