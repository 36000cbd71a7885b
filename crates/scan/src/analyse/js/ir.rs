//! JavaScript in a small form: what an expression is made of, and every value a name may have.
//!
//! The files of one package share one program, so that a name can be followed from file to file.

use oxc_syntax::operator::{BinaryOperator, UnaryOperator};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// One expression of a [`Program`].
pub(super) type Id = u32;
/// One variable, parameter, function or class of a [`Program`].
pub(super) type Symbol = u32;

/// One expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Text(Rc<str>),
    Number(f64),
    Flag(bool),
    /// `null` and `undefined`.
    Nothing,
    /// A regular expression: its source, and whether it is global.
    Pattern(Rc<str>, bool),
    /// A name that the file declares.
    Name(Symbol),
    /// A name that it does not.
    Global(Rc<str>),
    This,
    Member(Id, Key),
    Call {
        callee: Id,
        arguments: Rc<[Id]>,
        /// True for `new`.
        new: bool,
    },
    List(Rc<[Id]>),
    Record(Rc<[(Key, Id)]>),
    /// A class; its members are kept beside those of `this`.
    Class,
    Function(u32),
    /// The parts of a template.
    Joined(Rc<[Id]>),
    Binary(BinaryOperator, Id, Id),
    Unary(UnaryOperator, Id),
    /// One of the two.
    Either(Id, Id),
    /// A choice by a condition.
    Choice(Id, Id, Id),
    Assign(Target, Id),
    /// `++` and `--`: the target and what is added.
    Step(Target, i8, bool),
    Sequence(Rc<[Id]>),
    Await(Id),
    Spread(Id),
    /// Any element of a list that is walked through.
    Element(Id),
    /// A module by its name.
    Import(Rc<str>),
    /// `import(…)`.
    ImportCall(Id),
    Unknown,
}

/// The name of a member.
#[derive(Debug, Clone)]
pub(super) enum Key {
    Plain(Rc<str>),
    Computed(Id),
    Spread,
}

/// What an assignment writes to.
#[derive(Debug, Clone)]
pub(super) enum Target {
    Name(Symbol),
    Global(Rc<str>),
    Member(Id, Key),
    Other,
}

/// One statement, as far as running it matters.
#[derive(Debug, Clone)]
pub(super) enum Statement {
    Value(Id),
    Declare(Symbol, Id),
    Return(Option<Id>),
    If(Id, Rc<[Statement]>, Rc<[Statement]>),
    Loop {
        init: Rc<[Statement]>,
        test: Option<Id>,
        update: Option<Id>,
        body: Rc<[Statement]>,
        runs_first: bool,
    },
    Each {
        symbol: Option<Symbol>,
        over: Id,
        keys: bool,
        body: Rc<[Statement]>,
    },
    Switch(Id, Rc<[Case]>),
    Try(Rc<[Statement]>, Rc<[Statement]>),
    Block(Rc<[Statement]>),
    Break,
    Continue,
    Throw,
}

/// One case of a `switch`: its test, none for the default, and what it does.
pub(super) type Case = (Option<Id>, Rc<[Statement]>);

/// One function.
#[derive(Debug, Clone, Default)]
pub(super) struct Function {
    /// Its parameters; `None` where one is taken apart.
    pub(super) parameters: Vec<Option<Symbol>>,
    /// What it returns.
    pub(super) returns: Vec<Id>,
    /// What it does.
    pub(super) body: Rc<[Statement]>,
}

/// One file of the program.
#[derive(Debug, Default)]
pub(super) struct File {
    /// What it exports, by name; the empty name is the module as a whole.
    pub(super) exports: Vec<(Rc<str>, Id)>,
    /// What runs when it is loaded.
    pub(super) body: Rc<[Statement]>,
    /// Its first and last expression.
    pub(super) nodes: std::ops::Range<Id>,
}

/// The files of one package, read into one space of names.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub(super) nodes: Vec<Node>,
    /// Byte offset of every expression in its file.
    pub(super) offsets: Vec<u32>,
    /// What a symbol was ever given.
    pub(super) definitions: Vec<Vec<Id>>,
    /// What the members of a symbol were ever given; the empty name is any member.
    pub(super) fields: HashMap<Symbol, Vec<(Rc<str>, Id)>>,
    /// Parameters that bring key material, by their names.
    pub(super) keys: HashSet<Symbol>,
    /// What names without a declaration were given, by file.
    pub(super) implicit: HashMap<(usize, Rc<str>), Vec<Id>>,
    pub(super) functions: Vec<Function>,
    /// Every call, `new` included, in the order of the text.
    pub(super) calls: Vec<Id>,
    /// Every assignment to a member.
    pub(super) assignments: Vec<Id>,
    pub(super) files: Vec<File>,
}

impl Program {
    /// The file that an expression stands in.
    pub(super) fn file_of(&self, id: Id) -> usize {
        self.files.partition_point(|file| file.nodes.end <= id)
    }

    /// The members that a class or `this` was given are kept under this symbol of the file.
    pub(super) fn this_of(&self, file: usize) -> Symbol {
        Symbol::MAX - u32::try_from(file).unwrap_or(0)
    }
}
