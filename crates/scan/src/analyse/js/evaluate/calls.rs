//! What calls give back, and what their arguments tell.

use super::super::builtins;
use super::super::ir::{Id, Key, Node, Symbol};
use super::super::roles;
use super::super::value::{Is, Origin, Origins, Value};
use super::{Callee, Evaluator, LONGEST_NAME, named_member};
use std::rc::Rc;

impl Evaluator<'_> {
    pub(super) fn call(&mut self, id: Id, callee: Id, arguments: &Rc<[Id]>, new: bool) -> Value {
        let program = self.program;
        let target = self.callee(callee);
        let given = target.arguments(arguments);
        let arguments: Vec<Value> = given.iter().map(|&argument| self.value(argument)).collect();
        let from = arguments.iter().fold(Origins::NONE, |from, argument| from.and(argument.from));
        match &target.value.is {
            Is::Named(name) => self.named_call(id, &target, name, &arguments, from),
            Is::Function(function) if !new => {
                if !arguments.is_empty()
                    && arguments.iter().all(Value::is_known)
                    && let Some(value) = self.runner.call(program.file_of(id), *function, &arguments)
                {
                    return Self::built(value.with(from));
                }
                // Where the arguments end up is known only of those that are written one by one.
                let apart = !target.applied && arguments.len() == given.len() && !self.spreads(given);
                let handed = apart.then_some(arguments.as_slice());
                let mut all = Value::default();
                for &returned in program.functions[*function as usize].returns.iter().take(12) {
                    let value = self.returned(*function, returned, handed);
                    all = all.or(&value);
                }
                let text = program.functions[*function as usize].returns.len() == 1 && !all.is_known();
                if text && arguments.is_empty() && all.from == Origins::NONE {
                    return self.runner.call(program.file_of(id), *function, &[]).map_or(all, Self::built);
                }
                all
            }
            Is::Instance(file) => Value { is: Is::Instance(*file), from },
            _ => {
                if let Some(owner) = &target.owner
                    && let Some(value) = builtins::method(owner, &target.method, &arguments)
                {
                    return Self::built(value);
                }
                if let Some(owner) = target.owner.as_ref().filter(|owner| owner.is_known())
                    && arguments.iter().any(|argument| matches!(argument.is, Is::Function(_)))
                    && let Some(value) =
                        self.runner.method(program.file_of(id), owner, &target.method, &arguments)
                {
                    return Self::built(value.with(owner.from));
                }
                let owner = target.owner.map_or(Origins::NONE, |owner| owner.from);
                let mut from = owner.and(from).and(target.value.from);
                if !roles::carries(&target.method) {
                    from = from.without(Origins::of(&[Origin::Key]));
                }
                if is_test(&target.method) {
                    Value::default()
                } else {
                    Value::unknown(from.without(Origins::of(&[Origin::Hidden])))
                }
            }
        }
    }

    fn spreads(&self, arguments: &[Id]) -> bool {
        arguments.iter().any(|&argument| matches!(self.program.nodes[argument as usize], Node::Spread(_)))
    }

    /// What a function hands back. Where that is a parameter as it came, it is what this one call gave, whatever
    /// others give: `or_else(options.port, 0)` is a port beside `or_else(options.env, process.env)`.
    fn returned(&mut self, function: u32, returned: Id, handed: Option<&[Value]>) -> Value {
        const MOST: usize = 24;
        let Some(handed) = handed else { return self.value(returned) };
        let program = self.program;
        let parameters = &program.functions[function as usize].parameters;
        let mut all: Option<Value> = None;
        let mut waiting = vec![returned];
        for _ in 0..MOST {
            let Some(next) = waiting.pop() else { return all.unwrap_or_default() };
            let value = match &program.nodes[next as usize] {
                Node::Choice(_, one, other) | Node::Either(one, other) => {
                    waiting.extend([*one, *other]);
                    continue;
                }
                Node::Name(symbol) if self.is_as_it_came(*symbol) => {
                    match parameters.iter().position(|parameter| *parameter == Some(*symbol)) {
                        Some(index) => handed.get(index).cloned().unwrap_or_default(),
                        None => self.value(next),
                    }
                }
                _ => self.value(next),
            };
            all = Some(all.map_or_else(|| value.clone(), |known| known.or(&value)));
        }
        self.value(returned)
    }

    /// True where nothing but calls ever gave a name its value.
    fn is_as_it_came(&self, symbol: Symbol) -> bool {
        let program = self.program;
        program.definitions.get(symbol as usize).is_none_or(Vec::is_empty)
            && !program.fields.contains_key(&symbol)
            && !program.keys.contains(&symbol)
            && !self.added.contains_key(&symbol)
    }

    pub(super) fn named_call(
        &mut self,
        id: Id,
        target: &Callee,
        name: &str,
        arguments: &[Value],
        from: Origins,
    ) -> Value {
        let owner = target
            .owner
            .as_ref()
            .map_or(Origins::NONE, |owner| owner.from)
            .without(Origins::of(&[Origin::Hidden]));
        if is_require(name) {
            return arguments.first().map(|source| self.required(id, source)).unwrap_or_default();
        }
        // What machine code computes is not what it was loaded from.
        if name.starts_with("WebAssembly.") {
            return Value::named(format!("{name}()"));
        }
        match name {
            "util.promisify" | "Object.freeze" | "Object.assign" | "Promise.resolve" | "promisify"
            | "Symbol" => {
                return arguments.first().cloned().unwrap_or_default().with(from);
            }
            "Promise.all" | "Promise.allSettled" | "Promise.race" | "Object.values" | "Object.entries" => {
                return Value::unknown(from);
            }
            "process.binding" => {
                if let Some(text) = arguments.first().and_then(Value::as_text) {
                    return Value::named(format!("process.binding({text})"));
                }
            }
            "Reflect.get" => {
                if let [object, key, ..] = arguments
                    && let Some(key) = key.as_text()
                {
                    return named_member(object, key, Origins::of(&[Origin::Hidden]));
                }
            }
            "Object.getOwnPropertyDescriptor" => {
                if let [object, key, ..] = arguments
                    && let Some(key) = key.as_text()
                {
                    let value = named_member(object, key, Origins::of(&[Origin::Hidden]));
                    return Value {
                        is: Is::Record(Rc::new(vec![("value".into(), value)])),
                        from: Origins::NONE,
                    };
                }
            }
            _ => {}
        }
        if let Some(value) = builtins::function(name, arguments) {
            return Self::built(value);
        }
        if is_test(&target.method) {
            return Value::default();
        }
        let called: Rc<str> = format!("{name}()").into();
        let mut own = roles::origin(&called).and(roles::transform(name));
        if roles::is_read(name) {
            let path = arguments.first().map_or(Origins::NONE, |path| path.from);
            own = own.and(match (path.has(Origin::SecretPath), path.has(Origin::TokenPath)) {
                (true, _) => Origins::of(&[Origin::Secret]),
                (false, true) => Origins::of(&[Origin::Token]),
                (false, false) => Origins::of(&[Origin::File]),
            });
        }
        if let Some(network) = roles::network(name)
            && let Some(address) = network.address.and_then(|index| arguments.get(index))
            && is_fixed(address)
        {
            own = own.and(Origins::of(&[Origin::FixedSource]));
        }
        if roles::is_spawn(name) {
            own = own.and(of_output(arguments));
        }
        let decodes = matches!(name, "Buffer.from" | "Buffer")
            && arguments.len() > 1
            && arguments[1]
                .as_text()
                .is_some_and(|encoding| matches!(&**encoding, "base64" | "hex" | "base64url"));
        if decodes {
            own = own.and(Origins::of(&[Origin::Decoded]));
        }
        // Sending data does not make the answer carry it.
        let from = if roles::network(name).is_some() { Origins::NONE } else { from };
        let mut from = own.and(owner).and(from).without(Origins::of(&[Origin::Hidden]));
        if !roles::carries(name) {
            from = from.without(Origins::of(&[Origin::Key]));
        }
        let is = if called.len() > LONGEST_NAME { Is::Unknown } else { Is::Named(called) };
        Value { is, from }
    }

    /// What a call calls, seen through `call`, `apply`, `bind` and the like.
    pub(in super::super) fn callee(&mut self, callee: Id) -> Callee {
        let program = self.program;
        let (mut value, mut owner, mut method, mut skip) = (self.value(callee), None, Rc::from(""), 0);
        if let Node::Member(object, key) = &program.nodes[callee as usize] {
            let named = self.key(key);
            let object = *object;
            let object_value = self.value(object);
            if let Some((name, _)) = named {
                let through =
                    !matches!(object_value.is, Is::Unknown | Is::Text(_) | Is::List(_) | Is::Record(_));
                if through && matches!(&*name, "call" | "apply" | "bind") {
                    let inner = self.callee(object);
                    return Callee { skip: 1, applied: &*name == "apply", ..inner };
                }
                method = name;
            }
            owner = Some(object_value);
        }
        // `f.bind(…)()` calls f.
        if let Node::Call { callee: inner, arguments, .. } = &program.nodes[callee as usize]
            && let Node::Member(object, Key::Plain(name)) = &program.nodes[*inner as usize]
            && &**name == "bind"
        {
            let bound = self.callee(*object);
            value = bound.value;
            owner = bound.owner;
            method = bound.method;
            skip = 0;
            let _ = arguments;
        }
        Callee { value, owner, method, skip, applied: false }
    }

    /// What a call hands to the functions among its arguments.
    pub(super) fn given(&mut self, call: Id) -> Value {
        let Node::Call { callee, arguments, .. } = &self.program.nodes[call as usize] else {
            return Value::default();
        };
        let target = self.callee(*callee);
        let owner = target.owner.as_ref().map_or(Origins::NONE, |owner| owner.from);
        if let Some(Value { is: Is::List(list), .. }) = &target.owner
            && matches!(&*target.method, "forEach" | "map" | "filter" | "some" | "every" | "find" | "flatMap")
        {
            return match list.as_slice() {
                [only] => only.clone(),
                _ => Value::unknown(owner),
            };
        }
        let outcome = match target.value.as_name() {
            // Routes of a server are given what their callers send, not what the server knows.
            Some(_) => self.value(call).from,
            None => {
                let mut from = owner;
                for &argument in arguments.iter() {
                    if !matches!(self.program.nodes[argument as usize], Node::Function(_)) {
                        let value = self.value(argument);
                        from = from
                            .and(value.from.without(Origins::of(&[Origin::SecretPath, Origin::TokenPath])));
                    }
                }
                from
            }
        };
        Value::unknown(owner.and(outcome).without(Origins::of(&[Origin::Hidden])))
    }
}

pub(super) fn of_output(arguments: &[Value]) -> Origins {
    let mut from = Origins::of(&[Origin::Output]);
    let command = arguments.iter().take(2).filter_map(Value::shown).collect::<Vec<_>>().join(" ");
    let first = command.split([' ', ',']).next().unwrap_or_default();
    if matches!(first, "env" | "printenv" | "set") {
        from = from.and(Origins::of(&[Origin::Environment]));
    }
    if matches!(first, "whoami" | "hostname" | "id" | "uname" | "ifconfig" | "ipconfig" | "systeminfo") {
        from = from.and(Origins::of(&[Origin::Identity]));
    }
    let reads = matches!(first, "cat" | "type" | "less" | "head" | "tail" | "tar" | "zip" | "find" | "grep");
    let paths = arguments.iter().fold(Origins::NONE, |from, argument| from.and(argument.from));
    if reads && paths.has(Origin::SecretPath) || mints(&command) {
        from = from.and(Origins::of(&[Origin::Secret]));
    }
    if reads && paths.has(Origin::TokenPath) {
        from = from.and(Origins::of(&[Origin::Token]));
    }
    from
}

/// True for an address whose host stands in the code.
pub(super) fn is_fixed(address: &Value) -> bool {
    match &address.is {
        Is::Text(text) => text.split_once("://").is_some_and(|(_, rest)| {
            let host = rest.split('/').next().unwrap_or(rest);
            !host.is_empty() && !host.contains(crate::analyse::js::value::HOLE)
        }),
        Is::Record(options) => options.iter().any(|(key, value)| {
            matches!(&**key, "host" | "hostname" | "url" | "uri" | "baseURL")
                && value
                    .as_text()
                    .is_some_and(|text| !text.contains(crate::analyse::js::value::HOLE) && text.len() > 3)
        }),
        _ => false,
    }
}

/// True for commands that print a token or a password.
pub(super) fn mints(command: &str) -> bool {
    crate::analyse::evidence::of_command(&command.replace(',', " "))
        .has(crate::analyse::signal::Signal::MintCredential)
}

/// Questions about a value whose answers do not carry it.
pub(super) fn is_test(method: &str) -> bool {
    matches!(
        method,
        "includes"
            | "startsWith"
            | "endsWith"
            | "test"
            | "indexOf"
            | "has"
            | "existsSync"
            | "exists"
            | "accessSync"
            | "access"
            | "statSync"
            | "isDirectory"
            | "isFile"
            | "some"
            | "every"
            | "hasOwnProperty"
    )
}

pub(super) fn is_require(name: &str) -> bool {
    matches!(
        name,
        "require"
            | "module.require"
            | "process.mainModule.require"
            | "module.createRequire()"
            | "createRequire()"
            | "Module._load"
            | "module._load"
            | "module.Module._load"
            | "process.getBuiltinModule"
            | "__non_webpack_require__"
            | "nodeRequire"
    )
}
