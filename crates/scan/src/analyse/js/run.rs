//! Runs the small functions that put text together: tables of strings that are turned, decoders, loops
//! with a key. They may calculate and nothing else; whatever reaches further is given up.

mod items;
mod methods;

use super::builtins;
use super::ir::{Id, Key, Node, Program, Statement, Symbol, Target};
use super::value::{Is, Origin, Origins, Value};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use items::{binary, count, each, item_of, number_of, same, text_of, truth, unary, value_of};

/// Steps for all runs of one program.
const FUEL: usize = 4_000_000;
/// Steps of one run.
const ONE_RUN: usize = 1_500_000;
const DEEPEST: usize = 60;
const LONGEST: usize = 1 << 20;
/// Bytes of a text that are gone through in the time of a step.
const COUNTED_IN_A_STEP: usize = 16 << 10;
/// Of a name of something outside, with its members.
const LONGEST_NAME: usize = 256;

/// A value that a run can change.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Undefined,
    Flag(bool),
    Number(f64),
    Text(Rc<str>),
    Pattern(Rc<str>, bool),
    List(Rc<RefCell<Vec<Item>>>),
    Object(Rc<RefCell<HashMap<Rc<str>, Item>>>),
    Function(u32),
    /// A function or object of the language by its name.
    Named(Rc<str>),
}

/// Why a run ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Thrown,
    GivenUp,
}

enum Next {
    On,
    Return(Item),
    Break,
    Continue,
}

type Outcome<T> = Result<T, Stop>;

/// Runs functions of a program.
pub(super) struct Runner<'p> {
    program: &'p Program,
    names: HashMap<Symbol, Item>,
    globals: HashMap<Rc<str>, Item>,
    members: HashMap<(u32, Rc<str>), Item>,
    /// Functions that could not be run, with how often that was tried.
    failed: HashMap<u32, u8>,
    prepared: HashSet<usize>,
    /// True once the current run has decoded something.
    decoded: bool,
    fuel: usize,
    run: usize,
    depth: usize,
}

impl<'p> Runner<'p> {
    pub(super) fn new(program: &'p Program) -> Self {
        Self {
            program,
            names: HashMap::new(),
            globals: HashMap::new(),
            members: HashMap::new(),
            failed: HashMap::new(),
            prepared: HashSet::new(),
            decoded: false,
            fuel: FUEL,
            run: 0,
            depth: 0,
        }
    }

    /// Does what a file does first to its tables of strings: the calls of its own functions at the top.
    fn prepare(&mut self, file: usize) {
        if !self.prepared.insert(file) {
            return;
        }
        let body = Rc::clone(&self.program.files[file].body);
        for statement in body.iter() {
            match statement {
                Statement::Value(id) if self.is_own_call(*id) => {
                    self.run = ONE_RUN;
                    let _ = self.value(*id);
                }
                Statement::Declare(symbol, id)
                    if matches!(self.program.nodes[*id as usize], Node::Function(_)) =>
                {
                    self.run = ONE_RUN;
                    if let Ok(item) = self.value(*id) {
                        self.names.insert(*symbol, item);
                    }
                }
                _ => {}
            }
        }
    }

    fn is_own_call(&self, id: Id) -> bool {
        match &self.program.nodes[id as usize] {
            Node::Call { callee, arguments, .. } => {
                arguments.len() >= 2 && matches!(self.program.nodes[*callee as usize], Node::Function(_))
            }
            Node::Sequence(all) => all.iter().any(|&inner| self.is_own_call(inner)),
            Node::Unary(_, inner) => self.is_own_call(*inner),
            _ => false,
        }
    }

    /// What a function of a file returns for constants, if it only calculates.
    pub(super) fn call(&mut self, file: usize, function: u32, arguments: &[Value]) -> Option<Value> {
        if self.failed.get(&function).is_some_and(|&times| times >= 3) {
            return None;
        }
        self.prepare(file);
        self.start();
        let items: Vec<Item> = arguments.iter().map(item_of).collect();
        let outcome = self.function(function, &items);
        let value = self.outcome(outcome);
        if value.is_none() {
            *self.failed.entry(function).or_default() += 1;
        }
        value
    }

    /// What a method of a constant makes of it with the help of the file's functions.
    pub(super) fn method(
        &mut self,
        file: usize,
        owner: &Value,
        name: &str,
        arguments: &[Value],
    ) -> Option<Value> {
        self.prepare(file);
        self.start();
        let items: Vec<Item> = arguments.iter().map(item_of).collect();
        let outcome = self.method_of(&item_of(owner), name, items);
        self.outcome(outcome)
    }

    fn start(&mut self) {
        self.run = ONE_RUN.min(self.fuel);
        self.depth = 0;
        self.decoded = false;
    }

    fn outcome(&self, outcome: Outcome<Item>) -> Option<Value> {
        let value = value_of(&outcome.ok()?, 0)?;
        let from = if self.decoded { &[Origin::Built, Origin::Decoded][..] } else { &[Origin::Built] };
        (!matches!(value.is, Is::Nothing | Is::Unknown | Is::Named(_) | Is::Function(_)))
            .then(|| value.with(Origins::of(from)))
    }

    fn step(&mut self) -> Outcome<()> {
        self.steps(1)
    }

    /// What takes as long as so many steps.
    fn steps(&mut self, count: usize) -> Outcome<()> {
        if self.fuel < count || self.run < count {
            return Err(Stop::GivenUp);
        }
        self.fuel -= count;
        self.run -= count;
        Ok(())
    }

    /// A text's length and its characters are counted from its start each time.
    fn count_through(&mut self, object: &Item) -> Outcome<()> {
        match object {
            Item::Text(text) => self.steps(text.len() / COUNTED_IN_A_STEP),
            _ => Ok(()),
        }
    }

    fn function(&mut self, function: u32, arguments: &[Item]) -> Outcome<Item> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Stop::GivenUp);
        }
        let known = &self.program.functions[function as usize];
        let mut before = Vec::new();
        for (index, parameter) in known.parameters.iter().enumerate() {
            if let Some(symbol) = parameter {
                let given = arguments.get(index).cloned().unwrap_or(Item::Undefined);
                before.push((*symbol, self.names.insert(*symbol, given)));
            }
        }
        let outcome = self.statements(&known.body);
        for (symbol, value) in before {
            // Functions made here may still need their parameters; only calls of itself would be disturbed.
            if let Some(value) = value
                && self.depth > 1
            {
                self.names.insert(symbol, value);
            }
        }
        self.depth -= 1;
        match outcome? {
            Next::Return(item) => Ok(item),
            _ => Ok(Item::Undefined),
        }
    }

    // ── statements ──

    fn statements(&mut self, list: &[Statement]) -> Outcome<Next> {
        for statement in list {
            match self.statement(statement)? {
                Next::On => {}
                other => return Ok(other),
            }
        }
        Ok(Next::On)
    }

    fn statement(&mut self, statement: &Statement) -> Outcome<Next> {
        self.step()?;
        match statement {
            Statement::Value(id) => {
                self.value(*id)?;
            }
            Statement::Declare(symbol, id) => {
                let item = self.value(*id)?;
                self.names.insert(*symbol, item);
            }
            Statement::Return(id) => {
                let item = match id {
                    Some(id) => self.value(*id)?,
                    None => Item::Undefined,
                };
                return Ok(Next::Return(item));
            }
            Statement::If(test, yes, no) => {
                let branch = if truth(&self.value(*test)?) { yes } else { no };
                return self.statements(branch);
            }
            Statement::Loop { init, test, update, body, runs_first } => {
                self.statements(init)?;
                let mut first = *runs_first;
                loop {
                    self.step()?;
                    if !first
                        && let Some(test) = test
                        && !truth(&self.value(*test)?)
                    {
                        break;
                    }
                    first = false;
                    match self.statements(body)? {
                        Next::Break => break,
                        Next::Return(item) => return Ok(Next::Return(item)),
                        Next::On | Next::Continue => {}
                    }
                    if let Some(update) = update {
                        self.value(*update)?;
                    }
                }
            }
            Statement::Each { symbol: Some(symbol), over, keys, body } => {
                let over = self.value(*over)?;
                for item in each(&over, *keys)? {
                    self.step()?;
                    self.names.insert(*symbol, item);
                    match self.statements(body)? {
                        Next::Break => break,
                        Next::Return(item) => return Ok(Next::Return(item)),
                        Next::On | Next::Continue => {}
                    }
                }
            }
            Statement::Each { .. } => return Err(Stop::GivenUp),
            Statement::Switch(subject, cases) => {
                let subject = self.value(*subject)?;
                let mut running = false;
                for (test, body) in cases.iter() {
                    if !running {
                        running = match test {
                            Some(test) => same(&subject, &self.value(*test)?),
                            None => true,
                        };
                    }
                    if running {
                        match self.statements(body)? {
                            Next::On => {}
                            Next::Break => return Ok(Next::On),
                            other => return Ok(other),
                        }
                    }
                }
            }
            Statement::Try(body, handler) => {
                return match self.statements(body) {
                    Err(Stop::Thrown) => self.statements(handler),
                    other => other,
                };
            }
            Statement::Block(body) => return self.statements(body),
            Statement::Break => return Ok(Next::Break),
            Statement::Continue => return Ok(Next::Continue),
            Statement::Throw => return Err(Stop::Thrown),
        }
        Ok(Next::On)
    }

    // ── expressions ──

    fn value(&mut self, id: Id) -> Outcome<Item> {
        self.step()?;
        self.depth += 1;
        if self.depth > 4 * DEEPEST {
            return Err(Stop::GivenUp);
        }
        let item = self.find(id);
        self.depth -= 1;
        item
    }

    fn find(&mut self, id: Id) -> Outcome<Item> {
        let program = self.program;
        Ok(match &program.nodes[id as usize] {
            Node::Text(text) => Item::Text(Rc::clone(text)),
            Node::Number(number) => Item::Number(*number),
            Node::Flag(flag) => Item::Flag(*flag),
            Node::Nothing | Node::This => Item::Undefined,
            Node::Pattern(source, global) => Item::Pattern(Rc::clone(source), *global),
            Node::Name(symbol) => self.name(*symbol)?,
            Node::Global(name) => {
                self.globals.get(name).cloned().unwrap_or_else(|| Item::Named(Rc::clone(name)))
            }
            Node::Member(object, key) => {
                let object = self.value(*object)?;
                let key = self.key(key)?;
                self.count_through(&object)?;
                self.member(&object, &key)?
            }
            Node::Call { callee, arguments, new } => self.call_of(*callee, arguments, *new)?,
            Node::List(elements) => {
                let mut all = Vec::with_capacity(elements.len());
                for &element in elements.iter() {
                    match (&program.nodes[element as usize], self.value(element)?) {
                        (Node::Spread(_), item) => all.extend(each(&item, false)?),
                        (_, item) => all.push(item),
                    }
                }
                Item::List(Rc::new(RefCell::new(all)))
            }
            Node::Record(members) => {
                let mut all = HashMap::new();
                for (key, value) in members.iter() {
                    let key = self.key(key)?;
                    all.insert(key, self.value(*value)?);
                }
                Item::Object(Rc::new(RefCell::new(all)))
            }
            Node::Function(function) => Item::Function(*function),
            Node::Joined(parts) => {
                let mut all = String::new();
                for &part in parts.iter() {
                    all.push_str(&text_of(&self.value(part)?)?);
                }
                Item::Text(all.into())
            }
            Node::Binary(operator, left, right) => {
                let left = self.value(*left)?;
                let right = self.value(*right)?;
                binary(*operator, &left, &right)?
            }
            Node::Unary(operator, inner) => unary(*operator, &self.value(*inner)?)?,
            Node::Either(left, right) => {
                let left = self.value(*left)?;
                if truth(&left) { left } else { self.value(*right)? }
            }
            Node::Choice(test, yes, no) => {
                let outcome = self.value(*test)?;
                match (truth(&outcome), test == no) {
                    (true, _) => self.value(*yes)?,
                    (false, true) => outcome,
                    (false, false) => self.value(*no)?,
                }
            }
            Node::Assign(target, value) => {
                let item = self.value(*value)?;
                self.give(target, item.clone())?;
                item
            }
            Node::Step(target, step, before) => {
                let old = match target {
                    Target::Name(symbol) => number_of(&self.name(*symbol)?),
                    _ => return Err(Stop::GivenUp),
                };
                let new = old + f64::from(*step);
                self.give(target, Item::Number(new))?;
                Item::Number(if *before { new } else { old })
            }
            Node::Sequence(all) => {
                let mut last = Item::Undefined;
                for &inner in all.iter() {
                    last = self.value(inner)?;
                }
                last
            }
            Node::Spread(inner) | Node::Await(inner) => self.value(*inner)?,
            Node::Class | Node::Element(_) | Node::Import(_) | Node::ImportCall(_) | Node::Unknown => {
                return Err(Stop::GivenUp);
            }
        })
    }

    fn name(&mut self, symbol: Symbol) -> Outcome<Item> {
        if let Some(item) = self.names.get(&symbol) {
            return Ok(item.clone());
        }
        let definitions = self.program.definitions.get(symbol as usize).map_or(&[][..], Vec::as_slice);
        let first = match definitions {
            [] => return Ok(Item::Undefined),
            [only] => *only,
            several => *several
                .iter()
                .find(|&&id| matches!(self.program.nodes[id as usize], Node::Function(_)))
                .unwrap_or(&several[0]),
        };
        let item = self.value(first)?;
        self.names.insert(symbol, item.clone());
        Ok(item)
    }

    fn key(&mut self, key: &Key) -> Outcome<Rc<str>> {
        match key {
            Key::Plain(name) => Ok(Rc::clone(name)),
            Key::Computed(id) => Ok(text_of(&self.value(*id)?)?.into()),
            Key::Spread => Err(Stop::GivenUp),
        }
    }

    fn member(&self, object: &Item, key: &Rc<str>) -> Outcome<Item> {
        Ok(match object {
            Item::List(list) if &**key == "length" => Item::Number(count(list.borrow().len())),
            Item::List(list) => key
                .parse::<usize>()
                .ok()
                .and_then(|index| list.borrow().get(index).cloned())
                .unwrap_or(Item::Undefined),
            Item::Text(text) if &**key == "length" => Item::Number(count(text.chars().count())),
            Item::Text(text) => {
                match key.parse::<i64>().ok().and_then(|index| builtins::character(text, index)) {
                    Some(character) => Item::Text(character.to_string().into()),
                    None => Item::Undefined,
                }
            }
            Item::Object(object) => object.borrow().get(key).cloned().unwrap_or(Item::Undefined),
            Item::Function(function) => {
                self.members.get(&(*function, Rc::clone(key))).cloned().unwrap_or(Item::Undefined)
            }
            // A loop that follows what it knows nothing of would make the name longer each time.
            Item::Named(name) if name.len() > LONGEST_NAME => return Err(Stop::GivenUp),
            Item::Named(name) => Item::Named(format!("{name}.{key}").into()),
            Item::Undefined => return Err(Stop::Thrown),
            _ => return Err(Stop::GivenUp),
        })
    }

    fn give(&mut self, target: &Target, item: Item) -> Outcome<()> {
        match target {
            Target::Name(symbol) => {
                self.names.insert(*symbol, item);
            }
            Target::Global(name) => {
                self.globals.insert(Rc::clone(name), item);
            }
            Target::Member(object, key) => {
                let object = self.value(*object)?;
                let key = self.key(key)?;
                match object {
                    Item::List(list) => {
                        let index: usize = key.parse().map_err(|_| Stop::GivenUp)?;
                        let mut list = list.borrow_mut();
                        if index > LONGEST {
                            return Err(Stop::GivenUp);
                        }
                        if index >= list.len() {
                            list.resize(index + 1, Item::Undefined);
                        }
                        list[index] = item;
                    }
                    Item::Object(object) => {
                        object.borrow_mut().insert(key, item);
                    }
                    Item::Function(function) => {
                        self.members.insert((function, key), item);
                    }
                    _ => return Err(Stop::GivenUp),
                }
            }
            Target::Other => return Err(Stop::GivenUp),
        }
        Ok(())
    }

    fn call_of(&mut self, callee: Id, arguments: &[Id], new: bool) -> Outcome<Item> {
        let mut given = Vec::with_capacity(arguments.len());
        let program = self.program;
        if let Node::Member(object, key) = &program.nodes[callee as usize] {
            let object = self.value(*object)?;
            let key = self.key(key)?;
            self.items(arguments, &mut given)?;
            return self.method_of(&object, &key, given);
        }
        let callee = self.value(callee)?;
        self.items(arguments, &mut given)?;
        match callee {
            Item::Function(function) if !new => self.function(function, &given),
            Item::Named(name) => self.named(&name, &given),
            Item::Undefined => Err(Stop::Thrown),
            _ => Err(Stop::GivenUp),
        }
    }

    fn items(&mut self, arguments: &[Id], given: &mut Vec<Item>) -> Outcome<()> {
        for &argument in arguments {
            let item = self.value(argument)?;
            match self.program.nodes[argument as usize] {
                Node::Spread(_) => given.extend(each(&item, false)?),
                _ => given.push(item),
            }
        }
        Ok(())
    }
}
