//! Calls: what they do with what they are given.

use super::express::{canonical, look, variable_of};
use super::fold;
use super::given::Given;
use super::interpreter::Interpreter;
use super::roles::{Role, method_role, role};
use super::value::{Callable, Is, Origin, Origins, Value};
use crate::analyse::signal::Signal;
use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::Ranged;

/// What a call nobody knows does not hand on.
const LOST: Origins =
    Origins::of(&[Origin::Key, Origin::Environment, Origin::OwnFile, Origin::Marshalled, Origin::Typed]);

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
        let given = Given { at, values, named };
        if let Some((on, attribute)) = &receiver
            && (on.as_text().is_some() || on.items().is_some() || matches!(on.is, Is::Dict(_)))
        {
            return self.method(on, attribute, &given);
        }
        match &function.is {
            Is::Function(callable) => {
                let callable = *callable;
                // `Class.method(object, …)` hands over the object itself.
                let by_class = receiver.as_ref().is_some_and(|(on, _)| matches!(on.is, Is::Class(..)));
                let takes_itself = matches!(callable, Callable::Function(_, method, Some(_)) if method
                    .parameters
                    .args
                    .first()
                    .is_some_and(|first| first.parameter.name.as_str() == "self"));
                let values = given.values.get(usize::from(by_class && takes_itself)..).unwrap_or_default();
                self.call_function(callable, values, &given.named)
            }
            Is::Class(module, class) => {
                let (module, class) = (*module, *class);
                let me = Value::of(Is::Instance(module, class));
                self.instantiate(module, class, &given.values, &given.named, &["__init__", "__new__"]);
                if class.arguments.as_ref().is_some_and(|bases| !bases.args.is_empty()) {
                    // Threads and commands run their own method.
                    self.instantiate(module, class, &[], &[], &["run"]);
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
    pub(super) fn callbacks(&mut self, given: &Given<'t>) {
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
                    self.instantiate(
                        module,
                        class,
                        &[],
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
            } else if let (Is::List(_), "extend", Some(more)) = (&on.is, name, given.first()) {
                let longer = fold::binary(ruff_python_ast::Operator::Add, on, more);
                self.bind(target.id.as_str(), longer);
            } else if let (Is::List(_), "insert") = (&on.is, name) {
                self.bind(target.id.as_str(), on.blurred().after(&given.blurred()));
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
        if matches!(name, "get" | "pop")
            && let Some(variable) = variable_of(on, given.first())
        {
            return variable;
        }
        let mut on_it = on.blurred();
        if uses_a_key_up(name) {
            on_it.from = on_it.from.without(Origins::of(&[Origin::Key]));
        }
        // Who is at which end of a connection did not come through it.
        if matches!(name, "getsockname" | "getpeername") {
            on_it.from = on_it.from.without(Origins::of(&[Origin::Socket]));
        }
        let result = lost(given.blurred()).after(&on_it);
        if name == "write" || name == "writelines" || name == "write_text" || name == "write_bytes" {
            self.written(on, given);
            return Value::UNKNOWN;
        }
        // A parser of settings holds what the file holds that it read.
        if name == "read"
            && given.origins().has(Origin::SecretPath)
            && let Expr::Name(target) = &*attribute.value
        {
            self.taint(target.id.as_str(), &Value::UNKNOWN.with(Origin::Secret));
        }
        let reaches = Origins::of(&[Origin::Socket, Origin::DropHost]);
        let addressed = given.origins().has(Origin::Address) || on.origins().meets(reaches);
        match method_role(name) {
            Some(Role::Send | Role::Fetch) if addressed && !is_queue(&attribute.value) => {
                self.network(given, on)
            }
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
    pub(super) fn outside(
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
                let named = || given.named("filename").or_else(|| given.named("out"));
                if let Some(target) = given.values.get(1).or_else(named) {
                    self.mark(&target.clone(), Origin::FetchedFile);
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
                // What comes through the standard input is from whoever started the program.
                let is_piped = given
                    .first()
                    .and_then(Value::name)
                    .is_some_and(|name| name.trim_start_matches("sys.").starts_with("stdin."));
                let left = if is_piped { Origins::NONE } else { left };
                let value = look(Value { from: value.from.and(left), ..value });
                let is_address = |text: &[u8]| text.starts_with(b"https://") || text.starts_with(b"http://");
                if value.whole_text().is_some_and(is_address) && !value.from.has(Origin::Parameter) {
                    self.note(Signal::HiddenAddress, at);
                }
                value
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
                Value { from: left.and(whose(name)), ..called() }
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
                    // What comes in by the socket is what the next program reads.
                    if given.values.get(1).and_then(Value::number) == Some(0) {
                        self.note(Signal::RemoteOrders, at);
                    }
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
                // Whoever writes a request with something in it sends it.
                let says =
                    given.values.len() > 1 || given.named("data").is_some() || given.named("json").is_some();
                let mut places =
                    given.sent().filter(|value| value.whole_text().is_some() && !given.is_body(value));
                if says && name.ends_with(".Request") && places.any(|value| self.is_hidden_address(value)) {
                    self.note(Signal::HiddenHost, at);
                }
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
                    None if matches!(name, "str" | "bytes") => Value::text(*b""),
                    _ => Value { is: called().is, ..given.blurred() },
                }
            }
        }
    }
}

/// True for what is named as threads name what they hand one another work by: to `put` there sends nothing away.
fn is_queue(expression: &Expr) -> bool {
    let name = match expression {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return false,
    };
    let name = name.to_ascii_lowercase();
    name == "q" || name.ends_with("queue")
}

impl<'t> Value<'t> {
    fn named_as(self, name: Value<'t>) -> Value<'t> {
        Value { is: name.is, ..self }
    }
}

/// Whether a function that identifies tells of the machine or of its user.
fn whose(name: &str) -> Origins {
    const USERS: [&str; 6] = [
        "getpass.getuser",
        "os.getlogin",
        "psutil.users",
        "pwd.getpwuid",
        "win32api.GetUserName",
        "ctypes.windll.advapi32.GetUserNameW",
    ];
    const HOSTS: [&str; 6] = [
        "socket.gethostname",
        "socket.getfqdn",
        "platform.node",
        "platform.uname",
        "os.uname",
        "win32api.GetComputerName",
    ];
    match name {
        _ if USERS.contains(&name) => Origins::of(&[Origin::User]),
        _ if HOSTS.contains(&name) => Origins::of(&[Origin::Host]),
        _ => Origins::NONE,
    }
}

/// True for what is done with a key and does not tell it: signing, deciphering, naming its public half.
fn uses_a_key_up(method: &str) -> bool {
    ["sign", "verify", "crypt", "public", "pubkey", "address", "exchange", "fingerprint", "digest"]
        .iter()
        .any(|deed| method.contains(deed))
}

fn lost(value: Value<'_>) -> Value<'_> {
    Value { from: value.from.without(LOST), ..value }
}
