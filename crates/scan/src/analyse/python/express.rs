//! The values of expressions.

use super::address::{has_odd_port, is_bare, names_a_program};
use super::fold;
use super::interpreter::{Frame, Interpreter};
use super::roles::{Role, names_a_key, role};
use super::value::{Callable, HOLE, Is, Origin, Origins, Value};
use crate::analyse::dictionary;
use crate::analyse::drops::{holds_bot_token, open_end};
use crate::analyse::signal::{PRIVATE, Signal};
use ruff_python_ast::{Comprehension, Expr, FStringPart, InterpolatedStringElement, Number, Operator};
use ruff_text_size::Ranged;

/// Text longer than this, in letters and digits only, is data in disguise.
const BLOB: usize = 300;

impl<'t> Interpreter<'t> {
    /// The value of an expression, as far as it can be told.
    pub(super) fn value(&mut self, expression: &'t Expr) -> Value<'t> {
        let value = if self.enter() { self.value_of(expression) } else { Value::UNKNOWN };
        self.leave();
        value
    }

    fn value_of(&mut self, expression: &'t Expr) -> Value<'t> {
        match expression {
            Expr::StringLiteral(text) => {
                let parts =
                    text.value.iter().map(|part| (part.value.as_bytes(), part.range().len().to_usize()));
                disguised(literal(text.value.to_str().as_bytes(), false), parts)
            }
            Expr::BytesLiteral(bytes) => {
                let all: Vec<u8> = bytes.value.iter().flat_map(|part| part.value.iter().copied()).collect();
                let parts = bytes.value.iter().map(|part| (&*part.value, part.range().len().to_usize()));
                disguised(literal(&all, true), parts)
            }
            Expr::FString(text) => {
                let mut parts = Vec::new();
                for part in text.value.iter() {
                    match part {
                        FStringPart::Literal(part) => parts.push(literal(part.value.as_bytes(), false)),
                        FStringPart::FString(inner) => {
                            for element in inner.elements.iter() {
                                parts.push(match element {
                                    InterpolatedStringElement::Literal(part) => {
                                        literal(part.value.as_bytes(), false)
                                    }
                                    InterpolatedStringElement::Interpolation(part) => {
                                        self.value(&part.expression)
                                    }
                                });
                            }
                        }
                    }
                }
                look(fold::glue(parts.iter()))
            }
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(number) => {
                    number.as_i64().map_or(Value::UNKNOWN, |number| Value::of(Is::Number(number)))
                }
                _ => Value::UNKNOWN,
            },
            Expr::BooleanLiteral(truth) => Value::of(Is::Number(truth.value.into())),
            Expr::Name(name) => self.name(name.id.as_str(), expression.range().start().to_usize()),
            Expr::Attribute(attribute) => {
                let on = self.value(&attribute.value);
                self.attribute(&on, attribute.attr.as_str())
            }
            Expr::Subscript(subscript) => self.subscript(subscript),
            Expr::Call(call) => self.call(call),
            Expr::BinOp(_) => self.chain(expression),
            Expr::BoolOp(operation) => {
                let values: Vec<_> = operation.values.iter().map(|value| self.value(value)).collect();
                // `given or default`: what is given and no empty text is what there is.
                let is_there = |value: &&Value<'t>| {
                    value.whole_text().is_some_and(|text| !text.is_empty())
                        && !value.from.has(Origin::Parameter)
                };
                match values.first().filter(is_there) {
                    Some(given) if operation.op == ruff_python_ast::BoolOp::Or => given.clone(),
                    _ => values.into_iter().reduce(|one, two| one.or(&two)).unwrap_or(Value::UNKNOWN),
                }
            }
            Expr::UnaryOp(operation) => {
                let value = self.value(&operation.operand);
                match (operation.op, value.number()) {
                    (ruff_python_ast::UnaryOp::USub, Some(number)) => {
                        Value { is: Is::Number(number.wrapping_neg()), ..value }
                    }
                    (ruff_python_ast::UnaryOp::Invert, Some(number)) => {
                        Value { is: Is::Number(!number), ..value }
                    }
                    _ => value.blurred(),
                }
            }
            Expr::Named(named) => {
                let value = self.value(&named.value);
                self.assign(&named.target, value.clone());
                value
            }
            Expr::Lambda(lambda) => Value::of(Is::Function(Callable::Lambda(self.current_module(), lambda))),
            Expr::If(choice) => match self.outcome(&choice.test) {
                Some(0) => self.value(&choice.orelse),
                Some(_) => self.value(&choice.body),
                None => {
                    let one = self.value(&choice.body);
                    let two = self.value(&choice.orelse);
                    one.or(&two)
                }
            },
            Expr::Dict(dict) => {
                let mut items = Vec::new();
                for item in &dict.items {
                    let key = item.key.as_ref().map_or(Value::UNKNOWN, |key| self.value(key));
                    items.push((key, self.value(&item.value)));
                }
                Value::of(Is::Dict(items.into()))
            }
            Expr::List(list) => self.list(&list.elts),
            Expr::Tuple(list) => self.list(&list.elts),
            Expr::Set(list) => self.list(&list.elts),
            Expr::ListComp(comprehension) => {
                self.comprehension(&comprehension.generators, None, &comprehension.elt)
            }
            Expr::SetComp(comprehension) => {
                self.comprehension(&comprehension.generators, None, &comprehension.elt)
            }
            Expr::Generator(comprehension) => {
                self.comprehension(&comprehension.generators, None, &comprehension.elt)
            }
            Expr::DictComp(comprehension) => self.comprehension(
                &comprehension.generators,
                comprehension.key.as_deref(),
                &comprehension.value,
            ),
            Expr::Await(wait) => self.value(&wait.value),
            Expr::YieldFrom(wait) => self.value(&wait.value),
            Expr::Yield(wait) => wait.value.as_ref().map_or(Value::UNKNOWN, |value| self.value(value)),
            Expr::Starred(starred) => self.value(&starred.value),
            Expr::Compare(compare) => {
                let left = self.value(&compare.left);
                let others: Vec<_> =
                    compare.comparators.iter().map(|comparator| self.value(comparator)).collect();
                let outcome = match (&*compare.ops, others.as_slice()) {
                    ([op], [right]) => fold::compared(*op, &left, right),
                    _ => None,
                };
                outcome.map_or(Value::UNKNOWN, |outcome| Value::of(Is::Number(outcome.into())))
            }
            _ => Value::UNKNOWN,
        }
    }

    /// What a test comes to, where no caller has a say in it.
    fn outcome(&mut self, test: &'t Expr) -> Option<i64> {
        let value = self.value(test);
        value.number().filter(|_| !value.origins().has(Origin::Parameter))
    }

    fn list(&mut self, elements: &'t [Expr]) -> Value<'t> {
        fold::list(elements.iter().map(|element| self.value(element)).collect())
    }

    fn name(&mut self, name: &'t str, _at: usize) -> Value<'t> {
        match name {
            "__file__" => Value::named(name).with(Origin::OwnFile),
            _ => {
                let value = self.lookup(name);
                match value.name() {
                    Some("os.environ") => value.with(Origin::Environment),
                    Some(path) => match path.strip_prefix("string.").and_then(alphabet) {
                        Some(letters) => Value::text(letters.as_bytes()),
                        None => value,
                    },
                    None => value,
                }
            }
        }
    }

    /// `on.name`.
    pub(super) fn attribute(&mut self, on: &Value<'t>, name: &'t str) -> Value<'t> {
        match &on.is {
            Is::Module(module) => {
                let known = self.globals[*module].get(name).cloned();
                known.unwrap_or_else(|| Value::UNKNOWN.after(on))
            }
            Is::Instance(module, class) | Is::Class(module, class) => {
                if let Some(value) = self.attribute_of(*module, class, name) {
                    return value;
                }
                let method = class.body.iter().find_map(|statement| match statement {
                    ruff_python_ast::Stmt::FunctionDef(method) if method.name.as_str() == name => {
                        Some(method)
                    }
                    _ => None,
                });
                match method {
                    Some(method) => Value::of(Is::Function(Callable::Function(*module, method, Some(class)))),
                    None => self.globals[*module].get(name).cloned().unwrap_or_else(|| on.blurred()),
                }
            }
            Is::Named(path) if path.as_ref() == "string" && alphabet(name).is_some() => {
                alphabet(name).map_or(Value::UNKNOWN, |letters| Value::text(letters.as_bytes()))
            }
            Is::Named(path) if path.len() < 160 => {
                let path = match (path.as_ref(), name) {
                    ("builtins" | "__builtins__" | "__builtin__" | "six.moves.builtins", _) => {
                        name.to_owned()
                    }
                    ("os", "environ") => "os.environ".to_owned(),
                    (path, "__dict__") => format!("{path}.__dict__"),
                    (path, _) => format!("{}.{name}", canonical(path)),
                };
                let mut value = Value { is: Is::Named(path.into()), from: on.from, paths: on.paths };
                match value.name() {
                    Some("os.environ") => value.from.add(Origin::Environment),
                    Some(name) if tells_of_a_kind_of_machine(name) => {
                        value.from = value.from.without(Origins::of(&[Origin::Identity, Origin::Host]));
                    }
                    Some(name) if is_asked_by_a_stranger(name) => {
                        value.from.add(Origin::Fetched);
                        value.from.add(Origin::Socket);
                    }
                    _ => {}
                }
                value
            }
            // A path's parts are paths; a response's text is a response's.
            Is::Text(_) | Is::Bytes(_) => on.clone(),
            _ => {
                let part = Value { is: Is::Unknown, from: on.origins(), paths: on.all_paths() };
                let is_key = on.from.has(Origin::Parameter) && names_a_key(name);
                if is_key { part.with(Origin::Key) } else { part }
            }
        }
    }

    fn subscript(&mut self, subscript: &'t ruff_python_ast::ExprSubscript) -> Value<'t> {
        let on = self.value(&subscript.value);
        if let Expr::Slice(slice) = &*subscript.slice {
            let mut bound =
                |bound: &'t Option<Box<Expr>>| bound.as_ref().map(|bound| self.value(bound).number());
            let (from, to, step) = (bound(&slice.lower), bound(&slice.upper), bound(&slice.step));
            return match (from, to, step.unwrap_or(Some(1))) {
                (Some(None), ..) | (_, Some(None), _) | (_, _, None | Some(0)) => on.blurred(),
                (from, to, Some(step)) => {
                    let part = look(fold::slice(&on, from.flatten(), to.flatten(), step));
                    // Text that is written backwards is written to be turned round.
                    let turned = step == -1 && part.whole_text().is_some_and(|text| text.len() >= 8);
                    if turned { part.with(Origin::Decoded) } else { part }
                }
            };
        }
        let key = self.value(&subscript.slice);
        let at = subscript.range().start().to_usize();
        if let Some(variable) = variable_of(&on, Some(&key)) {
            return variable;
        }
        match (&on.is, key.whole_text().and_then(|key| std::str::from_utf8(key).ok())) {
            (Is::Named(path), Some(name)) => match path.as_ref() {
                "os.environ" | "environ" => environment_variable(name),
                "globals()" | "locals()" | "vars()" => self.named_by_text(name, at),
                "__builtins__" | "builtins.__dict__" | "__builtins__.__dict__" | "vars(builtins)" => {
                    self.hidden(Value::named(name), false, at)
                }
                "sys.modules" => Value::named(name),
                path if path.ends_with(".__dict__") => {
                    let value = Value::named(format!("{}.{name}", path.trim_end_matches(".__dict__")));
                    self.hidden(value, false, at)
                }
                _ => Value { is: Is::Named(format!("{path}[]").into()), from: on.from, paths: on.paths },
            },
            (Is::Named(path), None) if path.as_ref() == "os.environ" => Value::UNKNOWN.after(&on),
            (Is::Named(path), None) if path.len() < 160 => {
                Value { is: Is::Named(format!("{path}[]").into()), from: on.from, paths: on.paths }
            }
            _ => look(fold::index(&on, &key)),
        }
    }

    /// A name that the program spells in a text: `globals()['ex' + 'ec']`.
    fn named_by_text(&mut self, name: &str, at: usize) -> Value<'t> {
        let value = self.lookup(name);
        self.hidden(value, false, at)
    }

    /// A function reached by a way that hides which one it is; a name in pieces hides any function that matters.
    pub(super) fn hidden(&mut self, value: Value<'t>, in_pieces: bool, at: usize) -> Value<'t> {
        let role = value.name().and_then(|name| role(canonical(name)));
        let dangerous =
            matches!(role, Some(Role::Eval | Role::Spawn | Role::Compile | Role::Marshal | Role::Decode));
        if dangerous || in_pieces && role.is_some_and(|role| role != Role::Pass) {
            self.note(Signal::HiddenCall, at);
        }
        value
    }

    /// Operators in a row, from the left, without one call for each.
    fn chain(&mut self, expression: &'t Expr) -> Value<'t> {
        let mut rest = Vec::new();
        let mut first = expression;
        while let Expr::BinOp(operation) = first {
            rest.push((operation.op, &*operation.right));
            first = &operation.left;
        }
        let mut value = self.value(first);
        let mut texts = vec![value];
        while let Some((op, right)) = rest.pop() {
            let right = self.value(right);
            let glues = op == Operator::Add
                && texts.iter().chain([&right]).any(|value| value.as_text().is_some())
                && !matches!(right.is, Is::List(_));
            if glues {
                texts.push(right);
            } else {
                let left = if texts.len() > 1 { fold::glue(texts.iter()) } else { texts.swap_remove(0) };
                texts = vec![fold::binary(op, &left, &right)];
            }
        }
        value = if texts.len() > 1 { fold::glue(texts.iter()) } else { texts.swap_remove(0) };
        look(value)
    }

    fn comprehension(
        &mut self,
        generators: &'t [Comprehension],
        key: Option<&'t Expr>,
        element: &'t Expr,
    ) -> Value<'t> {
        let Some((first, rest)) = generators.split_first() else { return Value::UNKNOWN };
        let over = self.value(&first.iter);
        let module = self.current_module();
        let mut out = Vec::new();
        self.push_scope();
        let known = fold::elements(&over).filter(|_| rest.is_empty());
        let items = match known {
            Some(items) if items.len() <= 100_000 => items,
            _ => {
                for generator in generators {
                    let over = self.value(&generator.iter);
                    self.assign(&generator.target, over.blurred());
                    for test in &generator.ifs {
                        self.value(test);
                    }
                }
                let value = self.value(element).after(&over.blurred());
                self.pop_scope();
                return value.blurred();
            }
        };
        for item in items {
            if !self.step() {
                break;
            }
            self.assign(&first.target, item);
            // A test that nobody can tell lets everything through.
            if first.ifs.iter().any(|test| self.outcome(test) == Some(0)) {
                continue;
            }
            let value = self.value(element);
            match key {
                Some(key) => {
                    let key = self.value(key);
                    out.push((key, value));
                }
                None => out.push((Value::UNKNOWN, value)),
            }
        }
        self.pop_scope();
        debug_assert_eq!(module, self.current_module());
        let mut value = match key {
            Some(_) => Value::of(Is::Dict(out.into())),
            None => fold::list(out.into_iter().map(|(_, value)| value).collect()),
        };
        value.from = over.from;
        value
    }

    fn push_scope(&mut self) {
        let Some(frame) = self.frames.last() else { return };
        let scope = Frame::within(frame);
        self.frames.push(scope);
    }

    fn pop_scope(&mut self) {
        self.frames.pop();
    }
}

/// The alphabets of the module `string`.
fn alphabet(name: &str) -> Option<&'static str> {
    Some(match name {
        "ascii_letters" => "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "ascii_lowercase" => "abcdefghijklmnopqrstuvwxyz",
        "ascii_uppercase" => "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "digits" => "0123456789",
        "hexdigits" => "0123456789abcdefABCDEF",
        "punctuation" => "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
        _ => return None,
    })
}

/// The one spelling of names that have several.
pub(super) fn canonical(name: &str) -> &str {
    name.strip_prefix("builtins.").or_else(|| name.strip_prefix("__builtins__.")).unwrap_or(name)
}

/// `os.environ["NAME"]`.
pub(super) fn environment_variable<'t>(name: &str) -> Value<'t> {
    match name {
        "USER" | "USERNAME" | "LOGNAME" => {
            Value::named("os.environ[]").with(Origin::Identity).with(Origin::User)
        }
        "HOSTNAME" | "COMPUTERNAME" | "USERDOMAIN" => {
            Value::named("os.environ[]").with(Origin::Identity).with(Origin::Host)
        }
        // Whoever needs these signs with them; nobody sends them as they are.
        "AWS_SECRET_ACCESS_KEY" | "PRIVATE_KEY" | "MNEMONIC" | "SEED_PHRASE" => {
            Value::named("os.environ[]").with(Origin::Secret)
        }
        "TEMP" | "TMP" | "TMPDIR" => Value::named("os.environ[]").with(Origin::Temporary),
        // Whoever starts the program sets it.
        _ => Value::named("os.environ[]").with(Origin::Parameter),
    }
}

/// One variable of the environment, or of a copy of it, by its name.
pub(super) fn variable_of<'t>(on: &Value<'t>, key: Option<&Value<'t>>) -> Option<Value<'t>> {
    let is_whole = on.from.has(Origin::Environment) && on.as_text().is_none() && on.items().is_none();
    let name = key.filter(|_| is_whole)?.whole_text()?;
    Some(environment_variable(std::str::from_utf8(name).ok()?))
}

/// True for what many machines have in common: `platform.uname().machine`.
fn tells_of_a_kind_of_machine(name: &str) -> bool {
    let kind = name.split_once("uname().").map(|(_, part)| part);
    matches!(kind, Some("machine" | "system" | "sysname" | "release" | "version" | "processor"))
}

/// True for what somebody who talks to a web server asks it.
fn is_asked_by_a_stranger(name: &str) -> bool {
    let asked = name.strip_prefix("flask.request.");
    asked.is_some_and(|part| {
        matches!(part, "args" | "form" | "values" | "json" | "data" | "get_json" | "get_data")
    })
}

fn literal<'t>(bytes: &[u8], binary: bool) -> Value<'t> {
    look(Value::of(if binary { Is::Bytes(bytes.into()) } else { Is::Text(bytes.into()) }))
}

/// A text of plain letters that is written in escapes, so that nobody reads it: `'\x65\x76\x61\x6c'`.
fn disguised<'t, 'p>(value: Value<'t>, mut parts: impl Iterator<Item = (&'p [u8], usize)>) -> Value<'t> {
    let is_plain = |text: &[u8]| {
        text.len() >= 6 && text.iter().all(|byte| (b' '..=b'~').contains(byte) || *byte == b'\n')
    };
    let is_escaped = |(text, written): (&[u8], usize)| text.len() >= 6 && written >= text.len() * 4;
    let is_disguised = value.as_text().is_some_and(is_plain) && parts.all(is_escaped);
    if is_disguised { value.with(Origin::Decoded) } else { value }
}

/// What a text itself tells: addresses, secret places, long data.
pub(super) fn look<'t>(mut value: Value<'t>) -> Value<'t> {
    let Some(text) = value.as_text() else { return value };
    let mut from = Origins::NONE;
    if text.len() > BLOB && !text.contains(&b' ') {
        from.add(Origin::Blob);
    }
    if (4..=2048).contains(&text.len()) {
        let address = memchr::memmem::find(text, b"://");
        if let Some(start) = address {
            let host = &text[start + 3..];
            let end =
                host.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#' | b' ')).unwrap_or(host.len());
            let (host, path) = host.split_at(end);
            // Whoever names the whole host says where it goes.
            if !matches!(host, [HOLE] | b"%s" | b"{}") {
                from.add(Origin::Address);
            }
            if is_bare(host) {
                from.add(Origin::BareAddress);
            }
            if has_odd_port(host) {
                from.add(Origin::OddPort);
            }
            if names_a_program(path) {
                from.add(Origin::ProgramAddress);
            }
        } else if is_bare(text) {
            from.add(Origin::BareAddress);
        }
        if holds_bot_token(text) {
            from.add(Origin::DropHost);
        }
        for word in dictionary::search(text) {
            match word.decoded_signal() {
                Signal::DropHost if is_the_callers(text, word.start, word.end, value.from) => {}
                Signal::DropHost => from.add(Origin::DropHost),
                signal if PRIVATE.has(signal) => from.add(Origin::SecretPath),
                Signal::SecretRegistry => from.add(Origin::SecretPath),
                Signal::Identity => from.add(Origin::Identity),
                // Files lie there, too, but nobody reads there what was sent.
                Signal::PagesHost if memchr::memmem::find(text, b"github").is_none() => {
                    from.add(Origin::Hosted);
                }
                _ => {}
            }
        }
    }
    value.from = value.from.and(from);
    value
}

/// True for the address of a chat service whose token is not there, or is handed in by a caller, typed, or kept in a
/// file or in a variable of the environment.
fn is_the_callers(text: &[u8], start: usize, end: usize, from: Origins) -> bool {
    const HANDED_IN: Origins = Origins::of(&[Origin::Parameter, Origin::Typed, Origin::File]);
    open_end(text, start, end).is_some_and(|rest| rest.first() != Some(&HOLE) || from.meets(HANDED_IN))
}
