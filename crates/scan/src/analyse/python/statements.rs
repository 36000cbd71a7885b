//! What statements do to the names of a program.

use super::interpreter::Interpreter;
use super::roles::role;
use super::value::{Callable, Is, Value};
use crate::analyse::signal::Signal;
use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::Ranged;

impl<'t> Interpreter<'t> {
    pub(super) fn block(&mut self, suite: &'t [Stmt]) {
        for statement in suite {
            if !self.step() {
                return;
            }
            self.statement(statement);
        }
    }

    pub(super) fn branch(&mut self, suite: &'t [Stmt]) {
        self.branch += 1;
        self.block(suite);
        self.branch -= 1;
    }

    pub(super) fn statement(&mut self, statement: &'t Stmt) {
        match statement {
            Stmt::Expr(expression) => {
                self.packed(&expression.value);
                self.value(&expression.value);
            }
            Stmt::Assign(assign) => {
                let value = self.value(&assign.value);
                for target in &assign.targets {
                    self.assign(target, value.clone());
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.value(value);
                    self.assign(&assign.target, value);
                }
            }
            Stmt::AugAssign(assign) => {
                let old = self.value(&assign.target);
                let more = self.value(&assign.value);
                let value = super::fold::binary(assign.op, &old, &more);
                self.assign(&assign.target, value);
            }
            Stmt::Return(end) => {
                let value = end.value.as_ref().map_or(Value::UNKNOWN, |value| self.value(value));
                if let Some(frame) = self.frames.last_mut() {
                    frame.returned = Some(match frame.returned.take() {
                        Some(before) => before.or(&value),
                        None => value,
                    });
                }
            }
            Stmt::If(test) => self.choice(test),
            Stmt::For(each) => self.each(each),
            Stmt::While(each) => {
                self.value(&each.test);
                self.branch(&each.body);
                self.branch(&each.body);
                self.branch(&each.orelse);
            }
            Stmt::Try(attempt) => {
                self.block(&attempt.body);
                for handler in &attempt.handlers {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    self.branch(&handler.body);
                }
                self.branch(&attempt.orelse);
                self.block(&attempt.finalbody);
            }
            Stmt::With(with) => {
                for item in &with.items {
                    let value = self.value(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.assign(target, value);
                    }
                }
                self.block(&with.body);
            }
            Stmt::FunctionDef(function) => {
                for decorator in &function.decorator_list {
                    self.value(&decorator.expression);
                }
                let Some(frame) = self.frames.last() else { return };
                let callable = Callable::Function(frame.module, function, None);
                self.bind(function.name.as_str(), Value::of(Is::Function(callable)));
            }
            Stmt::ClassDef(class) => {
                let Some(module) = self.frames.last().map(|frame| frame.module) else { return };
                for statement in &class.body {
                    if !matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
                        self.statement(statement);
                    }
                }
                self.bind(class.name.as_str(), Value::of(Is::Class(module, class)));
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.import(&alias.name, alias.asname.as_ref().map(|name| name.as_str()));
                }
            }
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::Global(global) => self.share(&global.names),
            Stmt::Nonlocal(global) => self.share(&global.names),
            Stmt::Match(choice) => {
                self.value(&choice.subject);
                for case in &choice.cases {
                    self.branch(&case.body);
                }
            }
            Stmt::Raise(raise) => {
                if let Some(raised) = &raise.exc {
                    self.value(raised);
                }
            }
            Stmt::Assert(assert) => {
                self.value(&assert.test);
            }
            _ => {}
        }
    }

    /// A file that is little else than one long literal handed to a function: a loader runs what it holds.
    fn packed(&mut self, expression: &'t Expr) {
        const LONG: usize = 2000;
        let Expr::Call(call) = expression else { return };
        let whole = self.source_length();
        let is_packed = |argument: &Expr| {
            let length = argument.range().len().to_usize();
            let is_dense = match argument {
                Expr::BytesLiteral(bytes) => {
                    bytes.value.iter().next().is_none_or(|part| !is_descriptor(&part.value))
                }
                Expr::StringLiteral(text) => {
                    let spaces = text.value.chars().filter(|letter| letter.is_whitespace()).count();
                    spaces * 50 < length
                }
                _ => false,
            };
            is_dense && length > LONG && length * 3 > whole * 2
        };
        if call.arguments.args.iter().any(is_packed) {
            let at = expression.range().start().to_usize();
            self.note(Signal::OpaqueCode, at);
            self.note(Signal::Obfuscated, at);
        }
    }

    pub(super) fn choice(&mut self, test: &'t ruff_python_ast::StmtIf) {
        self.value(&test.test);
        let live = self.live;
        if !self.is_main && is_main_test(&test.test) {
            self.live = false;
        }
        self.branch(&test.body);
        self.live = live;
        for clause in &test.elif_else_clauses {
            if let Some(test) = &clause.test {
                self.value(test);
            }
            self.branch(&clause.body);
        }
    }

    pub(super) fn each(&mut self, each: &'t ruff_python_ast::StmtFor) {
        let over = self.value(&each.iter);
        self.branch += 1;
        // An empty list here may well be filled elsewhere.
        match super::fold::elements(&over).filter(|items| (1..=20_000).contains(&items.len())) {
            Some(items) => {
                for item in items {
                    if !self.step() {
                        break;
                    }
                    self.assign(&each.target, item);
                    self.block(&each.body);
                }
            }
            None => {
                self.assign(&each.target, over.blurred());
                self.block(&each.body);
            }
        }
        self.branch -= 1;
        self.branch(&each.orelse);
    }

    pub(super) fn share(&mut self, names: &'t [ruff_python_ast::Identifier]) {
        if let Some(frame) = self.frames.last_mut() {
            frame.shared.extend(names.iter().map(|name| name.as_str()));
        }
    }

    pub(super) fn import(&mut self, name: &'t str, renamed: Option<&'t str>) {
        let own = self.module_of(name, 0);
        match (own, renamed) {
            (Some(module), Some(renamed)) => self.bind(renamed, Value::of(Is::Module(module))),
            (Some(module), None) => self.bind(name, Value::of(Is::Module(module))),
            (None, Some(renamed)) => self.bind(renamed, Value::named(name)),
            (None, None) => {
                let first = name.split('.').next().unwrap_or(name);
                self.bind(first, Value::named(first));
            }
        }
    }

    pub(super) fn import_from(&mut self, import: &'t ruff_python_ast::StmtImportFrom) {
        let from = import.module.as_ref().map_or("", |module| module.as_str());
        let module = self.module_of(from, import.level);
        for alias in &import.names {
            let name = alias.name.as_str();
            let bound = alias.asname.as_ref().map_or(name, |name| name.as_str());
            if name == "*" {
                let all = module.map(|module| self.globals[module].clone()).unwrap_or_default();
                if module.is_none() {
                    self.import_all(from);
                }
                for (name, value) in all {
                    self.bind(name, value);
                }
                continue;
            }
            let known = module.and_then(|module| self.globals[module].get(name).cloned());
            let inner = || if from.is_empty() { name.to_owned() } else { format!("{from}.{name}") };
            let value = match known {
                Some(value) => value,
                None => match self.module_of(&inner(), import.level) {
                    Some(module) => Value::of(Is::Module(module)),
                    None => Value::named(inner()),
                },
            };
            self.bind(bound, value);
        }
    }

    /// `from os import *` of the modules whose functions are known.
    pub(super) fn import_all(&mut self, module: &'t str) {
        for name in [
            "system",
            "popen",
            "environ",
            "Popen",
            "run",
            "call",
            "b64decode",
            "urlopen",
            "get",
            "post",
            "Fernet",
        ] {
            let whole = format!("{module}.{name}");
            if role(&whole).is_some() || whole == "os.environ" {
                self.bind(name, Value::named(whole));
            }
        }
    }

    /// Gives a name a value; inside a branch what it was before may still hold.
    pub(super) fn bind(&mut self, name: &'t str, value: Value<'t>) {
        let branch = self.branch > 0;
        let Some(frame) = self.frames.last_mut() else { return };
        let place = if frame.function.is_some() && !frame.shared.contains(name) {
            &mut frame.locals
        } else {
            &mut self.globals[frame.module]
        };
        let value = match place.get(name) {
            Some(old) if branch => {
                Value { from: value.from.and(old.from), paths: value.paths | old.paths, ..value }
            }
            _ => value,
        };
        place.insert(name, value);
    }

    /// The value of a name: a local one, one of the functions around, one of the module, or Python's own.
    pub(super) fn lookup(&self, name: &str) -> Value<'t> {
        let Some(frame) = self.frames.last() else { return Value::UNKNOWN };
        let around = self.frames.iter().rev().filter(|outer| outer.module == frame.module);
        let local = around.take(6).find_map(|frame| frame.locals.get(name));
        match local.or_else(|| self.globals[frame.module].get(name)) {
            Some(value) => value.clone(),
            None => Value::named(name),
        }
    }

    pub(super) fn assign(&mut self, target: &'t Expr, value: Value<'t>) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), value),
            Expr::Tuple(tuple) => self.spread(&tuple.elts, value),
            Expr::List(list) => self.spread(&list.elts, value),
            Expr::Starred(starred) => self.assign(&starred.value, value.blurred()),
            Expr::Attribute(attribute) => {
                let on = self.value(&attribute.value);
                if let Is::Instance(module, class) = on.is {
                    self.set_attribute(module, class, attribute.attr.as_str(), value);
                } else if let Expr::Name(name) = &*attribute.value {
                    self.taint(name.id.as_str(), &value);
                }
            }
            Expr::Subscript(subscript) => {
                let on = self.value(&subscript.value);
                let key = self.value(&subscript.slice);
                if let Expr::Name(name) = &*subscript.value {
                    if let (Is::Dict(items), true) = (&on.is, key.as_text().is_some()) {
                        let mut items = items.to_vec();
                        if items.len() < 5000 {
                            items.push((key, value));
                        }
                        self.bind(name.id.as_str(), Value { is: Is::Dict(items.into()), ..on });
                    } else {
                        self.taint(name.id.as_str(), &value);
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn spread(&mut self, targets: &'t [Expr], value: Value<'t>) {
        for (number, target) in targets.iter().enumerate() {
            let item = match &value.is {
                Is::List(items) if items.len() == targets.len() => items[number].clone(),
                _ => value.blurred(),
            };
            self.assign(target, item);
        }
    }

    /// A name whose value something was put into.
    pub(super) fn taint(&mut self, name: &'t str, with: &Value<'t>) {
        let old = self.lookup(name);
        let (from, paths) = (old.from.and(with.origins()), old.paths | with.all_paths());
        if from != old.from || paths != old.paths {
            self.bind(name, Value { from, paths, ..old });
        }
    }
}

/// True for how protobuf writes the description of a file: a field of number one, its length, and a name that ends so.
fn is_descriptor(bytes: &[u8]) -> bool {
    let Some((&[0x0A, length], rest)) = bytes.split_first_chunk() else { return false };
    rest.get(..usize::from(length)).is_some_and(|name| name.ends_with(b".proto"))
}

fn is_main_test(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    matches!(&*compare.left, Expr::Name(name) if name.id.as_str() == "__name__")
}
