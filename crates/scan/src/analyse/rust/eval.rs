//! Walks the functions of a program with whatever is known of their values. Nothing is run: both branches of a
//! condition are taken, loops over known data are followed, everything else is walked once.

use super::compute::{compute, element, is_assigning, literal_value, span_of};
use super::program::{Function, Program};
use super::value::{MOST_PARTS, Taint, Value};
use crate::SourceFile;
use crate::analyse::dictionary;
use crate::analyse::lexing::Kind;
use crate::analyse::signal::{Hit, SECRETS, Signal, Signals};
use std::collections::{HashMap, HashSet};
use syn::{Block, Expr, Pat, Stmt};

/// Expressions walked in one program; a package that needs more is walked in part.
const MOST_STEPS: u32 = 400_000;
const DEEPEST_CALL: u32 = 12;
/// Expressions inside each other, those around a call counted with those of the function that it calls, and those
/// of constants that are named by constants.
const DEEPEST_EXPRESSION: u32 = 1000;

/// The walk through one program.
pub(super) struct Walk<'p> {
    pub(super) program: &'p Program<'p>,
    pub(super) package: &'p [SourceFile<'p>],
    /// By the file's index in the package.
    pub(super) hits: Vec<(usize, Hit)>,
    pub(super) home: usize,
    pub(super) names: HashMap<String, Value<'p>>,
    /// Where what was written into files came from, by their paths.
    pub(super) written: HashMap<Vec<u8>, Taint>,
    steps: u32,
    depth: u32,
    nested: u32,
    /// Reached from what runs before `main`.
    early: bool,
    called: HashSet<usize>,
    noted: HashSet<(usize, Signal, usize, bool)>,
    constants_in_hand: Vec<String>,
}

impl<'p> Walk<'p> {
    /// Walks everything, what starts by itself first.
    pub(super) fn through(program: &'p Program<'p>, package: &'p [SourceFile<'p>]) -> Vec<(usize, Hit)> {
        let mut walk = Self {
            program,
            package,
            hits: Vec::new(),
            home: 0,
            names: HashMap::new(),
            written: HashMap::new(),
            steps: 0,
            depth: 0,
            nested: 0,
            early: false,
            called: HashSet::new(),
            noted: HashSet::new(),
            constants_in_hand: Vec::new(),
        };
        let mut order: Vec<usize> = (0..program.functions.len()).collect();
        order.sort_by_key(|&index| {
            let function = &program.functions[index];
            (!function.early, !function.entry)
        });
        for index in order {
            let function = &program.functions[index];
            if function.entry || !walk.called.contains(&index) {
                walk.early = function.early;
                walk.call(index, Vec::new());
            }
        }
        walk.hits
    }

    /// Walks a function with these arguments.
    pub(super) fn call(&mut self, index: usize, arguments: Vec<Value<'p>>) -> Value<'p> {
        let Some(&Function { home, signature, body, .. }) = self.program.functions.get(index) else {
            return Value::default();
        };
        let taint = arguments.iter().fold(Taint::NONE, |all, value| all.and(value.taint));
        if self.depth >= DEEPEST_CALL {
            return Value::of_taint(taint);
        }
        self.called.insert(index);
        let outer_names = std::mem::take(&mut self.names);
        let outer_home = std::mem::replace(&mut self.home, home);
        let mut arguments = arguments.into_iter();
        for input in &signature.inputs {
            match input {
                syn::FnArg::Receiver(_) => {
                    if let Some(value) = arguments.next() {
                        self.names.insert("self".into(), value);
                    }
                }
                syn::FnArg::Typed(typed) => {
                    let value = arguments.next().unwrap_or_default();
                    self.bind(&typed.pat, value);
                }
            }
        }
        self.depth += 1;
        let result = self.block(body);
        self.depth -= 1;
        self.names = outer_names;
        self.home = outer_home;
        result
    }

    /// Walks a closure's body with these arguments, in the names around it.
    pub(super) fn apply(&mut self, closure: &'p syn::ExprClosure, arguments: Vec<Value<'p>>) -> Value<'p> {
        if self.depth >= DEEPEST_CALL {
            return Value::default();
        }
        for (pattern, value) in closure.inputs.iter().zip(arguments) {
            self.bind(pattern, value);
        }
        self.depth += 1;
        let result = self.value(&closure.body);
        self.depth -= 1;
        result
    }

    /// Walks all statements; the value is that of the last, or of anything returned on the way.
    pub(super) fn block(&mut self, block: &'p Block) -> Value<'p> {
        let mut last = Value::default();
        for statement in &block.stmts {
            last = Value::default();
            match statement {
                Stmt::Local(local) => {
                    let value = local.init.as_ref().map(|init| self.value(&init.expr)).unwrap_or_default();
                    if let Some((_, other)) = local.init.as_ref().and_then(|init| init.diverge.as_ref()) {
                        self.value(other);
                    }
                    self.bind(&local.pat, value);
                }
                Stmt::Expr(expression, end) => {
                    let value = self.value(expression);
                    if end.is_none() || matches!(expression, Expr::Return(_)) {
                        last = value;
                    }
                }
                Stmt::Macro(call) => last = self.macro_call(&call.mac),
                Stmt::Item(_) => {}
            }
        }
        last
    }

    pub(super) fn bind(&mut self, pattern: &Pat, value: Value<'p>) {
        match pattern {
            Pat::Ident(name) => {
                self.names.insert(name.ident.to_string(), value);
            }
            Pat::Reference(inner) => self.bind(&inner.pat, value),
            Pat::Paren(inner) => self.bind(&inner.pat, value),
            Pat::Type(typed) => self.bind(&typed.pat, value),
            Pat::Tuple(tuple) => self.bind_each(tuple.elems.iter(), &value),
            Pat::Slice(slice) => self.bind_each(slice.elems.iter(), &value),
            // `Some(x)`, `Ok(x)`: wrappers are not told from what they hold.
            Pat::TupleStruct(inner) if inner.elems.len() == 1 => self.bind(&inner.elems[0], value),
            Pat::TupleStruct(inner) => self.bind_each(inner.elems.iter(), &value),
            Pat::Struct(inner) => {
                for field in &inner.fields {
                    self.bind(&field.pat, Value::of_taint(value.taint));
                }
            }
            Pat::Or(either) => {
                for case in &either.cases {
                    self.bind(case, value.clone());
                }
            }
            _ => {}
        }
    }

    fn bind_each<'a>(&mut self, patterns: impl Iterator<Item = &'a Pat>, value: &Value<'p>) {
        for (index, pattern) in patterns.enumerate() {
            let part = value.parts.as_ref().and_then(|parts| parts.get(index)).cloned();
            self.bind(pattern, part.unwrap_or_else(|| Value::of_taint(value.taint)));
        }
    }

    /// What an expression is worth; everything in it is walked.
    pub(super) fn value(&mut self, expression: &'p Expr) -> Value<'p> {
        self.steps += 1;
        if self.steps > MOST_STEPS || self.nested == DEEPEST_EXPRESSION {
            return Value::default();
        }
        self.nested += 1;
        let value = self.worth(expression);
        self.nested -= 1;
        value
    }

    fn worth(&mut self, expression: &'p Expr) -> Value<'p> {
        match expression {
            Expr::Lit(literal) => literal_value(&literal.lit),
            Expr::Path(path) => self.path(&path.path),
            Expr::Call(call) => self.function_call(call),
            Expr::MethodCall(call) => self.method_call(call),
            Expr::Macro(call) => self.macro_call(&call.mac),
            Expr::Reference(inner) => self.value(&inner.expr),
            Expr::Paren(inner) => self.value(&inner.expr),
            Expr::Group(inner) => self.value(&inner.expr),
            Expr::Try(inner) => self.value(&inner.expr),
            Expr::Await(inner) => self.value(&inner.base),
            Expr::Unary(inner) => self.value(&inner.expr),
            Expr::Cast(inner) => self.value(&inner.expr),
            Expr::Return(inner) => inner.expr.as_ref().map(|inner| self.value(inner)).unwrap_or_default(),
            Expr::Break(inner) => inner.expr.as_ref().map(|inner| self.value(inner)).unwrap_or_default(),
            Expr::Array(array) => {
                let parts = array.elems.iter().take(MOST_PARTS).map(|part| self.value(part)).collect();
                Value::of_parts(parts)
            }
            Expr::Tuple(tuple) => {
                let parts = tuple.elems.iter().map(|part| self.value(part)).collect();
                Value::of_parts(parts)
            }
            Expr::Repeat(repeat) => {
                let (one, count) = (self.value(&repeat.expr), self.value(&repeat.len));
                match count.number.and_then(|count| usize::try_from(count).ok()) {
                    Some(count) if count <= MOST_PARTS => Value::of_parts(vec![one; count]),
                    _ => Value::of_taint(one.taint),
                }
            }
            Expr::Struct(structure) => {
                let fields = structure.fields.iter().map(|field| self.value(&field.expr));
                let taint = fields.fold(Taint::NONE, |all, field| all.and(field.taint));
                Value::of_taint(taint)
            }
            Expr::Field(field) => {
                let base = self.value(&field.base);
                match (&field.member, &base.parts) {
                    (syn::Member::Unnamed(index), Some(parts)) => {
                        let part = usize::try_from(index.index).ok().and_then(|index| parts.get(index));
                        part.cloned().unwrap_or_default()
                    }
                    _ => Value { text: None, number: None, parts: None, ..base },
                }
            }
            Expr::Index(index) => {
                let (base, at) = (self.value(&index.expr), self.value(&index.index));
                element(&base, &at)
            }
            Expr::Range(range) => {
                let start = range.start.as_ref().map(|start| self.value(start));
                let end = range.end.as_ref().map(|end| self.value(end));
                let closed = matches!(range.limits, syn::RangeLimits::Closed(_));
                span_of(start, end, closed)
            }
            Expr::Binary(binary) => self.binary(binary),
            Expr::Assign(assign) => {
                let value = self.value(&assign.right);
                self.assign(&assign.left, value);
                Value::default()
            }
            Expr::Block(block) => self.block(&block.block),
            Expr::Unsafe(block) => self.block(&block.block),
            Expr::Async(block) => self.block(&block.block),
            Expr::Const(block) => self.block(&block.block),
            Expr::If(condition) => {
                self.value(&condition.cond);
                let taken = self.block(&condition.then_branch);
                match &condition.else_branch {
                    Some((_, other)) => taken.either(self.value(other)),
                    None => taken,
                }
            }
            Expr::Let(binding) => {
                let value = self.value(&binding.expr);
                self.bind(&binding.pat, value);
                Value::default()
            }
            Expr::Match(choice) => {
                let subject = self.value(&choice.expr);
                let mut result = Value::default();
                for arm in &choice.arms {
                    self.bind(&arm.pat, subject.clone());
                    result = result.either(self.value(&arm.body));
                }
                result
            }
            Expr::ForLoop(each) => self.for_loop(each),
            Expr::While(each) => {
                self.value(&each.cond);
                self.block(&each.body)
            }
            Expr::Loop(each) => self.block(&each.body),
            Expr::Closure(closure) => {
                // Whoever takes it may never call it by name.
                if !self.is_counting(closure) {
                    let unknown = vec![Value::default(); closure.inputs.len()];
                    self.apply(closure, unknown);
                }
                Value { closure: Some(closure), ..Value::default() }
            }
            _ => Value::default(),
        }
    }

    /// Short closures of numbers are only worth walking with their numbers.
    fn is_counting(&self, closure: &syn::ExprClosure) -> bool {
        matches!(*closure.body, Expr::Binary(_) | Expr::Index(_) | Expr::Path(_) | Expr::Cast(_))
    }

    fn path(&mut self, path: &'p syn::Path) -> Value<'p> {
        let Some(last) = path.segments.last() else { return Value::default() };
        let name = last.ident.to_string();
        if path.segments.len() == 1
            && let Some(value) = self.names.get(&name)
        {
            return value.clone();
        }
        if let Some(&(home, expression)) = self.program.constants.get(&name)
            && !self.constants_in_hand.contains(&name)
        {
            self.constants_in_hand.push(name);
            let outer = std::mem::replace(&mut self.home, home);
            let value = self.value(expression);
            self.home = outer;
            self.constants_in_hand.pop();
            return value;
        }
        Value::default()
    }

    fn binary(&mut self, binary: &'p syn::ExprBinary) -> Value<'p> {
        let (left, right) = (self.value(&binary.left), self.value(&binary.right));
        let result = compute(&binary.op, &left, &right);
        if is_assigning(&binary.op) {
            if result.text.is_some() {
                self.folded(self.place(&binary.left), &result);
            }
            self.assign(&binary.left, result);
            return Value::default();
        }
        if result.text.is_some() {
            self.folded(self.place(&binary.left), &result);
        }
        result
    }

    /// Gives a place a new value.
    pub(super) fn assign(&mut self, place: &'p Expr, value: Value<'p>) {
        match place {
            Expr::Index(index) => {
                let at = self.value(&index.index).number.and_then(|at| usize::try_from(at).ok());
                let base = self.value(&index.expr);
                let taint = base.taint.and(value.taint);
                self.charge(base.length() * 16);
                let changed = match (base.elements(), at) {
                    (Some(elements), Some(at)) if at < elements.len() => {
                        let mut elements = elements.to_vec();
                        elements[at] = value;
                        Value::of_parts(elements).tainted(taint)
                    }
                    _ => base.tainted(taint),
                };
                self.assign(&index.expr, changed);
            }
            Expr::Field(field) => {
                let base = self.value(&field.base).tainted(value.taint);
                self.assign(&field.base, base);
            }
            Expr::Tuple(tuple) => {
                for (index, part) in tuple.elems.iter().enumerate() {
                    let given = value.parts.as_ref().and_then(|parts| parts.get(index)).cloned();
                    self.assign(part, given.unwrap_or_else(|| Value::of_taint(value.taint)));
                }
            }
            _ => {
                if let Some(name) = root_name(place) {
                    self.names.insert(name, value);
                }
            }
        }
    }

    fn for_loop(&mut self, each: &'p syn::ExprForLoop) -> Value<'p> {
        let over = self.value(&each.expr);
        let elements =
            over.elements().filter(|elements| self.steps + 20 * count(elements.len()) < MOST_STEPS);
        let Some(elements) = elements
            .filter(|elements| elements.iter().any(|one| one.number.is_some() || one.parts.is_some()))
        else {
            let met = Value { text: over.lines().map(Into::into), ..Value::of_taint(over.taint) };
            self.bind(&each.pat, met);
            self.block(&each.body);
            return Value::default();
        };
        // `for x in data.iter_mut()` changes the data.
        let source = mutated_source(&each.expr);
        let bound = innermost_name(&each.pat);
        let mut changed = Vec::new();
        for element in elements.iter() {
            if self.is_spent() {
                break;
            }
            self.bind(&each.pat, element.clone());
            self.block(&each.body);
            if let (Some(_), Some(bound)) = (source, &bound) {
                changed.push(self.names.get(bound).cloned().unwrap_or_default());
            }
        }
        if let Some(source) = source {
            let value = Value::of_parts(changed).tainted(over.taint);
            self.folded(self.place(source), &value);
            self.assign(source, value);
        }
        Value::default()
    }

    /// Notes that something is seen where an expression stands.
    pub(super) fn note(&mut self, signal: Signal, offset: usize) {
        let Some(file) = self.program.files.get(self.home).map(|parsed| parsed.file) else { return };
        let hit = Hit { signal, offset, kind: Kind::Code, live: self.early };
        if self.noted.insert((file, signal, offset, hit.live)) {
            self.hits.push((file, hit));
        }
    }

    /// Counts work that grows with the data, so that data cannot make the walk endless.
    pub(super) fn charge(&mut self, bytes: usize) {
        self.steps = self.steps.saturating_add(count(bytes / 32));
    }

    /// True once the walk has cost as much as one package may.
    pub(super) fn is_spent(&self) -> bool {
        self.steps > MOST_STEPS
    }

    /// Looks at a text that was put together out of pieces, as if it had been written down whole.
    pub(super) fn folded(&mut self, offset: usize, value: &Value<'p>) {
        if self.is_spent() {
            return;
        }
        if let Some(text) = value.lines().or_else(|| value.bytes()) {
            self.charge(text.len());
            for signal in signals_of(&text) {
                self.note(signal, offset);
            }
        }
    }

    /// Where an expression starts, as near as its first name tells.
    pub(super) fn place(&self, expression: &Expr) -> usize {
        let span = match expression {
            Expr::Path(path) => path.path.segments.first().map(|segment| segment.ident.span()),
            Expr::Lit(literal) => Some(literal.lit.span()),
            Expr::Macro(call) => call.mac.path.segments.first().map(|segment| segment.ident.span()),
            Expr::MethodCall(call) => Some(call.method.span()),
            Expr::Call(call) => return self.place(&call.func),
            Expr::Reference(inner) => return self.place(&inner.expr),
            Expr::Unary(inner) => return self.place(&inner.expr),
            Expr::Paren(inner) => return self.place(&inner.expr),
            Expr::Try(inner) => return self.place(&inner.expr),
            Expr::Index(inner) => return self.place(&inner.expr),
            Expr::Field(inner) => return self.place(&inner.base),
            Expr::Binary(inner) => return self.place(&inner.left),
            Expr::Array(array) => Some(array.bracket_token.span.open()),
            Expr::Closure(closure) => return self.place(&closure.body),
            _ => None,
        };
        span.map_or(0, |span| self.program.offset(self.home, span))
    }
}

/// What the words of a text show, whatever they stand in.
pub(super) fn signals_of(text: &[u8]) -> Vec<Signal> {
    let mut signals: Vec<Signal> = dictionary::search(text).map(dictionary::Match::decoded_signal).collect();
    signals.sort_unstable();
    signals.dedup();
    signals
}

/// True where a path or text names a secret.
pub(super) fn names_secret(text: &[u8]) -> bool {
    let mut all = Signals::NONE;
    signals_of(text).into_iter().for_each(|signal| all.add(signal));
    all.meets(SECRETS)
}

/// The variable at the root of a place.
pub(super) fn root_name(place: &Expr) -> Option<String> {
    match place {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        Expr::Reference(inner) => root_name(&inner.expr),
        Expr::Unary(inner) => root_name(&inner.expr),
        Expr::Paren(inner) => root_name(&inner.expr),
        Expr::Field(inner) => root_name(&inner.base),
        Expr::Index(inner) => root_name(&inner.expr),
        Expr::MethodCall(call) => root_name(&call.receiver),
        Expr::Try(inner) => root_name(&inner.expr),
        _ => None,
    }
}

fn mutated_source(expression: &Expr) -> Option<&Expr> {
    match expression {
        Expr::MethodCall(call) if call.method == "iter_mut" => Some(&call.receiver),
        Expr::MethodCall(call) => mutated_source(&call.receiver),
        Expr::Reference(inner) if inner.mutability.is_some() => Some(&inner.expr),
        _ => None,
    }
}

/// The last name a pattern binds: the element in `(index, element)`.
fn innermost_name(pattern: &Pat) -> Option<String> {
    match pattern {
        Pat::Ident(name) => Some(name.ident.to_string()),
        Pat::Reference(inner) => innermost_name(&inner.pat),
        Pat::Tuple(tuple) => tuple.elems.last().and_then(innermost_name),
        _ => None,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
