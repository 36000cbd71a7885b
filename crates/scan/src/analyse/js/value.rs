//! What is known of a value: its constant, what it names, and where it came from.

use crate::analyse::bits::bit_set;
use std::rc::Rc;

/// A value of the program under analysis.
#[derive(Debug, Clone, Default)]
pub(super) struct Value {
    /// What is known of the value itself.
    pub(super) is: Is,
    /// Where it, or anything it was made from, came from.
    pub(super) from: Origins,
}

/// The known part of a value.
#[derive(Debug, Clone, Default)]
pub(super) enum Is {
    #[default]
    Unknown,
    /// Text; parts that are not known stand as [`HOLE`].
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    Number(f64),
    Flag(bool),
    Nothing,
    /// A regular expression and whether it is global.
    Pattern(Rc<str>, bool),
    List(Rc<Vec<Value>>),
    Record(Rc<Vec<(Rc<str>, Value)>>),
    /// Something of the outside by its dotted name; a call is written as `()`: `https.request().write`.
    Named(Rc<str>),
    Function(u32),
    /// An object of a class of this file.
    Instance(usize),
    /// A file of the package.
    Module(usize),
}

/// Stands in a text for a part that is not known.
pub(super) const HOLE: char = '\u{1A}';

bit_set! {
    /// Where a value came from.
    pub(super) struct Origins(u32) of Origin
}

/// One origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Origin {
    /// A response of the network.
    Fetched,
    /// A response from an address that stands in the code.
    FixedSource,
    /// Text that was decoded.
    Decoded,
    /// Text that was decrypted.
    Decrypted,
    /// Text put together from pieces.
    Built,
    /// The whole environment.
    Environment,
    /// A token, key or password of the environment.
    EnvironmentKey,
    /// Name, user or address of this machine.
    Identity,
    /// What a secret place holds.
    Secret,
    /// The path of a secret place.
    SecretPath,
    /// What a file of access tokens holds that programs of its owner read.
    Token,
    /// The path of such a file.
    TokenPath,
    /// Key material that a caller handed in.
    Key,
    /// Clipboard, screen, keys pressed.
    Capture,
    /// The content of a file.
    File,
    /// The output of a program.
    Output,
    /// An address where data is dropped or payloads are kept.
    DropHost,
    /// An address without a name.
    BareAddress,
    /// The path of a temporary or hidden file.
    Temporary,
    /// A name that was not written as it is called.
    Hidden,
    /// The name of the running file itself.
    OwnFile,
}

impl Value {
    pub(super) fn text(text: impl Into<Rc<str>>) -> Self {
        Self { is: Is::Text(text.into()), from: Origins::NONE }
    }

    pub(super) fn named(name: impl Into<Rc<str>>) -> Self {
        Self { is: Is::Named(name.into()), from: Origins::NONE }
    }

    pub(super) fn unknown(from: Origins) -> Self {
        Self { is: Is::Unknown, from }
    }

    pub(super) fn with(mut self, from: Origins) -> Self {
        self.from = self.from.and(from);
        self
    }

    /// The text, if it is one.
    pub(super) fn as_text(&self) -> Option<&Rc<str>> {
        match &self.is {
            Is::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn as_name(&self) -> Option<&Rc<str>> {
        match &self.is {
            Is::Named(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn is_known(&self) -> bool {
        match &self.is {
            Is::Unknown | Is::Named(_) | Is::Function(_) | Is::Instance(_) | Is::Module(_) => false,
            Is::Text(text) => !text.contains(HOLE),
            Is::List(list) => list.iter().all(Self::is_known),
            Is::Record(record) => record.iter().all(|(_, value)| value.is_known()),
            _ => true,
        }
    }

    /// As it stands inside a longer text.
    pub(super) fn shown(&self) -> Option<String> {
        match &self.is {
            Is::Text(text) => Some(text.to_string()),
            Is::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Is::Number(number) => Some(number_text(*number)),
            Is::Flag(flag) => Some(flag.to_string()),
            Is::Nothing => Some("undefined".into()),
            Is::List(list) => {
                let parts: Option<Vec<String>> = list.iter().map(Self::shown).collect();
                Some(parts?.join(","))
            }
            Is::Record(_) => Some("[object Object]".into()),
            _ => None,
        }
    }

    /// Either of two values.
    pub(super) fn or(self, other: &Self) -> Self {
        let from = self.from.and(other.from);
        let is = match (&self.is, &other.is) {
            (Is::Unknown | Is::Nothing | Is::Flag(_), _) => other.is.clone(),
            (_, Is::Unknown | Is::Nothing) => self.is,
            (Is::Named(_) | Is::Function(_) | Is::Module(_) | Is::Instance(_), _) => self.is,
            (_, Is::Named(_) | Is::Function(_) | Is::Module(_) | Is::Instance(_)) => other.is.clone(),
            (Is::Text(one), Is::Text(two)) if one.is_empty() || one == two => other.is.clone(),
            (Is::Text(_), Is::Text(two)) if two.is_empty() => self.is,
            (Is::Record(_), _) => self.is,
            _ => Is::Unknown,
        };
        Self { is, from }
    }
}

/// A number as JavaScript writes it.
pub(super) fn number_text(number: f64) -> String {
    if number.is_nan() { "NaN".into() } else { number.to_string() }
}
