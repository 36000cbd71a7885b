//! What well-known methods do with what they are called on.

use super::calls::united;
use super::eval::{Walk, root_name};
use super::value::{LONGEST_TEXT, MOST_PARTS, Taint, Thing, Value, from_base64, from_hex};
use crate::analyse::signal::Signal;
use std::rc::Rc;
use syn::{Expr, ExprMethodCall};

impl<'p> Walk<'p> {
    pub(super) fn method_call(&mut self, call: &'p ExprMethodCall) -> Value<'p> {
        let receiver = self.value(&call.receiver);
        let name = call.method.to_string();
        let offset = self.program.offset(self.home, call.method.span());
        // Closures that are given every element are walked with them, not on their own.
        let arguments: Vec<Value<'p>> =
            call.args.iter().map(|argument| self.argument(argument, &name)).collect();
        let taint = receiver.taint.and(united(&arguments));
        match receiver.thing {
            Thing::Command => return self.command_method(call, &name, receiver, &arguments, offset),
            Thing::Network => return self.network_method(call, &name, receiver, &arguments, offset),
            Thing::Sink if matches!(name.as_str(), "write_all" | "write" | "write_fmt") => {
                let data = arguments.first().cloned().unwrap_or_default();
                let written = self.written_to(&receiver, &data, offset, Some(&call.receiver));
                self.change(&call.receiver, written.clone());
                return written;
            }
            _ => {}
        }
        self.taint_borrowed(call, taint);
        if let Some(value) = self.changed(call, &name, &receiver, &arguments, offset) {
            return value;
        }
        if let Some(value) = self.over_elements(&name, &receiver, &arguments, offset) {
            return value;
        }
        let first = arguments.first();
        match name.as_str() {
            "join" if receiver.parts.is_none() || receiver.text.is_some() => {
                let before = receiver.text.as_deref().unwrap_or_default();
                let after = first.and_then(Value::lines).unwrap_or_default();
                let value = Value::of_text([before, b"/", &after].concat()).tainted(taint);
                self.folded(offset, &value);
                value
            }
            "join" | "concat" => {
                let between = first.and_then(Value::bytes).unwrap_or_default();
                let pieces: Option<Vec<Vec<u8>>> =
                    receiver.parts.as_ref().and_then(|parts| parts.iter().map(Value::bytes).collect());
                let Some(pieces) = pieces else { return Value::of_taint(taint) };
                let value = Value::of_text(pieces.join(between.as_slice())).tainted(taint);
                self.folded(offset, &value);
                value
            }
            "decode" | "decode_vec" | "decode_to_vec" => {
                let text = first.and_then(Value::bytes);
                let plain = text.and_then(|text| from_hex(&text).or_else(|| from_base64(&text)));
                self.decoded(plain, taint, offset)
            }
            "decrypt" | "decrypt_in_place" | "apply_keystream" | "inflate" => {
                self.note(Signal::Decrypt, offset);
                let decoded = taint.and(Taint::DECODED);
                self.taint_borrowed(call, decoded);
                Value::of_taint(decoded)
            }
            "repeat" => match (receiver.text.as_ref(), first.and_then(|count| count.number)) {
                (Some(text), Some(count)) if (0..1000).contains(&count) && text.len() < 1000 => {
                    Value::of_text(text.repeat(usize::try_from(count).unwrap_or(0))).tainted(taint)
                }
                _ => Value::of_taint(taint),
            },
            "replace" | "replacen" => {
                let texts = receiver
                    .bytes()
                    .zip(first.and_then(Value::bytes))
                    .zip(arguments.get(1).and_then(Value::bytes));
                let Some(((text, from), to)) = texts else { return Value::of_taint(taint) };
                let [text, from, to] =
                    [text, from, to].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                if from.is_empty() {
                    return Value::of_text(text).tainted(taint);
                }
                let value = Value::of_text(text.replace(&from, &to)).tainted(taint);
                self.folded(offset, &value);
                value
            }
            "split" | "lines" | "split_whitespace" => {
                let Some(text) = receiver.text.as_deref() else { return Value::of_taint(taint) };
                let text = String::from_utf8_lossy(text).into_owned();
                let by = match name.as_str() {
                    "lines" => "\n".to_owned(),
                    "split_whitespace" => " ".to_owned(),
                    _ => String::from_utf8_lossy(&first.map(one_text).unwrap_or_default()).into_owned(),
                };
                if by.is_empty() {
                    return Value::of_text(text).tainted(taint);
                }
                let parts = text.split(by.as_str()).take(MOST_PARTS).map(Value::of_text).collect();
                Value::of_parts(parts).tainted(taint)
            }
            "len" if receiver.text.is_some() || receiver.parts.is_some() => {
                Value::of_number(receiver.length() as i128)
            }
            "open" => {
                self.folded(offset, first.unwrap_or(&receiver));
                let path = first.cloned().unwrap_or_default();
                self.written_to(&path, &Value::default(), offset, None)
            }
            "unwrap_or" | "or" => receiver.either(first.cloned().unwrap_or_default()),
            "unwrap_or_else" | "or_else" => match first.and_then(|closure| closure.closure) {
                Some(closure) => {
                    let other = self.apply(closure, Vec::new());
                    receiver.either(other)
                }
                None => receiver,
            },
            "wrapping_add" | "wrapping_sub" | "wrapping_mul" | "bitxor" => {
                let numbers = receiver.number.zip(first.and_then(|other| other.number));
                let number = numbers.map(|(one, two)| match name.as_str() {
                    "wrapping_add" => one.wrapping_add(two) & 0xff,
                    "wrapping_sub" => one.wrapping_sub(two) & 0xff,
                    "wrapping_mul" => one.wrapping_mul(two) & 0xff,
                    _ => one ^ two,
                });
                Value { number, ..Value::of_taint(taint) }
            }
            "rotate_left" | "rotate_right" => {
                let numbers = receiver.number.zip(first.and_then(|other| other.number));
                let number = numbers.map(|(one, bits)| {
                    let (byte, bits) =
                        (u8::try_from(one & 0xff).unwrap_or(0), u32::try_from(bits & 7).unwrap_or(0));
                    let turned =
                        if name == "rotate_left" { byte.rotate_left(bits) } else { byte.rotate_right(bits) };
                    i128::from(turned)
                });
                Value { number, ..Value::of_taint(taint) }
            }
            _ => self.other_method(call, &name, receiver, arguments, taint),
        }
    }

    /// Methods of the package's own types, and those that hand on what they were called on.
    fn other_method(
        &mut self,
        call: &'p ExprMethodCall,
        name: &str,
        receiver: Value<'p>,
        arguments: Vec<Value<'p>>,
        taint: Taint,
    ) -> Value<'p> {
        let own = self.program.named(name).find(|&index| {
            self.program.functions.get(index).is_some_and(|function| {
                let inputs = &function.signature.inputs;
                matches!(inputs.first(), Some(syn::FnArg::Receiver(_))) && inputs.len() == call.args.len() + 1
            })
        });
        if let Some(own) = own {
            return self.call(own, [vec![receiver], arguments].concat());
        }
        if let [Value { closure: Some(closure), .. }] = arguments.as_slice() {
            // `map_err`, `and_then`, `map` of an option: what goes in is what the wrapper holds.
            let result = self.apply(closure, vec![receiver.clone()]);
            return if name == "map_err" { receiver } else { result.tainted(taint) };
        }
        if arguments.is_empty() {
            return receiver;
        }
        Value { text: None, number: None, ..receiver }.tainted(taint)
    }

    fn argument(&mut self, argument: &'p Expr, method: &str) -> Value<'p> {
        let fed = matches!(
            method,
            "map"
                | "for_each"
                | "filter_map"
                | "flat_map"
                | "and_then"
                | "map_err"
                | "unwrap_or_else"
                | "or_else"
                | "inspect"
        );
        match argument {
            Expr::Closure(closure) if fed => Value { closure: Some(closure), ..Value::default() },
            _ => self.value(argument),
        }
    }

    /// `reader.read_to_end(&mut buffer)` fills the buffer.
    fn taint_borrowed(&mut self, call: &'p ExprMethodCall, taint: Taint) {
        for argument in &call.args {
            if let Expr::Reference(reference) = argument
                && reference.mutability.is_some()
                && let Some(name) = root_name(&reference.expr)
                && let Some(value) = self.names.get_mut(&name)
            {
                *value = value.clone().tainted(taint);
            }
        }
    }

    /// Gives what a method was called on its new value.
    fn change(&mut self, receiver: &'p Expr, value: Value<'p>) {
        if !matches!(receiver, Expr::Call(_) | Expr::Macro(_) | Expr::Lit(_)) {
            self.assign(receiver, value);
        }
    }

    /// Methods that change what they are called on.
    fn changed(
        &mut self,
        call: &'p ExprMethodCall,
        name: &str,
        receiver: &Value<'p>,
        arguments: &[Value<'p>],
        offset: usize,
    ) -> Option<Value<'p>> {
        let first = arguments.first().cloned().unwrap_or_default();
        let taint = receiver.taint.and(united(arguments));
        if matches!(
            name,
            "push" | "push_str" | "extend" | "extend_from_slice" | "append" | "write_str" | "reverse"
        ) {
            self.charge(receiver.length() * 4);
            if self.is_spent() {
                return Some(Value::default());
            }
        }
        let grown = match name {
            "push" if receiver.text.is_none() => {
                let mut parts = receiver.parts.as_ref().map(|parts| parts.to_vec()).unwrap_or_default();
                if parts.len() >= MOST_PARTS {
                    return Some(Value::default());
                }
                parts.push(first);
                Value::of_parts(parts).tainted(taint)
            }
            "push"
                if call.args.len() == 1
                    && receiver
                        .text
                        .as_ref()
                        .is_some_and(|text| text.starts_with(b"/") || text.is_empty())
                    && first.text.is_some() =>
            {
                // A path grows by a folder.
                let before = receiver.text.as_deref().unwrap_or_default();
                let after = first.lines().unwrap_or_default();
                Value::of_text([before, b"/", &after].concat()).tainted(taint)
            }
            "push" | "push_str" | "extend" | "extend_from_slice" | "append" | "write_str" => {
                let mut bytes = receiver.bytes().unwrap_or_default();
                bytes.extend_from_slice(&one_text(&first));
                bytes.truncate(LONGEST_TEXT);
                Value { thing: receiver.thing, ..Value::of_text(bytes).tainted(taint) }
            }
            "reverse" => {
                let mut elements = receiver.elements()?.to_vec();
                elements.reverse();
                Value::of_parts(elements).tainted(taint)
            }
            _ => return None,
        };
        if name != "push" || first_is_text(arguments) {
            self.folded(offset, &grown);
        }
        self.change(&call.receiver, grown);
        Some(Value::default())
    }

    /// Methods of iterators over known elements.
    fn over_elements(
        &mut self,
        name: &str,
        receiver: &Value<'p>,
        arguments: &[Value<'p>],
        offset: usize,
    ) -> Option<Value<'p>> {
        const WALKS: [&str; 17] = [
            "chars",
            "bytes",
            "rev",
            "enumerate",
            "zip",
            "cycle",
            "skip",
            "take",
            "step_by",
            "chunks",
            "chunks_exact",
            "map",
            "for_each",
            "filter_map",
            "flat_map",
            "collect",
            "reverse",
        ];
        if !WALKS.contains(&name) || self.is_spent() {
            return None;
        }
        self.charge(receiver.length() * 8);
        let elements = receiver.elements()?;
        let first = arguments.first().cloned().unwrap_or_default();
        let number = first.number.and_then(|number| usize::try_from(number).ok());
        let of = |parts: Vec<Value<'p>>| Some(Value::of_parts(parts).tainted(receiver.taint));
        match name {
            "chars" | "bytes" if receiver.text.is_some() => {
                Some(Value { parts: Some(elements), ..Value::of_taint(receiver.taint) })
            }
            "rev" => of(elements.iter().rev().cloned().collect()),
            "enumerate" => {
                let pairs = elements.iter().enumerate();
                of(pairs
                    .map(|(at, one)| Value::of_parts(vec![Value::of_number(at as i128), one.clone()]))
                    .collect())
            }
            "zip" => Some(zipped(receiver, &first)),
            "cycle" => {
                self.charge(MOST_PARTS);
                of(elements.iter().cycle().take(MOST_PARTS).cloned().collect())
            }
            "skip" => of(elements.iter().skip(number?).cloned().collect()),
            "take" => of(elements.iter().take(number?).cloned().collect()),
            "step_by" => of(elements.iter().step_by(number?.max(1)).cloned().collect()),
            "chunks" | "chunks_exact" => {
                let chunks = elements.chunks(number?.max(1));
                of(chunks.map(|chunk| Value::of_parts(chunk.to_vec())).collect())
            }
            "map" | "for_each" | "filter_map" | "flat_map" => {
                let closure = first.closure?;
                let mut mapped = Vec::with_capacity(elements.len());
                for element in elements.iter() {
                    mapped.push(self.apply(closure, vec![element.clone()]));
                }
                let value = Value::of_parts(mapped).tainted(receiver.taint);
                let numbers =
                    value.parts.as_ref().is_some_and(|parts| parts.iter().all(|part| part.number.is_some()));
                if numbers && value.parts.as_ref().is_some_and(|parts| parts.len() > 3) {
                    self.folded(offset, &Value { text: value.bytes().map(Rc::from), ..Value::default() });
                    let hidden = if scrambles(&closure.body) { Taint::DECODED } else { Taint::NONE };
                    return Some(value.tainted(hidden));
                }
                Some(value)
            }
            "collect" if receiver.text.is_none() => {
                let value = match receiver.bytes() {
                    Some(bytes) if elements.iter().all(|one| one.number.is_some()) => {
                        Value::of_text(bytes).tainted(receiver.taint)
                    }
                    _ => receiver.clone(),
                };
                if elements.iter().any(|one| one.text.is_some()) {
                    let whole = Value { text: receiver.bytes().map(Rc::from), ..Value::default() };
                    self.folded(offset, &whole);
                }
                Some(value)
            }
            _ => None,
        }
    }

    fn command_method(
        &mut self,
        call: &'p ExprMethodCall,
        name: &str,
        receiver: Value<'p>,
        arguments: &[Value<'p>],
        offset: usize,
    ) -> Value<'p> {
        match name {
            "arg" | "args" | "raw_arg" => {
                let mut line = receiver.bytes().unwrap_or_default();
                for argument in arguments {
                    let words = match (&argument.text, &argument.parts) {
                        (None, Some(parts)) => {
                            let words: Vec<Vec<u8>> = parts.iter().map(one_text).collect();
                            words.join(&b" "[..])
                        }
                        _ => one_text(argument),
                    };
                    line.push(b' ');
                    line.extend_from_slice(&words);
                }
                let grown = Value { thing: Thing::Command, ..Value::of_text(line) };
                let grown = grown.tainted(receiver.taint.and(united(arguments)));
                self.change_command(call, grown.clone());
                grown
            }
            "spawn" | "output" | "status" | "exec" => self.ran(&receiver, offset),
            "env" | "envs" | "stdin" | "pipe" => {
                let grown = receiver.tainted(united(arguments));
                self.change_command(call, grown.clone());
                grown
            }
            _ => receiver,
        }
    }

    /// A builder that is not bound to a name has nothing to change.
    fn change_command(&mut self, call: &'p ExprMethodCall, value: Value<'p>) {
        if let Some(name) = root_name(&call.receiver)
            && self.names.get(&name).is_some_and(|known| known.thing == Thing::Command)
        {
            self.names.insert(name, value);
        }
    }

    fn network_method(
        &mut self,
        call: &'p ExprMethodCall,
        name: &str,
        receiver: Value<'p>,
        arguments: &[Value<'p>],
        offset: usize,
    ) -> Value<'p> {
        let taint = united(arguments);
        match name {
            "post" | "put" | "patch" | "send_to" | "write_all" | "write" | "send_json" | "send_string"
            | "send_form" | "send_bytes" | "upload" => self.note(Signal::Send, offset),
            "get" | "call" | "perform" => self.note(Signal::Fetch, offset),
            "danger_accept_invalid_certs" => self.note(Signal::TlsOff, offset),
            _ => {}
        }
        for argument in arguments {
            self.folded(offset, argument);
        }
        self.sent(taint, offset);
        let answers = matches!(
            name,
            "send"
                | "call"
                | "send_json"
                | "send_string"
                | "send_form"
                | "send_bytes"
                | "text"
                | "bytes"
                | "into_string"
                | "into_reader"
                | "into_body"
                | "json"
                | "read_to_end"
                | "read_to_string"
                | "read"
                | "read_to_vec"
                | "copy_to"
                | "into_json"
                | "body_mut"
                | "read_exact"
        );
        let back = if answers { Taint::FETCHED } else { Taint::NONE };
        self.taint_borrowed(call, receiver.taint.and(Taint::FETCHED));
        Value::of_taint(receiver.taint.and(taint).and(back)).with_thing(Thing::Network)
    }
}

/// Pairs of elements; a shorter side ends the pairing.
pub(super) fn zipped<'p>(one: &Value<'p>, two: &Value<'p>) -> Value<'p> {
    let taint = one.taint.and(two.taint);
    let (Some(left), Some(right)) = (one.elements(), two.elements()) else { return Value::of_taint(taint) };
    let pairs = left.iter().zip(right.iter());
    Value::of_parts(pairs.map(|(a, b)| Value::of_parts(vec![a.clone(), b.clone()])).collect()).tainted(taint)
}

/// A value as text: a number is a character.
fn one_text(value: &Value<'_>) -> Vec<u8> {
    match (value.lines().or_else(|| value.bytes()), value.number) {
        (Some(text), _) => text,
        (None, Some(number)) => {
            let character = u32::try_from(number).ok().and_then(char::from_u32).unwrap_or('?');
            character.to_string().into_bytes()
        }
        _ => Vec::new(),
    }
}

fn first_is_text(arguments: &[Value<'_>]) -> bool {
    arguments.first().is_some_and(|first| first.text.is_some())
}

/// True where an expression mixes bits, the way data is hidden and uncovered.
fn scrambles(expression: &Expr) -> bool {
    match expression {
        Expr::Binary(binary) => {
            matches!(binary.op, syn::BinOp::BitXor(_)) || scrambles(&binary.left) || scrambles(&binary.right)
        }
        Expr::MethodCall(call) => {
            ["wrapping_add", "wrapping_sub", "rotate_left", "rotate_right", "bitxor"]
                .iter()
                .any(|name| call.method == name)
                || scrambles(&call.receiver)
        }
        Expr::Cast(inner) => scrambles(&inner.expr),
        Expr::Paren(inner) => scrambles(&inner.expr),
        Expr::Block(block) => block.block.stmts.iter().any(|statement| match statement {
            syn::Stmt::Expr(expression, _) => scrambles(expression),
            syn::Stmt::Local(local) => local.init.as_ref().is_some_and(|init| scrambles(&init.expr)),
            _ => false,
        }),
        _ => false,
    }
}
