//! Calls: what they do with what they are given.

use super::express::{canonical, environment_variable, look};
use super::fold;
use super::interpreter::Interpreter;
use super::roles::{Role, method_role, role};
use super::value::{Callable, HOLE, Is, Origin, Origins, Value};
use crate::analyse::dictionary;
use crate::analyse::evidence::is_meant;
use crate::analyse::signal::Signal;
use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

type Named<'t> = (Option<&'t str>, Value<'t>);

/// What a call is given.
struct Given<'t> {
    at: usize,
    values: Vec<Value<'t>>,
    named: Vec<Named<'t>>,
}

impl<'t> Given<'t> {
    fn all(&self) -> impl Iterator<Item = &Value<'t>> {
        self.values.iter().chain(self.named.iter().map(|(_, value)| value))
    }

    fn first(&self) -> Option<&Value<'t>> {
        self.all().next()
    }

    fn named(&self, name: &str) -> Option<&Value<'t>> {
        self.named.iter().find(|(key, _)| *key == Some(name)).map(|(_, value)| value)
    }

    fn origins(&self) -> Origins {
        self.all().fold(Origins::NONE, |all, value| all.and(value.origins()))
    }

    fn paths(&self) -> u64 {
        self.all().fold(0, |all, value| all | value.all_paths())
    }

    /// What the call's result may be made of.
    fn blurred(&self) -> Value<'t> {
        Value { is: Is::Unknown, from: self.origins(), paths: self.paths() }
    }
}

/// What only says where something goes; it does not leave with it.
const PLACES: Origins = Origins::of(&[
    Origin::Address,
    Origin::DropHost,
    Origin::BareAddress,
    Origin::ProgramAddress,
    Origin::SecretPath,
    Origin::Hole,
    Origin::Blob,
    Origin::Temporary,
    Origin::OwnFile,
]);

/// What a call nobody knows does not hand on.
const LOST: Origins =
    Origins::of(&[Origin::Key, Origin::Environment, Origin::OwnFile, Origin::Marshalled, Origin::Typed]);

impl<'t> Interpreter<'t> {
    pub(super) fn call(&mut self, call: &'t ExprCall) -> Value<'t> {
        let at = call.range().start().to_usize();
        let (receiver, function) = match &*call.func {
            Expr::Attribute(attribute) => {
                let on = self.value(&attribute.value);
                let function = self.attribute(&on, attribute.attr.as_str());
                (Some((on, attribute)), function)
            }
            other => (None, self.value(other)),
        };
        let values = call.arguments.args.iter().map(|value| self.value(value)).collect();
        let named = call
            .arguments
            .keywords
            .iter()
            .map(|keyword| (keyword.arg.as_ref().map(|name| name.as_str()), self.value(&keyword.value)))
            .collect();
        let mut given = Given { at, values, named };
        if let Some((on, attribute)) = &receiver {
            if on.as_text().is_some() || on.items().is_some() || matches!(on.is, Is::Dict(_)) {
                return self.method(on, attribute, &given);
            }
        }
        match &function.is {
            Is::Function(callable) => {
                let callable = *callable;
                if let Callable::Function(module, method, Some(class)) = callable
                    && method
                        .parameters
                        .args
                        .first()
                        .is_some_and(|first| first.parameter.name.as_str() == "self")
                {
                    given.values.insert(0, Value::of(Is::Instance(module, class)));
                }
                self.call_function(callable, &given.values, &given.named)
            }
            Is::Class(module, class) => {
                let (module, class) = (*module, *class);
                let me = Value::of(Is::Instance(module, class));
                let mut values = vec![me.clone()];
                values.extend(given.values.iter().cloned());
                self.instantiate(module, class, &values, &given.named, &["__init__", "__new__"]);
                if class.arguments.as_ref().is_some_and(|bases| !bases.args.is_empty()) {
                    // Threads and commands run their own method.
                    self.instantiate(module, class, &values[..1], &[], &["run"]);
                }
                me.after(&given.blurred())
            }
            Is::Named(name) => {
                let name = canonical(name).to_owned();
                self.outside(
                    &name,
                    &function,
                    receiver.as_ref().map(|(on, attribute)| (on, *attribute)),
                    &given,
                )
            }
            _ => {
                self.callbacks(&given);
                match &receiver {
                    Some((on, attribute)) => self.unknown_method(on, attribute, &given),
                    None => lost(given.blurred()).after(&function.blurred()),
                }
            }
        }
    }

    /// Functions handed to something that may call them.
    fn callbacks(&mut self, given: &Given<'t>) {
        let mut found: Vec<Value<'t>> = Vec::new();
        for value in given.all() {
            match &value.is {
                Is::Function(_) | Is::Class(..) => found.push(value.clone()),
                Is::Dict(items) => {
                    let callable = items.iter().map(|(_, value)| value);
                    found.extend(
                        callable.filter(|value| matches!(value.is, Is::Function(_) | Is::Class(..))).cloned(),
                    );
                }
                _ => {}
            }
        }
        let handed =
            given.named("args").and_then(|list| list.items().map(<[Value<'t>]>::to_vec)).unwrap_or_default();
        for value in found.into_iter().take(16) {
            match value.is {
                Is::Function(callable) => {
                    self.call_function(callable, &handed, &[]);
                }
                Is::Class(module, class) => {
                    let me = [Value::of(Is::Instance(module, class))];
                    self.instantiate(
                        module,
                        class,
                        &me,
                        &[],
                        &["__init__", "initialize_options", "finalize_options", "run", "__call__"],
                    );
                }
                _ => {}
            }
        }
    }

    /// A method of a text, a list or a table.
    fn method(
        &mut self,
        on: &Value<'t>,
        attribute: &'t ruff_python_ast::ExprAttribute,
        given: &Given<'t>,
    ) -> Value<'t> {
        let name = attribute.attr.as_str();
        if matches!(name, "append" | "extend" | "insert" | "update" | "add" | "setdefault")
            && let Expr::Name(target) = &*attribute.value
        {
            if let (Is::List(items), "append", [item]) = (&on.is, name, given.values.as_slice())
                && items.len() < 5000
            {
                let mut items = items.to_vec();
                items.push(item.clone());
                let value = Value { is: Is::List(items.into()), ..on.clone() };
                self.bind(target.id.as_str(), value);
            } else {
                self.taint(target.id.as_str(), &given.blurred());
            }
            return Value::UNKNOWN;
        }
        let mut values = given.values.clone();
        values.extend(given.named.iter().map(|(_, value)| value.clone()));
        match fold::method(on, name, &values) {
            Some(value) => {
                let transforms = name == "decode"
                    && given
                        .first()
                        .and_then(Value::as_text)
                        .is_some_and(crate::analyse::decoding::is_transform);
                look(if transforms { value.with(Origin::Decoded) } else { value })
            }
            None => on.blurred().after(&given.blurred()),
        }
    }

    /// A method of an object nobody knows: it counts by its name where what it is given says enough.
    fn unknown_method(
        &mut self,
        on: &Value<'t>,
        attribute: &'t ruff_python_ast::ExprAttribute,
        given: &Given<'t>,
    ) -> Value<'t> {
        let name = attribute.attr.as_str();
        let result = lost(given.blurred()).after(&on.blurred());
        if name == "write" || name == "writelines" || name == "write_text" || name == "write_bytes" {
            self.written(on, given);
            return Value::UNKNOWN;
        }
        let addressed = given.origins().has(Origin::Address) || on.origins().has(Origin::Socket);
        match method_role(name) {
            Some(Role::Send | Role::Fetch) if addressed => self.network(given, on),
            Some(Role::Decrypt) => return result.with(Origin::Decrypted),
            Some(Role::Memory) => self.memory(given),
            _ => {}
        }
        if let Expr::Name(target) = &*attribute.value
            && matches!(name, "append" | "extend" | "update" | "add" | "add_field" | "insert" | "put")
        {
            self.taint(target.id.as_str(), &given.blurred());
        }
        result
    }

    /// A function from outside the package, by its name.
    fn outside(
        &mut self,
        name: &str,
        function: &Value<'t>,
        receiver: Option<(&Value<'t>, &'t ruff_python_ast::ExprAttribute)>,
        given: &Given<'t>,
    ) -> Value<'t> {
        let at = given.at;
        let carried = function.blurred();
        let result = |value: Value<'t>| value.after(&carried);
        if let Some(value) = self.builtin(name, given) {
            return value;
        }
        let called = || Value::named(format!("{}()", name.get(..name.len().min(160)).unwrap_or(name)));
        let Some(role) = role(name) else {
            self.callbacks(given);
            if let Some((on, attribute)) = receiver {
                let value = self.unknown_method(on, attribute, given);
                return Value { is: called().is, ..value };
            }
            return lost(given.blurred()).after(&called()).named_as(called());
        };
        let left = Self::origins_of(role);
        match role {
            Role::Fetch | Role::Send => {
                if name.ends_with("connect") && given.origins().has(Origin::Socket) {
                    return called().after(&carried);
                }
                self.network(given, function);
                self.note(if role == Role::Send { Signal::Send } else { Signal::Fetch }, at);
                let mut value = called();
                value.from = left.and(given.origins().without(PLACES)).without(LOST);
                if given.first().is_some_and(|value| value.origins().has(Origin::Identity)) {
                    value.from.add(Origin::Identity);
                }
                value
            }
            Role::Download => {
                self.network(given, function);
                self.note(Signal::Fetch, at);
                match given.values.get(1).or_else(|| given.named("filename")).or_else(|| given.named("out")) {
                    Some(target) => self.mark(&target.clone(), Origin::FetchedFile),
                    None => {}
                }
                let mut value = called().with(Origin::FetchedFile);
                value.paths = self.path_slot(at);
                self.fetched_files |= value.paths;
                value
            }
            Role::Lookup => {
                let leaving = given.origins();
                if leaving.meets(Origins::of(&[Origin::Identity, Origin::Environment, Origin::Output]))
                    && given.all().any(|value| value.as_text().is_some())
                {
                    self.note(Signal::SendsIdentity, at);
                }
                if leaving.has(Origin::DropHost) {
                    self.note(Signal::ContactsDrop, at);
                }
                called()
            }
            Role::Spawn => self.spawn(name, given),
            Role::Eval => self.evaluate(name, given),
            Role::Compile | Role::Marshal => {
                let Some(source) = given.first() else { return called() };
                let mut value = Value { from: source.from.and(left), ..source.clone() };
                if role == Role::Marshal {
                    value = value.blurred();
                }
                result(value)
            }
            Role::Decode => {
                let blurred = given.blurred();
                let value = fold::decoded(name, &given.values).unwrap_or(blurred);
                look(Value { from: value.from.and(left), ..value })
            }
            Role::Decrypt => {
                let value = given.blurred();
                Value { from: value.from.and(left).and(function.from), ..value }
            }
            Role::Capture | Role::Identity | Role::Secret | Role::Ask => {
                self.callbacks(given);
                if role == Role::Capture {
                    self.note(Signal::Clipboard, at);
                }
                Value { from: left, ..called() }
            }
            Role::Environment => Value { from: left, ..called() },
            Role::Open => self.open(name, given),
            Role::Copy => {
                let marks = self.marks(given.first());
                if let Some(target) = given.values.get(1).cloned() {
                    for origin in marks {
                        self.mark(&target, origin);
                    }
                }
                called().after(&given.blurred())
            }
            Role::Path => {
                let glued = if name.ends_with("join") || name.ends_with("Path") || name.ends_with("PurePath")
                {
                    let slash = Value::text(*b"/");
                    let parts: Vec<_> = given.values.iter().flat_map(|part| [part, &slash]).collect();
                    let count = parts.len().saturating_sub(1);
                    look(fold::glue(parts.into_iter().take(count)))
                } else {
                    given.first().cloned().unwrap_or(Value::UNKNOWN)
                };
                let slot = self.path_slot(at);
                Value { paths: glued.paths | slot, ..glued }
            }
            Role::Temporary => {
                let slot = self.path_slot(at);
                let mut value = called().after(&given.blurred());
                value.from = value.from.and(left);
                value.paths |= slot;
                value
            }
            Role::Import => {
                let module =
                    given.first().and_then(Value::whole_text).and_then(|text| std::str::from_utf8(text).ok());
                match module {
                    Some(module) => match self.module_of(module, 0) {
                        Some(module) => Value::of(Is::Module(module)),
                        None => Value::named(module.to_owned()),
                    },
                    None => called().after(&given.blurred()),
                }
            }
            Role::Duplicate => {
                if given.origins().has(Origin::Socket) {
                    self.note(Signal::ReverseShell, at);
                }
                called()
            }
            Role::Memory => {
                self.memory(given);
                called()
            }
            Role::Installer => {
                self.note(Signal::InstallsPackages, at);
                called()
            }
            Role::Pass => {
                self.callbacks(given);
                match given.first() {
                    Some(one)
                        if matches!(
                            name,
                            "str"
                                | "bytes"
                                | "repr"
                                | "list"
                                | "tuple"
                                | "bytearray"
                                | "dict"
                                | "format"
                                | "iter"
                                | "memoryview"
                        ) =>
                    {
                        self.converted(name, one)
                    }
                    _ => Value { is: called().is, ..given.blurred() },
                }
            }
        }
    }

    fn converted(&mut self, name: &str, value: &Value<'t>) -> Value<'t> {
        let is = match (name, &value.is) {
            ("bytes" | "bytearray", Is::List(items)) => {
                let bytes: Option<Vec<u8>> = items
                    .iter()
                    .map(|item| item.number().and_then(|number| u8::try_from(number).ok()))
                    .collect();
                bytes.map_or(Is::Unknown, |bytes| Is::Bytes(bytes.into()))
            }
            ("bytes" | "bytearray", Is::Text(text)) => Is::Bytes(text.clone()),
            ("str", Is::Bytes(text)) => Is::Text(text.clone()),
            ("str", Is::Number(number)) => Is::Text(number.to_string().into_bytes().into()),
            ("list" | "tuple", _) => match fold::elements(value) {
                Some(items) => Is::List(items.into()),
                None => value.is.clone(),
            },
            (_, is) => is.clone(),
        };
        let origins = value.origins();
        Value { is, from: origins, paths: value.all_paths() }
    }

    /// Functions of Python itself that build text or reach things by name.
    fn builtin(&mut self, name: &str, given: &Given<'t>) -> Option<Value<'t>> {
        let first = given.values.first();
        Some(match name {
            "chr" | "unichr" => fold::character(first?),
            "ord" => {
                let text = std::str::from_utf8(first?.whole_text()?).ok()?;
                let mut letters = text.chars();
                match (letters.next(), letters.next()) {
                    (Some(letter), None) => Value::of(Is::Number(u32::from(letter).into())).after(first?),
                    _ => first?.blurred(),
                }
            }
            "int" => {
                let value = first?;
                let radix = given.values.get(1).and_then(Value::number).unwrap_or(10);
                let number = match &value.is {
                    Is::Number(number) => Some(*number),
                    _ => std::str::from_utf8(value.whole_text().unwrap_or_default()).ok().and_then(|text| {
                        let text = text.trim().trim_start_matches("0x").trim_start_matches("0b");
                        i64::from_str_radix(
                            text,
                            u32::try_from(radix).ok().filter(|radix| (2..=36).contains(radix))?,
                        )
                        .ok()
                    }),
                };
                match number {
                    Some(number) => Value::of(Is::Number(number)).after(value),
                    None => value.blurred(),
                }
            }
            "len" => match &first?.is {
                Is::List(items) => Value::of(Is::Number(i64::try_from(items.len()).ok()?)),
                Is::Text(text) | Is::Bytes(text) => Value::of(Is::Number(i64::try_from(text.len()).ok()?)),
                _ => Value::UNKNOWN,
            },
            "range" | "xrange" => {
                let bounds: Vec<i64> = given.values.iter().map(Value::number).collect::<Option<_>>()?;
                let (from, to, step) = match bounds.as_slice() {
                    [to] => (0, *to, 1),
                    [from, to] => (*from, *to, 1),
                    [from, to, step] => (*from, *to, *step),
                    _ => return None,
                };
                if step == 0 || (to - from) / step > 100_000 {
                    return None;
                }
                let numbers = std::iter::successors(Some(from), |at| at.checked_add(step))
                    .take_while(|&at| if step > 0 { at < to } else { at > to });
                fold::list(numbers.map(|number| Value::of(Is::Number(number))).collect())
            }
            "map" => {
                let (function, over) = (given.values.first()?, fold::elements(given.values.get(1)?)?);
                if over.len() > 100_000 {
                    return None;
                }
                let function = function.clone();
                let mut out = Vec::with_capacity(over.len());
                for item in over {
                    if !self.step() {
                        break;
                    }
                    out.push(self.apply(&function, vec![item], given.at));
                }
                fold::list(out)
            }
            "reversed" => {
                let mut items = fold::elements(first?)?;
                items.reverse();
                fold::list(items)
            }
            "enumerate" => {
                let items = fold::elements(first?)?.into_iter().enumerate();
                fold::list(
                    items
                        .map(|(index, item)| {
                            fold::list(vec![Value::of(Is::Number(i64::try_from(index).unwrap_or(0))), item])
                        })
                        .collect(),
                )
            }
            "zip" | "itertools.cycle" => {
                if name == "itertools.cycle" {
                    return Some(first?.clone());
                }
                let mut lists = given.values.iter().map(fold::elements).collect::<Option<Vec<_>>>()?;
                let most = lists.iter().map(Vec::len).max()?.min(100_000);
                let cycles = lists.iter().any(|list| list.len() < most);
                let length = if cycles { most } else { lists.iter().map(Vec::len).min()? };
                lists.retain(|list| !list.is_empty());
                fold::list(
                    (0..length)
                        .map(|row| {
                            fold::list(lists.iter().map(|list| list[row % list.len()].clone()).collect())
                        })
                        .collect(),
                )
            }
            "getattr" => {
                let attribute =
                    given.values.get(1)?.whole_text().and_then(|text| std::str::from_utf8(text).ok());
                let Some(attribute) = attribute else { return Some(given.blurred()) };
                // The name must outlive the text it was folded from.
                let name: &'t str = self.keep(attribute);
                let value = self.attribute(first?, name);
                self.hidden(value, given.at)
            }
            "globals" | "locals" | "vars" if given.values.is_empty() => Value::named(format!("{name}()")),
            "vars" => Value::named(format!("{}.__dict__", first?.name()?)),
            "os.getenv" | "os.environ.get" | "environ.get" => {
                match first?.whole_text().and_then(|text| std::str::from_utf8(text).ok()) {
                    Some(name) => environment_variable(name),
                    None => Value::named("os.environ[]"),
                }
            }
            "open().read" | "tuple" if name == "open().read" => return None,
            "setuptools.setup" | "distutils.core.setup" | "setup" => {
                self.callbacks(given);
                Value::UNKNOWN
            }
            "socket.socket" | "socket.create_connection" => {
                let mut value = Value::named(format!("{name}()"));
                value.from.add(Origin::Socket);
                if name.ends_with("connection") {
                    self.contact(given);
                }
                value
            }
            "socket.socket().connect" | "socket.socket().connect_ex" => {
                self.contact(given);
                self.note(Signal::Send, given.at);
                Value::UNKNOWN
            }
            "ssl.wrap_socket"
            | "ssl.create_default_context().wrap_socket"
            | "ssl.SSLContext().wrap_socket" => {
                let mut value = Value::named("socket.socket()");
                value.from.add(Origin::Socket);
                value
            }
            _ => return None,
        })
    }

    fn apply(&mut self, function: &Value<'t>, values: Vec<Value<'t>>, at: usize) -> Value<'t> {
        match &function.is {
            Is::Function(callable) => self.call_function(*callable, &values, &[]),
            Is::Named(name) => {
                let name = canonical(name).to_owned();
                let given = Given { at, values, named: Vec::new() };
                self.outside(&name, function, None, &given)
            }
            _ => Given { at, values, named: Vec::new() }.blurred(),
        }
    }

    /// What leaves the machine with a call, and where to.
    fn network(&mut self, given: &Given<'t>, through: &Value<'t>) {
        let at = given.at;
        let mut leaving = Origins::NONE;
        let mut place = through.origins();
        for value in given.all() {
            let origins = value.origins();
            place = place.and(origins);
            // The address of a service that tells one's own address is no secret of this machine.
            let is_plain = value.whole_text().is_some();
            leaving = leaving.and(if is_plain { Origins::NONE } else { origins });
        }
        let flows = [
            (Origin::Identity, Signal::SendsIdentity),
            (Origin::Environment, Signal::SendsEnvironment),
            (Origin::Secret, Signal::SendsSecret),
            (Origin::Key, Signal::SendsKey),
            (Origin::Capture, Signal::SendsCapture),
            (Origin::Output, Signal::SendsOutput),
            (Origin::File, Signal::SendsFile),
        ];
        for (origin, signal) in flows {
            if leaving.has(origin) {
                self.note(signal, at);
            }
        }
        if given.paths() & self.secret_files != 0 {
            self.note(Signal::SendsSecret, at);
        }
        self.places(place, at);
    }

    fn places(&mut self, place: Origins, at: usize) {
        if place.has(Origin::DropHost) {
            self.note(Signal::ContactsDrop, at);
        }
        if place.has(Origin::BareAddress) {
            self.note(Signal::ContactsAddress, at);
        }
        if place.has(Origin::ProgramAddress) {
            self.note(Signal::FetchesProgram, at);
        }
    }

    fn contact(&mut self, given: &Given<'t>) {
        let mut place = given.origins();
        if let Some(items) = given.first().and_then(Value::items)
            && let Some(host) = items.first().and_then(Value::whole_text)
            && super::express::is_bare(host)
        {
            place.add(Origin::BareAddress);
        }
        self.places(place, given.at);
    }

    fn memory(&mut self, given: &Given<'t>) {
        self.note(Signal::Shellcode, given.at);
    }

    /// Marks a path as holding what was fetched, decoded or secret.
    fn mark(&mut self, path: &Value<'t>, origin: Origin) {
        let slots = path.all_paths();
        match origin {
            Origin::FetchedFile => self.fetched_files |= slots,
            Origin::DecodedFile => self.decoded_files |= slots,
            _ => self.secret_files |= slots,
        }
        if let Some(text) = path.as_text()
            && self.written.len() < 64
        {
            self.written.push((text.into(), origin));
        }
    }

    /// What the file at a path holds.
    fn marks(&self, path: Option<&Value<'t>>) -> Vec<Origin> {
        let Some(path) = path else { return Vec::new() };
        let (slots, origins) = (path.all_paths(), path.origins());
        let text = path.as_text().unwrap_or_default();
        let mut found = Vec::new();
        let mut add = |is: bool, origin| {
            if is {
                found.push(origin);
            }
        };
        let written = |origin: Origin| {
            self.written.iter().any(|(known, of)| {
                let name = known.rsplit(|&byte| matches!(byte, b'/' | b'\\' | HOLE)).next().unwrap_or(known);
                *of == origin && name.len() > 2 && memchr::memmem::find(text, name).is_some()
            })
        };
        add(
            slots & self.fetched_files != 0
                || origins.has(Origin::FetchedFile)
                || written(Origin::FetchedFile),
            Origin::FetchedFile,
        );
        add(
            slots & self.decoded_files != 0
                || origins.has(Origin::DecodedFile)
                || written(Origin::DecodedFile),
            Origin::DecodedFile,
        );
        add(slots & self.secret_files != 0 || origins.has(Origin::SecretPath), Origin::SecretPath);
        found
    }

    fn open(&mut self, name: &str, given: &Given<'t>) -> Value<'t> {
        let path = given.first().cloned().unwrap_or(Value::UNKNOWN);
        let mut value = Value::named("open()").after(&path.blurred());
        value.from = value.from.without(Origins::of(&[Origin::Address, Origin::Hole]));
        value.from.add(Origin::File);
        for mark in self.marks(Some(&path)) {
            match mark {
                Origin::FetchedFile => value.from.add(Origin::Fetched),
                Origin::DecodedFile => value.from.add(Origin::Decoded),
                _ => value.from.add(Origin::Secret),
            }
        }
        if name == "open" || name == "codecs.open" || name == "io.open" {
            let mode =
                given.values.get(1).or_else(|| given.named("mode")).and_then(Value::as_text).unwrap_or(b"r");
            let writes = mode.iter().any(|byte| matches!(byte, b'w' | b'a' | b'x' | b'+'));
            if writes {
                let slot = self.path_slot(given.at);
                value.paths |= slot;
                value.from = value.from.without(Origins::of(&[Origin::File, Origin::Fetched]));
                // A handle remembers the constant name it was opened by.
                if let Some(text) = path.as_text() {
                    self.handles.insert(value.paths & slot, text.into());
                }
            }
        }
        value
    }

    /// `handle.write(data)`.
    fn written(&mut self, handle: &Value<'t>, given: &Given<'t>) {
        let data = given.origins();
        let mut origins = Vec::new();
        if data.has(Origin::Fetched) {
            origins.push(Origin::FetchedFile);
        }
        if data.meets(Origins::of(&[Origin::Decoded, Origin::Decrypted])) {
            origins.push(Origin::DecodedFile);
        }
        if data.meets(Origins::of(&[Origin::Secret, Origin::Capture])) {
            origins.push(Origin::SecretPath);
        }
        let names: Vec<_> = self
            .handles
            .iter()
            .filter(|(slot, _)| handle.paths & **slot != 0)
            .map(|(_, name)| name.clone())
            .collect();
        for origin in origins {
            self.mark(handle, origin);
            for name in &names {
                self.written.push((name.clone(), origin));
            }
            if origin == Origin::FetchedFile {
                self.note(Signal::DropsFetched, given.at);
            }
        }
        // A script that the program writes runs later; what it holds is read now.
        if let Some(text) = given.first().and_then(Value::as_text)
            && text.len() > 40
        {
            let text = text.to_vec();
            self.words(&text, given.at);
            if memchr::memmem::find(&text, b"import ").is_some() {
                self.run_apart(&text, given.at);
            }
        }
    }

    /// Starting a program.
    fn spawn(&mut self, name: &str, given: &Given<'t>) -> Value<'t> {
        let at = given.at;
        self.note(Signal::Spawn, at);
        let command = match given.values.first().or_else(|| given.named("args")) {
            Some(value) => value.clone(),
            None => Value::UNKNOWN,
        };
        let whole = match &command.is {
            Is::List(items) => {
                let space = Value::text(*b" ");
                fold::glue(items.iter().flat_map(|item| [item, &space]))
            }
            _ if given.values.len() > 1 && !name.starts_with("subprocess") => {
                let space = Value::text(*b" ");
                fold::glue(given.values.iter().flat_map(|item| [item, &space]))
            }
            _ => command.clone(),
        };
        let origins = whole.origins().and(command.origins());
        if origins.has(Origin::Fetched) {
            self.note(Signal::RemoteOrders, at);
        }
        if given.all().any(|value| value.origins().has(Origin::Socket)) {
            self.note(Signal::ReverseShell, at);
        }
        for mark in self.marks(Some(&whole)) {
            match mark {
                Origin::FetchedFile => self.note(Signal::RunsFetched, at),
                Origin::DecodedFile => self.note(Signal::RunsDecoded, at),
                _ => {}
            }
        }
        if origins.meets(Origins::of(&[Origin::Decoded, Origin::Decrypted])) {
            self.note(Signal::RunsDecoded, at);
        }
        if let Some(text) = whole.as_text() {
            let text = text.to_vec();
            self.command(&text, at);
        }
        let mut value = Value::named(format!("{name}()"));
        value.from.add(Origin::Output);
        if origins.has(Origin::Identity) {
            value.from.add(Origin::Identity);
        }
        value
    }

    /// A command line: its words, and the programs written into it.
    fn command(&mut self, text: &[u8], at: usize) {
        self.words(text, at);
        let has = |word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
        if has("pip install") || has("-m pip") {
            self.note(Signal::InstallsPackages, at);
        }
        if let Some(start) = memchr::memmem::find(text, b" -c ")
            && has("python")
        {
            let code = text[start + 4..].trim_ascii();
            let code = match code.first() {
                Some(quote @ (b'"' | b'\'')) => {
                    let end = memchr::memrchr(*quote, code).filter(|&end| end > 0).unwrap_or(code.len());
                    &code[1..end]
                }
                _ => code,
            };
            self.run_apart(&code.to_vec(), at);
        }
        // PowerShell takes its programs as base64 of UTF-16.
        for word in text.split(u8::is_ascii_whitespace).filter(|word| word.len() > 60) {
            let trimmed: Vec<u8> =
                word.iter().copied().filter(|byte| !matches!(byte, b'"' | b'\'')).collect();
            if let Some(decoded) = crate::analyse::decoding::base64(&trimmed) {
                let plain: Vec<u8> = decoded.iter().copied().filter(|&byte| byte != 0).collect();
                let printable =
                    plain.iter().filter(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()).count();
                if printable * 10 > plain.len() * 9 {
                    self.note(Signal::Decode, at);
                    self.words(&plain, at);
                }
            }
        }
    }

    /// The signals of the words in a text that was not written where it is used.
    pub(super) fn words(&mut self, text: &[u8], at: usize) {
        for word in dictionary::search(text) {
            let signal = word.decoded_signal();
            if is_meant(signal, text, word.start, word.end) {
                self.note(signal, at);
            }
        }
    }

    /// Walks a program that another process runs: its names are its own.
    fn run_apart(&mut self, text: &[u8], at: usize) {
        self.run_text(text, at);
    }

    /// Running text as Python.
    fn evaluate(&mut self, name: &str, given: &Given<'t>) -> Value<'t> {
        let at = given.at;
        let Some(source) = given.values.first().cloned() else { return Value::UNKNOWN };
        let origins = source.origins();
        if name != "types.FunctionType" {
            if origins.has(Origin::Fetched) {
                self.note(Signal::EvalFetched, at);
            }
            if origins.meets(Origins::of(&[Origin::Decoded, Origin::Decrypted])) {
                self.note(Signal::EvalDecoded, at);
            }
            if origins.has(Origin::File) && !origins.has(Origin::Fetched) {
                self.note(Signal::EvalFile, at);
            }
        }
        if origins.has(Origin::Marshalled) {
            self.note(Signal::OpaqueCode, at);
        }
        let Some(text) = source.whole_text() else {
            return source.blurred();
        };
        let text = text.to_vec();
        if text.len() > 60
            && (origins.meets(Origins::of(&[Origin::Decoded, Origin::Decrypted])) || self.is_inside_text())
        {
            self.words(&text, at);
        }
        self.run_text(&text, at).unwrap_or(Value::UNKNOWN)
    }
}

impl<'t> Value<'t> {
    fn named_as(self, name: Value<'t>) -> Value<'t> {
        Value { is: name.is, ..self }
    }
}

fn lost(value: Value<'_>) -> Value<'_> {
    Value { from: value.from.without(LOST), ..value }
}
