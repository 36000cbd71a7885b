//! Finds out what an expression can be, asking only for what is needed.

mod calls;

use super::builtins;
use super::ir::{Id, Key, Node, Program, Symbol};
use super::roles;
use super::run::Runner;
use super::value::{Is, Origin, Origins, Value};
use oxc_syntax::operator::{BinaryOperator, UnaryOperator};
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// How far one question leads to others.
const DEEPEST: usize = 200;
/// Names longer than this say nothing.
const LONGEST_NAME: usize = 120;

/// Where the modules of a package are found.
pub(super) trait Modules {
    /// The file of the program that a file means by a module's name.
    fn resolve(&self, file: usize, module: &str) -> Option<usize>;
}

/// What reaches a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    /// The value of an argument.
    Argument(Id),
    /// Whatever a call hands to the functions it is given.
    Given(Id),
}

/// Answers what expressions can be. Its tables are asked for every node, and their keys are numbers that we
/// give out, so that nobody can choose them to collide.
pub(super) struct Evaluator<'p> {
    program: &'p Program,
    modules: &'p dyn Modules,
    /// What reaches parameters.
    pub(super) passed: FxHashMap<Symbol, Vec<Passed>>,
    /// Texts that were given to lists and the like after they were made.
    pub(super) added: FxHashMap<Symbol, Vec<Id>>,
    /// The answers given so far, by expression.
    known: Vec<Option<Value>>,
    symbols: FxHashMap<Symbol, Option<Value>>,
    runner: Runner<'p>,
    depth: usize,
    /// Questions that may still be asked.
    pub(super) fuel: usize,
}

impl<'p> Evaluator<'p> {
    pub(super) fn new(program: &'p Program, modules: &'p dyn Modules) -> Self {
        let fuel = program.nodes.len().saturating_mul(12).min(4_000_000);
        Self {
            program,
            modules,
            passed: FxHashMap::default(),
            added: FxHashMap::default(),
            known: vec![None; program.nodes.len()],
            symbols: FxHashMap::default(),
            runner: Runner::new(program),
            depth: 0,
            fuel,
        }
    }

    /// Forgets the answers, because more is known now.
    pub(super) fn forget(&mut self) {
        self.known.fill(None);
        self.symbols.clear();
    }

    /// What an expression can be.
    pub(super) fn value(&mut self, id: Id) -> Value {
        if let Some(value) = &self.known[id as usize] {
            return value.clone();
        }
        if self.depth >= DEEPEST || self.fuel == 0 {
            return Value::default();
        }
        self.fuel -= 1;
        self.depth += 1;
        // A question that leads back to itself has no answer yet.
        self.known[id as usize] = Some(Value::default());
        let value = self.find(id);
        self.known[id as usize] = Some(value.clone());
        self.depth -= 1;
        value
    }

    fn find(&mut self, id: Id) -> Value {
        let program = self.program;
        match &program.nodes[id as usize] {
            Node::Text(text) => Value::text(Rc::clone(text)).with(roles::of_text(text)),
            Node::Number(number) => Value { is: Is::Number(*number), from: Origins::NONE },
            Node::Flag(flag) => Value { is: Is::Flag(*flag), from: Origins::NONE },
            Node::Nothing => Value { is: Is::Nothing, from: Origins::NONE },
            Node::Pattern(source, global) => {
                Value { is: Is::Pattern(Rc::clone(source), *global), from: Origins::NONE }
            }
            Node::Name(symbol) => self.symbol(*symbol),
            Node::Global(name) => self.global(id, name),
            Node::This => Value::default(),
            Node::Member(object, key) => self.member(id, *object, key),
            Node::Call { callee, arguments, new } => self.call(id, *callee, arguments, *new),
            Node::List(elements) => self.list(elements),
            Node::Record(members) => self.record(members),
            Node::Class => Value { is: Is::Instance(program.file_of(id)), from: Origins::NONE },
            Node::Function(function) => Value { is: Is::Function(*function), from: Origins::NONE },
            Node::Joined(parts) => {
                let parts: Vec<Value> = parts.iter().map(|&part| self.value(part)).collect();
                Self::built(builtins::joined(&parts, ""))
            }
            Node::Binary(operator, left, right) => self.binary(*operator, *left, *right),
            Node::Unary(operator, inner) => self.unary(*operator, *inner),
            Node::Either(one, other) => {
                let one = self.value(*one);
                let other = self.value(*other);
                one.or(&other)
            }
            Node::Choice(_, yes, no) => {
                let yes = self.value(*yes);
                let no = self.value(*no);
                yes.or(&no)
            }
            Node::Assign(_, value) | Node::Await(value) | Node::Spread(value) => self.value(*value),
            Node::Step(..) => Value::default(),
            Node::Sequence(all) => all.last().map(|&last| self.value(last)).unwrap_or_default(),
            Node::Element(over) => {
                let over = self.value(*over);
                match &over.is {
                    Is::List(list) if list.len() == 1 => list[0].clone(),
                    _ => Value::unknown(over.from),
                }
            }
            Node::Import(module) => self.module(program.file_of(id), module),
            Node::ImportCall(source) => {
                let source = self.value(*source);
                self.required(id, &source)
            }
            Node::Unknown => Value::default(),
        }
    }

    // ── names ──

    fn symbol(&mut self, symbol: Symbol) -> Value {
        if let Some(value) = self.symbols.get(&symbol) {
            return value.clone().unwrap_or_default();
        }
        self.symbols.insert(symbol, None);
        let program = self.program;
        let none = Vec::new();
        let own = program.definitions.get(symbol as usize).unwrap_or(&none);
        let passed = self.passed.get(&symbol).cloned().unwrap_or_default();
        let mut all: Option<Value> = None;
        let mut texts = 0;
        let own = own.iter().map(|&value| Passed::Argument(value));
        let definitions = own.len();
        for definition in own.chain(passed).take(24) {
            let value = match definition {
                Passed::Argument(value) => self.value(value),
                Passed::Given(call) => self.given(call),
            };
            texts += usize::from(matches!(value.is, Is::Text(_) | Is::Number(_)));
            all = Some(match all {
                Some(known) => known.or(&value),
                None => value,
            });
        }
        let mut value = all.unwrap_or_default();
        if program.keys.contains(&symbol) && !value.is_known() {
            value = value.with(Origins::of(&[Origin::Key]));
        }
        // A text that is given again and again is not one constant.
        if texts > 1 && definitions > 1 && matches!(value.is, Is::Number(_)) {
            value.is = Is::Unknown;
        }
        for (_, member) in program.fields.get(&symbol).into_iter().flatten().take(64) {
            let member = self.value(*member);
            value.from = value.from.and(member.from);
        }
        for added in self.added.get(&symbol).cloned().unwrap_or_default().into_iter().take(64) {
            let added = self.value(added);
            value.from = value.from.and(added.from);
            if let Is::List(list) = &value.is {
                let mut longer = list.to_vec();
                longer.push(added);
                value.is = Is::List(Rc::new(longer));
            }
        }
        self.symbols.insert(symbol, Some(value.clone()));
        value
    }

    fn global(&mut self, id: Id, name: &Rc<str>) -> Value {
        let program = self.program;
        let file = program.file_of(id);
        if let Some(given) = program.implicit.get(&(file, Rc::clone(name))) {
            let mut all = Value::default();
            for &value in given.iter().take(16) {
                let value = self.value(value);
                all = all.or(&value);
            }
            return all;
        }
        if roles::is_root(name) {
            return Value::named("");
        }
        Value::named(Rc::clone(name)).with(roles::origin(name))
    }

    /// The name of a member.
    pub(super) fn name_of(&mut self, key: &Key) -> Option<Rc<str>> {
        self.key(key).map(|(name, _)| name)
    }

    fn key(&mut self, key: &Key) -> Option<(Rc<str>, Origins)> {
        match key {
            Key::Plain(name) => Some((Rc::clone(name), Origins::NONE)),
            Key::Computed(id) => {
                let value = self.value(*id);
                let hidden =
                    if value.from.meets(Origins::of(&[Origin::Built, Origin::Decoded, Origin::Decrypted])) {
                        Origins::of(&[Origin::Hidden])
                    } else {
                        Origins::NONE
                    };
                match &value.is {
                    Is::Text(_) | Is::Number(_) | Is::Bytes(_) => Some((value.shown()?.into(), hidden)),
                    _ => None,
                }
            }
            Key::Spread => None,
        }
    }

    fn member(&mut self, id: Id, object: Id, key: &Key) -> Value {
        let program = self.program;
        if matches!(program.nodes[object as usize], Node::This) {
            let this = program.this_of(program.file_of(id));
            return self.field(this, key);
        }
        let owner = self.value(object);
        let Some((name, hidden)) = self.key(key) else {
            if let Is::List(list) = &owner.is
                && let [only] = list.as_slice()
            {
                return only.clone();
            }
            return match found_by_name(self, key) {
                Some(name) if owner.as_name().is_some() => {
                    named_member(&owner, &name, Origins::of(&[Origin::Hidden]))
                }
                _ => Value::unknown(owner.from.without(Origins::of(&[Origin::Environment]))),
            };
        };
        let mut value = self.member_of(&owner, &name).with(hidden);
        if let Node::Name(symbol) = program.nodes[object as usize]
            && program.fields.contains_key(&symbol)
        {
            let given = self.field(symbol, &Key::Plain(Rc::clone(&name)));
            value = if matches!(value.is, Is::Unknown | Is::Nothing) {
                given.with(value.from)
            } else {
                value.or(&given)
            };
        }
        value
    }

    fn field(&mut self, symbol: Symbol, key: &Key) -> Value {
        let name = self.key(key).map(|(name, _)| name);
        let program = self.program;
        let mut all = Value::default();
        for (field, value) in program.fields.get(&symbol).into_iter().flatten().take(256) {
            if field.is_empty() || name.as_ref().is_none_or(|name| name == field) {
                let value = self.value(*value);
                all = all.or(&value);
            }
        }
        all
    }

    fn member_of(&mut self, owner: &Value, name: &Rc<str>) -> Value {
        match &owner.is {
            Is::Named(_) => named_member(owner, name, Origins::NONE),
            Is::Module(file) => self.export(*file, name),
            Is::Record(record) => {
                let mut found = record.iter().rev().filter(|(key, _)| key == name || key.is_empty());
                match found.next() {
                    Some((key, value)) if !key.is_empty() => value.clone(),
                    Some((_, spread)) => Value::unknown(spread.from),
                    None if &**name == "constructor" => Value::named("Object"),
                    None => Value::unknown(owner.from),
                }
            }
            Is::List(list) => match &**name {
                "length" => Value { is: Is::Number(count(list.len())), from: Origins::NONE },
                "constructor" => Value::named("Array"),
                index => match index.parse::<usize>().ok().and_then(|index| list.get(index)) {
                    Some(value) => value.clone(),
                    None => Value::unknown(owner.from),
                },
            },
            Is::Text(text) => match &**name {
                "length" if owner.is_known() => {
                    Value { is: Is::Number(count(text.chars().count())), from: Origins::NONE }
                }
                "constructor" => Value::named("String"),
                index => match index.parse::<i64>().ok().and_then(|index| builtins::character(text, index)) {
                    Some(character) => Value::text(character.to_string()).with(owner.from),
                    None => Value::unknown(owner.from),
                },
            },
            Is::Bytes(bytes) => match index_of(name).and_then(|index| bytes.get(index)) {
                Some(&byte) => Value { is: Is::Number(f64::from(byte)), from: owner.from },
                None => Value::unknown(owner.from),
            },
            Is::Function(_) | Is::Instance(_) if &**name == "constructor" => Value::named("Function"),
            Is::Instance(file) => {
                let this = self.program.this_of(*file);
                self.field(this, &Key::Plain(Rc::clone(name)))
            }
            _ => Value::unknown(owner.from.without(Origins::of(&[Origin::Environment]))),
        }
    }

    fn export(&mut self, file: usize, name: &Rc<str>) -> Value {
        let program = self.program;
        let mut whole = None;
        for (exported, id) in &program.files[file].exports {
            if exported == name {
                return self.value(*id);
            }
            if exported.is_empty() {
                whole = Some(*id);
            }
        }
        match whole {
            Some(id) => {
                let value = self.value(id);
                match (&value.is, &**name) {
                    (Is::Module(other), _) if *other == file => Value::default(),
                    (_, "default") => value,
                    _ => self.member_of(&value, name),
                }
            }
            None => Value::default(),
        }
    }

    fn module(&mut self, file: usize, module: &str) -> Value {
        if let Some(found) = self.modules.resolve(file, module) {
            let whole =
                self.program.files[found].exports.iter().find(|(name, _)| name.is_empty()).map(|(_, id)| *id);
            if let Some(id) = whole
                && self.program.files[found].exports.len() == 1
            {
                let value = self.value(id);
                if !matches!(value.is, Is::Unknown) {
                    return value;
                }
            }
            return Value { is: Is::Module(found), from: Origins::NONE };
        }
        if module.starts_with('.') {
            return Value::default();
        }
        Value::named(roles::module(module))
    }

    fn required(&mut self, id: Id, source: &Value) -> Value {
        match source.as_text() {
            Some(text) if !text.contains(super::value::HOLE) => {
                let text = Rc::clone(text);
                let hidden =
                    source.from.meets(Origins::of(&[Origin::Built, Origin::Decoded, Origin::Decrypted]));
                let value = self.module(self.program.file_of(id), &text);
                if hidden { value.with(Origins::of(&[Origin::Hidden])) } else { value }
            }
            _ => Value::default(),
        }
    }

    // ── values made of values ──

    fn list(&mut self, elements: &[Id]) -> Value {
        let mut from = Origins::NONE;
        let mut all = Vec::with_capacity(elements.len());
        for &element in elements {
            let value = self.value(element);
            from = from.and(value.from);
            match (&self.program.nodes[element as usize], &value.is) {
                (Node::Spread(_), Is::List(list)) => all.extend(list.iter().cloned()),
                _ => all.push(value),
            }
        }
        Value { is: Is::List(Rc::new(all)), from }
    }

    fn record(&mut self, members: &[(Key, Id)]) -> Value {
        let mut from = Origins::NONE;
        let mut all = Vec::with_capacity(members.len());
        for (key, id) in members {
            let value = self.value(*id);
            from = from.and(value.from);
            match (key, &value.is) {
                (Key::Spread, Is::Record(inner)) => all.extend(inner.iter().cloned()),
                (Key::Spread, _) => all.push(("".into(), value)),
                (key, _) => {
                    let name = self.key(key).map_or_else(|| "".into(), |(name, _)| name);
                    all.push((name, value));
                }
            }
        }
        Value { is: Is::Record(Rc::new(all)), from }
    }

    /// Text that was put together may name what its pieces did not.
    pub(super) fn built(value: Value) -> Value {
        match value.as_text() {
            Some(text) => {
                let named = roles::of_text(text);
                value.with(named)
            }
            None => value,
        }
    }

    fn binary(&mut self, operator: BinaryOperator, left: Id, right: Id) -> Value {
        let left = self.value(left);
        let right = self.value(right);
        let from = left.from.and(right.from);
        if operator == BinaryOperator::Addition {
            return match (&left.is, &right.is) {
                (Is::Number(a), Is::Number(b)) => Value { is: Is::Number(a + b), from },
                (Is::Unknown | Is::Named(_), Is::Unknown | Is::Named(_)) => Value::unknown(from),
                _ => Self::built(builtins::joined(&[left, right], "")),
            };
        }
        match (&left.is, &right.is) {
            (Is::Number(a), Is::Number(b)) => Value { is: arithmetic(operator, *a, *b), from },
            _ => Value::unknown(Origins::NONE),
        }
    }

    fn unary(&mut self, operator: UnaryOperator, inner: Id) -> Value {
        let inner = self.value(inner);
        let is = match (operator, &inner.is) {
            (UnaryOperator::UnaryNegation, Is::Number(number)) => Is::Number(-number),
            (UnaryOperator::UnaryPlus, Is::Number(number)) => Is::Number(*number),
            (UnaryOperator::LogicalNot, Is::Number(number)) => Is::Flag(*number == 0.0),
            (UnaryOperator::LogicalNot, Is::Flag(flag)) => Is::Flag(!flag),
            (UnaryOperator::LogicalNot, Is::List(_)) => Is::Flag(false),
            _ => Is::Unknown,
        };
        Value { is, from: Origins::NONE }
    }

    // ── calls ──
}

/// What a call calls.
#[derive(Debug, Clone)]
pub(super) struct Callee {
    pub(super) value: Value,
    /// The object that a method is called of.
    pub(super) owner: Option<Value>,
    /// The method's name; empty where it is none.
    pub(super) method: Rc<str>,
    /// Arguments that belong to `call` and the like.
    pub(super) skip: usize,
    /// True where the arguments come as one list.
    pub(super) applied: bool,
}

impl Callee {
    /// The arguments that reach the function.
    pub(super) fn arguments<'i>(&self, all: &'i [Id]) -> &'i [Id] {
        all.get(self.skip..).unwrap_or_default()
    }
}

fn named_member(owner: &Value, name: &str, hidden: Origins) -> Value {
    let Some(path) = owner.as_name() else { return Value::unknown(owner.from) };
    if &**path == "process.env" {
        let from = roles::environment(name);
        return Value { is: Is::Named(format!("process.env.{name}").into()), from };
    }
    let inherited = owner.from.without(Origins::of(&[Origin::Environment, Origin::Hidden])).and(hidden);
    let inherited = if owner.from.has(Origin::Hidden) {
        inherited.and(Origins::of(&[Origin::Hidden]))
    } else {
        inherited
    };
    // The entry of a module's own default export is the module; so are the parts of a root object.
    if name == "default"
        || path.is_empty() && roles::is_root(name)
        || &**path == "process" && name == "mainModule"
    {
        return Value {
            is: Is::Named(if &**path == "process" { "module".into() } else { Rc::clone(path) }),
            from: inherited,
        };
    }
    if name == "constructor" {
        let made = if path.ends_with("()")
            || matches!(&**path, "module" | "String" | "Array" | "Object" | "Function")
        {
            if &**path == "module" { "Module" } else { "Function" }
        } else {
            "Function"
        };
        return Value { is: Is::Named(made.into()), from: inherited };
    }
    let full: Rc<str> = if path.is_empty() { name.into() } else { format!("{path}.{name}").into() };
    if full.len() > LONGEST_NAME {
        return Value::unknown(inherited);
    }
    let own = roles::origin(&full);
    Value { is: Is::Named(full), from: inherited.and(own) }
}

/// The member that `Object.keys(o).find(name => name === 'spawn')` picks out.
fn found_by_name(evaluator: &mut Evaluator<'_>, key: &Key) -> Option<Rc<str>> {
    let Key::Computed(id) = key else { return None };
    let program = evaluator.program;
    let Node::Call { callee, arguments, .. } = &program.nodes[*id as usize] else { return None };
    let Node::Member(_, Key::Plain(method)) = &program.nodes[*callee as usize] else { return None };
    if !matches!(&**method, "find" | "filter") {
        return None;
    }
    let Node::Function(function) = program.nodes[*arguments.first()? as usize] else { return None };
    let returned = *program.functions[function as usize].returns.first()?;
    let Node::Binary(BinaryOperator::StrictEquality | BinaryOperator::Equality, left, right) =
        program.nodes[returned as usize]
    else {
        return None;
    };
    let (left, right) = (evaluator.value(left), evaluator.value(right));
    left.as_text().or(right.as_text()).map(Rc::clone)
}

pub(super) fn arithmetic(operator: BinaryOperator, a: f64, b: f64) -> Is {
    #[expect(clippy::cast_possible_truncation, reason = "JavaScript cuts numbers off in the same way")]
    let (x, y) = (a as i64 as i32, b as i64 as i32);
    let whole = |number: i32| Is::Number(f64::from(number));
    match operator {
        BinaryOperator::Subtraction => Is::Number(a - b),
        BinaryOperator::Multiplication => Is::Number(a * b),
        BinaryOperator::Division => Is::Number(a / b),
        BinaryOperator::Remainder => Is::Number(a % b),
        BinaryOperator::BitwiseXOR => whole(x ^ y),
        BinaryOperator::BitwiseAnd => whole(x & y),
        BinaryOperator::BitwiseOR => whole(x | y),
        BinaryOperator::ShiftLeft => whole(x.wrapping_shl(y.cast_unsigned())),
        BinaryOperator::ShiftRight => whole(x.wrapping_shr(y.cast_unsigned())),
        BinaryOperator::ShiftRightZeroFill => {
            Is::Number(f64::from(x.cast_unsigned().wrapping_shr(y.cast_unsigned())))
        }
        _ => Is::Unknown,
    }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn index_of(name: &str) -> Option<usize> {
    name.parse().ok()
}
