//! What well-known functions and macros do with their arguments.

use super::eval::{Walk, names_secret, root_name, signals_of};
use super::value::{Taint, Thing, Value, from_base64, from_hex};
use crate::analyse::signal::{Signal, Signals};
use syn::{Expr, ExprCall};

/// Crates whose whole purpose is the network.
const NETWORK_CRATES: [&str; 17] = [
    "reqwest",
    "ureq",
    "minreq",
    "attohttpc",
    "isahc",
    "curl",
    "surf",
    "hyper",
    "hyper_util",
    "awc",
    "tungstenite",
    "tokio_tungstenite",
    "lettre",
    "ssh2",
    "suppaftp",
    "hickory_resolver",
    "trust_dns_resolver",
];
/// Types of the standard library and of tokio that reach the network.
const NETWORK_TYPES: [&str; 3] = ["TcpStream", "UdpSocket", "ToSocketAddrs"];

impl<'p> Walk<'p> {
    pub(super) fn function_call(&mut self, call: &'p ExprCall) -> Value<'p> {
        let arguments: Vec<Value<'p>> = call.args.iter().map(|argument| self.value(argument)).collect();
        let Expr::Path(path) = &*call.func else {
            let called = self.value(&call.func);
            return match called.closure {
                Some(closure) => self.apply(closure, arguments),
                None => Value::of_taint(united(&arguments).and(called.taint)),
            };
        };
        let offset = self.place(&call.func);
        let whole = self.program.resolve(self.home, &path.path);
        let last = whole.rsplit("::").next().unwrap_or_default();
        if path.path.segments.len() == 1
            && let Some(closure) = self.names.get(last).and_then(|value| value.closure)
        {
            return self.apply(closure, arguments);
        }
        if !whole.starts_with("std::")
            && let Some(own) = self.own_function(last, arguments.len())
        {
            return self.call(own, arguments);
        }
        self.known_function(&whole, offset, call, arguments)
    }

    fn own_function(&self, name: &str, arguments: usize) -> Option<usize> {
        let takes = |index: usize| {
            self.program
                .functions
                .get(index)
                .is_some_and(|function| function.signature.inputs.len() == arguments)
        };
        self.program.named(name).find(|&index| takes(index))
    }

    fn known_function(
        &mut self,
        whole: &str,
        offset: usize,
        call: &'p ExprCall,
        arguments: Vec<Value<'p>>,
    ) -> Value<'p> {
        let parts: Vec<&str> = whole.split("::").collect();
        let (last, owner) = match parts.as_slice() {
            [] => return Value::default(),
            [last] => (*last, ""),
            [.., owner, last] => (*last, *owner),
        };
        let taint = united(&arguments);
        let first = arguments.first().cloned().unwrap_or_default();
        match (owner, last) {
            ("Command", "new") => return self.new_command(first),
            ("env", "vars" | "vars_os") => {
                self.note(Signal::EnvironmentWhole, offset);
                return Value::of_taint(Taint::ENVIRONMENT);
            }
            ("env", "var" | "var_os") => return self.environment(&first, offset),
            ("env", "home_dir") | ("dirs" | "home" | "dirs_next", _) => {
                self.note(Signal::HomeFolder, offset);
                return Value::of_taint(Taint::HOME);
            }
            ("fs", "read" | "read_to_string" | "read_dir") | ("File", "open") => {
                return self.opened(&first, offset);
            }
            ("fs", "write" | "copy" | "rename" | "hard_link") | ("File", "create") => {
                let data = arguments.get(1).cloned().unwrap_or_default();
                let (path, data) =
                    if last == "write" || owner == "File" { (first, data) } else { (data, first) };
                return self.written_to(&path, &data, offset, call.args.first());
            }
            ("fs", "remove_dir_all") if first.taint.meets(Taint::HOME) && first.text.is_none() => {
                self.note(Signal::Wipe, offset);
            }
            ("hex", "decode") => {
                return self.decoded(first.bytes().and_then(|text| from_hex(&text)), taint, offset);
            }
            ("u8" | "u32", "from_str_radix") => {
                let text = first.bytes().and_then(|text| String::from_utf8(text).ok());
                let radix = arguments
                    .get(1)
                    .and_then(|radix| radix.number)
                    .and_then(|radix| u32::try_from(radix).ok());
                let number = text.zip(radix.filter(|radix| (2..=36).contains(radix)));
                let number = number.and_then(|(text, radix)| i128::from_str_radix(&text, radix).ok());
                return Value { number, ..Value::of_taint(taint) };
            }
            ("mem", "transmute") if taint.meets(Taint::DECODED.and(Taint::FETCHED)) => {
                self.note(Signal::Shellcode, offset);
            }
            ("Library", "new") => self.started(&first, offset),
            ("whoami" | "hostname" | "gethostname", _) | (_, "gethostname" | "getlogin") => {
                self.note(Signal::Identity, offset);
                return Value::of_taint(Taint::IDENTITY);
            }
            ("libc" | "", "system" | "popen" | "execve" | "execvp" | "execl" | "execv") => {
                let command = Value { text: first.lines().map(Into::into), ..first };
                return self.ran(&command, offset);
            }
            (_, "decode" | "decode_config") if whole.contains("base64") => {
                return self.decoded(first.bytes().and_then(|text| from_base64(&text)), taint, offset);
            }
            _ => {}
        }
        if parts.iter().any(|part| NETWORK_TYPES.contains(part))
            || parts.first().is_some_and(|name| NETWORK_CRATES.contains(name))
        {
            return self.reached(last, &arguments, offset);
        }
        let wraps = matches!(
            last,
            "from"
                | "new"
                | "Ok"
                | "Some"
                | "from_utf8"
                | "from_utf8_lossy"
                | "from_utf8_unchecked"
                | "from_iter"
                | "once"
                | "black_box"
                | "as_ref"
                | "drop"
                | "from_utf8_lossy_owned"
        );
        if wraps && arguments.len() == 1 {
            return joined_if_bytes(last, first);
        }
        if matches!(last, "zip") && arguments.len() == 2 {
            return super::methods::zipped(&arguments[0], &arguments[1]);
        }
        Value::of_taint(taint)
    }

    fn new_command(&mut self, program: Value<'p>) -> Value<'p> {
        let known = program.lines();
        let text = known.unwrap_or_else(|| b"?".to_vec());
        let taint = self.written.get(&text).copied().unwrap_or_default().and(program.taint);
        Value { taint, ..Value::of_text(text) }.with_thing(Thing::Command)
    }

    fn environment(&mut self, name: &Value<'p>, offset: usize) -> Value<'p> {
        let text = name.lines().unwrap_or_default();
        if name.thing == Thing::Plain {
            self.folded(offset, name);
        }
        let named = String::from_utf8_lossy(&text).into_owned();
        if named.lines().any(|name| matches!(name, "HOME" | "USERPROFILE" | "APPDATA" | "LOCALAPPDATA")) {
            return Value::of_taint(Taint::HOME);
        }
        if named
            .lines()
            .any(|name| matches!(name, "USER" | "USERNAME" | "LOGNAME" | "HOSTNAME" | "COMPUTERNAME"))
        {
            return Value::of_taint(Taint::IDENTITY);
        }
        let secret = signals_of(&text).contains(&Signal::EnvironmentKey)
            || ["TOKEN", "SECRET", "PASSWORD", "PRIVATE_KEY"].iter().any(|word| named.contains(word));
        Value::of_taint(if secret { Taint::KEY } else { Taint::NONE })
    }

    /// A file is opened or read.
    fn opened(&mut self, path: &Value<'p>, offset: usize) -> Value<'p> {
        let text = path.lines().unwrap_or_default();
        self.folded(offset, path);
        let taint = if names_secret(&text) { Taint::SECRET } else { Taint::NONE };
        let kept = path.taint.and(taint);
        Value::of_taint(kept).with_thing(Thing::Source)
    }

    /// Data is written to a path.
    pub(super) fn written_to(
        &mut self,
        path: &Value<'p>,
        data: &Value<'p>,
        offset: usize,
        place: Option<&'p Expr>,
    ) -> Value<'p> {
        const STAYS: Signals = Signals::of(&[
            Signal::ShellRc,
            Signal::GitHook,
            Signal::Cron,
            Signal::SystemdUser,
            Signal::AuthorizedKeys,
            Signal::Autostart,
            Signal::InstructionFile,
            Signal::AgentSettings,
            Signal::LoaderPreload,
        ]);
        let text = path.lines().unwrap_or_default();
        if signals_of(&text).into_iter().any(|signal| STAYS.has(signal)) {
            self.folded(offset, path);
            self.note(Signal::AppendFile, offset);
        }
        let foreign = Taint::FETCHED.and(Taint::DECODED);
        if data.taint.meets(foreign) {
            self.written.insert(text, data.taint);
            if data.taint.meets(Taint::FETCHED) {
                self.note(Signal::DropsFetched, offset);
            }
            // The file is now what was written into it.
            if let Some(name) = place.and_then(root_name)
                && let Some(value) = self.names.get_mut(&name)
            {
                *value = value.clone().tainted(data.taint);
            }
        }
        Value { text: path.text.clone(), ..Value::of_taint(path.taint.and(data.taint)) }
            .with_thing(Thing::Sink)
    }

    /// Something hidden was made readable.
    pub(super) fn decoded(&mut self, plain: Option<Vec<u8>>, taint: Taint, offset: usize) -> Value<'p> {
        self.note(Signal::Decode, offset);
        let Some(plain) = plain else { return Value::of_taint(taint.and(Taint::DECODED)) };
        let value = Value::of_text(plain).tainted(taint.and(Taint::DECODED));
        self.folded(offset, &value);
        value
    }

    /// A command runs; what it prints comes back.
    pub(super) fn ran(&mut self, command: &Value<'p>, offset: usize) -> Value<'p> {
        let text = command.lines().unwrap_or_default();
        let mut shown = Signals::NONE;
        for signal in signals_of(&text) {
            shown.add(signal);
            self.note(signal, offset);
        }
        self.note(Signal::Spawn, offset);
        self.started(command, offset);
        let network = Signals::of(&[Signal::Downloader, Signal::DropHost, Signal::Gist, Signal::PipeToShell]);
        if shown.meets(network) {
            self.sent(command.taint, offset);
            // A shell that could fetch has not fetched yet.
            let fetches = ["curl", "wget", "://", "Invoke-", "iwr "]
                .iter()
                .any(|word| crate::analyse::text::contains(&text, word));
            return Value::of_taint(if fetches { Taint::FETCHED.and(Taint::OUTPUT) } else { Taint::OUTPUT });
        }
        let identity = shown.has(Signal::Identity) || text.starts_with(b"hostname") || text == b"id";
        Value::of_taint(if identity { Taint::IDENTITY.and(Taint::OUTPUT) } else { Taint::OUTPUT })
    }

    /// Something is executed or loaded; it may have come from elsewhere.
    fn started(&mut self, program: &Value<'p>, offset: usize) {
        if program.taint.meets(Taint::FETCHED) {
            self.note(Signal::RunsFetched, offset);
        }
        if program.taint.meets(Taint::DECODED) {
            self.note(Signal::RunsDecoded, offset);
        }
    }

    /// A value leaves for the network.
    pub(super) fn sent(&mut self, taint: Taint, offset: usize) {
        for (kind, signal) in [
            (Taint::SECRET, Signal::SendsSecret),
            (Taint::KEY, Signal::SendsKey),
            (Taint::ENVIRONMENT, Signal::SendsEnvironment),
            (Taint::IDENTITY, Signal::SendsIdentity),
        ] {
            if taint.meets(kind) {
                self.note(signal, offset);
            }
        }
    }

    /// A function of the network is called.
    fn reached(&mut self, name: &str, arguments: &[Value<'p>], offset: usize) -> Value<'p> {
        let sends =
            matches!(name, "connect" | "bind" | "post" | "put" | "patch" | "request" | "send_to" | "send");
        let fetches = matches!(name, "get" | "call" | "fetch" | "download" | "get_uri");
        if sends {
            self.note(Signal::Send, offset);
        }
        if fetches {
            self.note(Signal::Fetch, offset);
        }
        for argument in arguments {
            self.folded(offset, argument);
        }
        let taint = united(arguments);
        self.sent(taint, offset);
        let fetched = if sends || fetches { taint.and(Taint::FETCHED) } else { taint };
        Value::of_taint(fetched).with_thing(Thing::Network)
    }

    pub(super) fn macro_call(&mut self, call: &'p syn::Macro) -> Value<'p> {
        let Some(name) = call.path.segments.last() else { return Value::default() };
        let offset = self.program.offset(self.home, name.ident.span());
        let name = name.ident.to_string();
        let Some(arguments) = self.program.arguments(self.home, call) else { return Value::default() };
        let values: Vec<Value<'p>> = arguments.iter().map(|argument| self.value(argument)).collect();
        let taint = united(&values);
        match name.as_str() {
            "concat" | "concat_bytes" => {
                let pieces: Vec<Vec<u8>> = values.iter().filter_map(Value::bytes).collect();
                let value = Value::of_text(pieces.concat());
                self.folded(offset, &value);
                value
            }
            "format" | "print" | "println" | "eprintln" | "format_args" => {
                let value = self.formatted(&values).tainted(taint);
                if name == "format" {
                    self.folded(offset, &value);
                }
                value
            }
            "write" | "writeln" => {
                let value = self.formatted(values.get(1..).unwrap_or_default()).tainted(taint);
                match values.first().map(|target| target.thing) {
                    Some(Thing::Network) => self.sent(taint, offset),
                    Some(Thing::Sink) => {
                        let path = values.first().cloned().unwrap_or_default();
                        self.written_to(&path, &value, offset, arguments.first());
                    }
                    _ => {}
                }
                value
            }
            "vec" => Value::of_parts(values),
            "include_bytes" | "include_str" => self.included(values.first()),
            "env" | "option_env" => Value::default(),
            "json" | "dbg" => Value::of_taint(taint),
            "obfstr" | "lc" | "lc_env" => {
                self.note(Signal::Decode, offset);
                values.into_iter().next().unwrap_or_default()
            }
            _ => Value::of_taint(taint),
        }
    }

    /// A format string with its holes filled, as far as they are known.
    fn formatted(&self, values: &[Value<'p>]) -> Value<'p> {
        let Some(Some(pattern)) = values.first().map(Value::bytes) else { return Value::default() };
        let pattern = String::from_utf8_lossy(&pattern).into_owned();
        let mut filled = Vec::new();
        let mut taint = Taint::NONE;
        let mut next = values.iter().skip(1);
        let mut rest = pattern.as_str();
        while let Some(open) = rest.find('{') {
            filled.extend_from_slice(&rest.as_bytes()[..open]);
            rest = &rest[open + 1..];
            if let Some(after) = rest.strip_prefix('{') {
                filled.push(b'{');
                rest = after;
                continue;
            }
            let Some(close) = rest.find('}') else { break };
            let name = rest[..close].split(':').next().unwrap_or_default();
            let value = if name.is_empty() { next.next() } else { self.names.get(name) };
            if let Some(value) = value {
                taint = taint.and(value.taint);
                match (value.lines(), value.number) {
                    (Some(text), _) => filled.extend_from_slice(&text),
                    (None, Some(number)) => filled.extend_from_slice(number.to_string().as_bytes()),
                    _ => {}
                }
            }
            rest = &rest[close + 1..];
        }
        filled.extend_from_slice(rest.as_bytes());
        Value::of_text(filled).tainted(taint)
    }

    /// A file of the package as a constant.
    fn included(&self, path: Option<&Value<'p>>) -> Value<'p> {
        let Some(Some(path)) = path.map(Value::bytes) else { return Value::default() };
        let path = String::from_utf8_lossy(&path).into_owned();
        let here = self.program.files.get(self.home).and_then(|parsed| self.package.get(parsed.file));
        let folder = here.and_then(|file| file.path.rsplit_once('/')).map_or("", |(folder, _)| folder);
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.trim_start_matches('/').split('/') {
            match part {
                "." | "" => {}
                ".." => {
                    parts.pop();
                }
                name => parts.push(name),
            }
        }
        let wanted = parts.join("/");
        let file = self.package.iter().find(|file| file.path == wanted);
        file.map(|file| Value::of_text(file.bytes)).unwrap_or_default()
    }
}

/// Where any of the values came from.
pub(super) fn united(values: &[Value<'_>]) -> Taint {
    values.iter().fold(Taint::NONE, |all, value| all.and(value.taint))
}

/// `String::from_utf8(bytes)` and its like make a text of bytes.
fn joined_if_bytes<'p>(name: &str, value: Value<'p>) -> Value<'p> {
    let joins = name.starts_with("from_utf8") || name == "from_iter";
    match value.bytes().filter(|_| joins && value.text.is_none()) {
        Some(bytes) => Value::of_text(bytes).tainted(value.taint),
        None => value,
    }
}
