//! Runs the small functions that put text together: tables of strings that are turned, decoders, loops
//! with a key. They may calculate and nothing else; whatever reaches further is given up.

use super::builtins;
use super::ir::{Id, Key, Node, Program, Statement, Symbol, Target};
use super::value::{Is, Origin, Origins, Value};
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Steps for all runs of one program.
const FUEL: usize = 4_000_000;
/// Steps of one run.
const ONE_RUN: usize = 1_500_000;
const DEEPEST: usize = 60;
const LONGEST: usize = 1 << 20;

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
        if self.fuel == 0 || self.run == 0 {
            return Err(Stop::GivenUp);
        }
        self.fuel -= 1;
        self.run -= 1;
        Ok(())
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

    fn method_of(&mut self, object: &Item, name: &str, mut given: Vec<Item>) -> Outcome<Item> {
        match object {
            Item::List(list) => self.list_method(list, name, &given),
            Item::Function(function) => match name {
                "call" => {
                    given.drain(..1.min(given.len()));
                    self.function(*function, &given)
                }
                "apply" => {
                    let all = given.get(1).map_or(Ok(Vec::new()), |list| each(list, false))?;
                    self.function(*function, &all)
                }
                other => match self.members.get(&(*function, other.into())).cloned() {
                    Some(Item::Function(member)) => self.function(member, &given),
                    _ => Err(Stop::GivenUp),
                },
            },
            Item::Object(inner) => {
                let member = inner.borrow().get(name).cloned();
                match member {
                    Some(Item::Function(member)) => self.function(member, &given),
                    _ => Err(Stop::GivenUp),
                }
            }
            Item::Text(text) => {
                if let ("replace" | "replaceAll", [Item::Pattern(source, true), Item::Function(function)]) =
                    (name, given.as_slice())
                {
                    return self.replace(text, source, *function);
                }
                let given: Vec<Value> = given.iter().map(item_of_value).collect();
                let own = Value::text(Rc::clone(text));
                builtins::method(&own, name, &given).map(|value| item_of(&value)).ok_or(Stop::GivenUp)
            }
            Item::Number(_) => {
                let given: Vec<Value> = given.iter().map(item_of_value).collect();
                let own = item_of_value(object);
                builtins::method(&own, name, &given).map(|value| item_of(&value)).ok_or(Stop::GivenUp)
            }
            Item::Named(path) => self.named(&format!("{path}.{name}"), &given),
            Item::Undefined => Err(Stop::Thrown),
            _ => Err(Stop::GivenUp),
        }
    }

    /// Replaces single characters of a class by what a function makes of them.
    fn replace(&mut self, text: &str, source: &str, function: u32) -> Outcome<Item> {
        let class = source.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).ok_or(Stop::GivenUp)?;
        if class.contains(['\\', '^', '[']) {
            return Err(Stop::GivenUp);
        }
        let characters: Vec<char> = class.chars().collect();
        let matches = |character: char| {
            let mut at = 0;
            while at < characters.len() {
                if let (Some('-'), Some(&last)) = (characters.get(at + 1), characters.get(at + 2)) {
                    if (characters[at]..=last).contains(&character) {
                        return true;
                    }
                    at += 3;
                } else {
                    if characters[at] == character {
                        return true;
                    }
                    at += 1;
                }
            }
            false
        };
        let mut all = String::new();
        for character in text.chars() {
            if matches(character) {
                let item = self.function(function, &[Item::Text(character.to_string().into())])?;
                all.push_str(&text_of(&item)?);
            } else {
                all.push(character);
            }
        }
        Ok(Item::Text(all.into()))
    }

    fn named(&mut self, name: &str, given: &[Item]) -> Outcome<Item> {
        let name = name.strip_prefix("window.").or(name.strip_prefix("globalThis.")).unwrap_or(name);
        let given: Vec<Value> = given.iter().map(item_of_value).collect();
        let value = builtins::function(name, &given).ok_or(Stop::GivenUp)?;
        self.decoded |= value.from.has(Origin::Decoded);
        Ok(item_of(&value))
    }

    fn list_method(&mut self, list: &Rc<RefCell<Vec<Item>>>, name: &str, given: &[Item]) -> Outcome<Item> {
        let fresh = |items: Vec<Item>| Item::List(Rc::new(RefCell::new(items)));
        Ok(match (name, given) {
            ("push", _) => {
                let mut list = list.borrow_mut();
                list.extend(given.iter().cloned());
                if list.len() > LONGEST {
                    return Err(Stop::GivenUp);
                }
                Item::Number(count(list.len()))
            }
            ("shift", _) => {
                let mut list = list.borrow_mut();
                if list.is_empty() { Item::Undefined } else { list.remove(0) }
            }
            ("unshift", _) => {
                list.borrow_mut().splice(0..0, given.iter().cloned());
                Item::Undefined
            }
            ("pop", _) => list.borrow_mut().pop().unwrap_or(Item::Undefined),
            ("reverse", _) => {
                list.borrow_mut().reverse();
                Item::List(Rc::clone(list))
            }
            ("map" | "forEach" | "filter", [Item::Function(function), ..]) => {
                let items = list.borrow().clone();
                let mut all = Vec::new();
                for (index, item) in items.into_iter().enumerate() {
                    let made = self.function(*function, &[item.clone(), Item::Number(count(index))])?;
                    match name {
                        "filter" if truth(&made) => all.push(item),
                        "map" => all.push(made),
                        _ => {}
                    }
                }
                fresh(all)
            }
            ("map", [Item::Named(function), ..]) => {
                let items = list.borrow().clone();
                fresh(
                    items
                        .iter()
                        .map(|item| self.named(function, std::slice::from_ref(item)))
                        .collect::<Outcome<_>>()?,
                )
            }
            ("reduce", [Item::Function(function), start]) => {
                let items = list.borrow().clone();
                let mut sum = start.clone();
                for (index, item) in items.into_iter().enumerate() {
                    sum = self.function(*function, &[sum, item, Item::Number(count(index))])?;
                }
                sum
            }
            _ => {
                let own = item_of_value(&Item::List(Rc::clone(list)));
                let given: Vec<Value> = given.iter().map(item_of_value).collect();
                item_of(&builtins::method(&own, name, &given).ok_or(Stop::GivenUp)?)
            }
        })
    }
}

fn each(item: &Item, keys: bool) -> Outcome<Vec<Item>> {
    match item {
        Item::List(list) if keys => {
            Ok((0..list.borrow().len()).map(|index| Item::Text(index.to_string().into())).collect())
        }
        Item::List(list) => Ok(list.borrow().clone()),
        Item::Text(text) if !keys => {
            Ok(text.chars().map(|character| Item::Text(character.to_string().into())).collect())
        }
        _ => Err(Stop::GivenUp),
    }
}

fn item_of(value: &Value) -> Item {
    match &value.is {
        Is::Text(text) => Item::Text(Rc::clone(text)),
        Is::Number(number) => Item::Number(*number),
        Is::Flag(flag) => Item::Flag(*flag),
        Is::Pattern(source, global) => Item::Pattern(Rc::clone(source), *global),
        Is::List(list) => Item::List(Rc::new(RefCell::new(list.iter().map(item_of).collect()))),
        Is::Bytes(bytes) => Item::List(Rc::new(RefCell::new(
            bytes.iter().map(|&byte| Item::Number(f64::from(byte))).collect(),
        ))),
        Is::Function(function) => Item::Function(*function),
        Is::Named(name) => Item::Named(Rc::clone(name)),
        Is::Record(record) => {
            let all = record.iter().map(|(key, value)| (Rc::clone(key), item_of(value))).collect();
            Item::Object(Rc::new(RefCell::new(all)))
        }
        Is::Unknown | Is::Nothing | Is::Instance(_) | Is::Module(_) => Item::Undefined,
    }
}

fn item_of_value(item: &Item) -> Value {
    value_of(item, 0).unwrap_or_default()
}

fn value_of(item: &Item, depth: usize) -> Option<Value> {
    if depth > 8 {
        return None;
    }
    let is = match item {
        Item::Undefined => Is::Nothing,
        Item::Flag(flag) => Is::Flag(*flag),
        Item::Number(number) => Is::Number(*number),
        Item::Text(text) => Is::Text(Rc::clone(text)),
        Item::Pattern(source, global) => Is::Pattern(Rc::clone(source), *global),
        Item::List(list) => Is::List(Rc::new(
            list.borrow().iter().map(|item| value_of(item, depth + 1)).collect::<Option<_>>()?,
        )),
        Item::Object(object) => {
            let object = object.borrow();
            let all: Option<Vec<_>> =
                object.iter().map(|(key, item)| Some((Rc::clone(key), value_of(item, depth + 1)?))).collect();
            Is::Record(Rc::new(all?))
        }
        Item::Function(function) => Is::Function(*function),
        Item::Named(name) => Is::Named(Rc::clone(name)),
    };
    Some(Value { is, from: Origins::NONE })
}

fn truth(item: &Item) -> bool {
    match item {
        Item::Undefined => false,
        Item::Flag(flag) => *flag,
        Item::Number(number) => *number != 0.0 && !number.is_nan(),
        Item::Text(text) => !text.is_empty(),
        _ => true,
    }
}

fn same(left: &Item, right: &Item) -> bool {
    match (left, right) {
        (Item::Text(a), Item::Text(b)) => a == b,
        (Item::Undefined, Item::Undefined) => true,
        (Item::Undefined, _) | (_, Item::Undefined) => false,
        (Item::Function(a), Item::Function(b)) => a == b,
        (Item::List(a), Item::List(b)) => Rc::ptr_eq(a, b),
        _ => number_of(left) == number_of(right),
    }
}

fn number_of(item: &Item) -> f64 {
    match item {
        Item::Number(number) => *number,
        Item::Flag(flag) => f64::from(u8::from(*flag)),
        Item::Text(text) if text.trim().is_empty() => 0.0,
        Item::Text(text) => text.trim().parse().unwrap_or(f64::NAN),
        Item::List(list) if list.borrow().is_empty() => 0.0,
        _ => f64::NAN,
    }
}

fn text_of(item: &Item) -> Outcome<String> {
    match item {
        Item::Function(_) | Item::Named(_) => Err(Stop::GivenUp),
        other => item_of_value(other).shown().ok_or(Stop::GivenUp),
    }
}

fn binary(operator: BinaryOperator, left: &Item, right: &Item) -> Outcome<Item> {
    use BinaryOperator as B;
    Ok(match operator {
        B::Addition => match (left, right) {
            (
                Item::Number(_) | Item::Flag(_) | Item::Undefined,
                Item::Number(_) | Item::Flag(_) | Item::Undefined,
            ) => Item::Number(number_of(left) + number_of(right)),
            _ => {
                let mut all = text_of(left)?;
                all.push_str(&text_of(right)?);
                if all.len() > LONGEST {
                    return Err(Stop::GivenUp);
                }
                Item::Text(all.into())
            }
        },
        B::Equality | B::StrictEquality => Item::Flag(same(left, right)),
        B::Inequality | B::StrictInequality => Item::Flag(!same(left, right)),
        B::LessThan | B::LessEqualThan | B::GreaterThan | B::GreaterEqualThan => {
            if let (Item::Text(a), Item::Text(b)) = (left, right) {
                return Ok(Item::Flag(match operator {
                    B::LessThan => a < b,
                    B::LessEqualThan => a <= b,
                    B::GreaterThan => a > b,
                    _ => a >= b,
                }));
            }
            let (a, b) = (number_of(left), number_of(right));
            Item::Flag(match operator {
                B::LessThan => a < b,
                B::LessEqualThan => a <= b,
                B::GreaterThan => a > b,
                _ => a >= b,
            })
        }
        B::In | B::Instanceof => return Err(Stop::GivenUp),
        other => match super::evaluate::arithmetic(other, number_of(left), number_of(right)) {
            Is::Number(number) => Item::Number(number),
            _ => return Err(Stop::GivenUp),
        },
    })
}

fn unary(operator: UnaryOperator, item: &Item) -> Outcome<Item> {
    #[expect(clippy::cast_possible_truncation, reason = "JavaScript cuts numbers off in the same way")]
    let inverted = |number: f64| f64::from(!(number as i64 as i32));
    Ok(match operator {
        UnaryOperator::LogicalNot => Item::Flag(!truth(item)),
        UnaryOperator::UnaryNegation => Item::Number(-number_of(item)),
        UnaryOperator::UnaryPlus => Item::Number(number_of(item)),
        UnaryOperator::BitwiseNot => {
            let number = number_of(item);
            Item::Number(if number.is_nan() { -1.0 } else { inverted(number) })
        }
        UnaryOperator::Typeof => Item::Text(
            match item {
                Item::Undefined => "undefined",
                Item::Flag(_) => "boolean",
                Item::Number(_) => "number",
                Item::Text(_) => "string",
                Item::Function(_) | Item::Named(_) => "function",
                _ => "object",
            }
            .into(),
        ),
        UnaryOperator::Void => Item::Undefined,
        UnaryOperator::Delete => return Err(Stop::GivenUp),
    })
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
