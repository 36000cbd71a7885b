//! Follows data through the calls of a program to where it leaves or runs.

use super::evaluate::{Callee, Evaluator, Modules, Passed};
use super::ir::{Id, Node, Program, Symbol, Target};
use super::roles;
use super::value::{HOLE, Is, Origin, Origins, Value};
use crate::analyse::dictionary;
use crate::analyse::evidence::{is_meant, of_command};
use crate::analyse::lexing::{Kind, Language};
use crate::analyse::signal::Signal;
use oxc_syntax::operator::BinaryOperator;
use std::rc::Rc;

/// How often arguments are handed on to the functions that take them.
const ROUNDS: usize = 2;

/// What the calls of a program do, and the texts that it runs as code.
#[derive(Debug, Default)]
pub(super) struct Flows {
    /// Signals, each with the expression that shows it.
    pub(super) seen: Vec<(Signal, Id)>,
    /// Texts that are run as code, with the call that runs them.
    pub(super) run: Vec<(Rc<str>, Id)>,
}

/// Follows every call of the program.
pub(super) fn follow(program: &Program, modules: &dyn Modules) -> Flows {
    let mut evaluator = Evaluator::new(program, modules);
    for _ in 0..ROUNDS {
        link(program, &mut evaluator);
        evaluator.forget();
    }
    let mut walk =
        Walk { program, evaluator, flows: Flows::default(), fetched: Vec::new(), streams: Vec::new() };
    for &call in &program.calls {
        walk.call(call);
    }
    for &assignment in &program.assignments {
        walk.assignment(assignment);
    }
    walk.hidden_words();
    walk.flows
}

/// Hands arguments to parameters, and what calls hand to the functions among their arguments.
fn link(program: &Program, evaluator: &mut Evaluator<'_>) {
    let mut passed: Vec<(Symbol, Passed)> = Vec::new();
    let mut added: Vec<(Symbol, Id)> = Vec::new();
    for &call in &program.calls {
        let Node::Call { callee, arguments, .. } = &program.nodes[call as usize] else { continue };
        let target = evaluator.callee(*callee);
        let reaching = target.arguments(arguments);
        if let Is::Function(function) = target.value.is {
            let parameters = &program.functions[function as usize].parameters;
            for (parameter, &argument) in parameters.iter().zip(reaching) {
                passed.extend(parameter.map(|parameter| (parameter, Passed::Argument(argument))));
            }
            continue;
        }
        for &argument in reaching {
            let Is::Function(function) = evaluator.value(argument).is else { continue };
            for &parameter in program.functions[function as usize].parameters.iter().flatten() {
                passed.push((parameter, Passed::Given(call)));
            }
        }
        if matches!(&*target.method, "push" | "unshift" | "append" | "set" | "add" | "assign")
            && let Node::Member(object, _) = &program.nodes[*callee as usize]
            && let Node::Name(symbol) = program.nodes[*object as usize]
        {
            added.extend(reaching.iter().map(|&argument| (symbol, argument)));
        }
    }
    evaluator.passed.clear();
    evaluator.added.clear();
    for (parameter, value) in passed {
        let list = evaluator.passed.entry(parameter).or_default();
        if list.len() < 16 && !list.contains(&value) {
            list.push(value);
        }
    }
    for (symbol, value) in added {
        let list = evaluator.added.entry(symbol).or_default();
        if list.len() < 64 && !list.contains(&value) {
            list.push(value);
        }
    }
}

struct Walk<'p> {
    program: &'p Program,
    evaluator: Evaluator<'p>,
    flows: Flows,
    /// Paths of files that hold what was fetched.
    fetched: Vec<Value>,
    /// Paths of files that are open for whatever is piped into them.
    streams: Vec<Value>,
}

impl Walk<'_> {
    fn see(&mut self, signal: Signal, at: Id) {
        self.flows.seen.push((signal, at));
    }

    fn call(&mut self, call: Id) {
        let Node::Call { callee, arguments, .. } = &self.program.nodes[call as usize] else { return };
        let target = self.evaluator.callee(*callee);
        let mut reaching: Vec<Value> =
            target.arguments(arguments).iter().map(|&argument| self.evaluator.value(argument)).collect();
        if target.applied
            && let Some(Value { is: Is::List(list), .. }) = reaching.first()
        {
            reaching = list.to_vec();
        }
        let Some(name) = target.value.as_name().map(Rc::clone) else {
            self.unnamed(call, &target, &reaching);
            return;
        };
        let acts = self.named(call, &name, &target, &reaching);
        if acts && target.value.from.has(Origin::Hidden) {
            self.see(Signal::HiddenCall, call);
        }
    }

    /// Looks at a call of something of the outside; true where it can do harm.
    fn named(&mut self, call: Id, name: &str, target: &Callee, arguments: &[Value]) -> bool {
        if let Some(index) = roles::runs_text(name, arguments.len()) {
            if let Some(text) = arguments.get(index) {
                self.runs(call, text);
            }
            return true;
        }
        if matches!(name, "setTimeout" | "setInterval" | "setImmediate")
            && let Some(text) = arguments.first()
            && (text.as_text().is_some() || text.from.meets(Origins::of(&[Origin::Fetched, Origin::Decoded])))
            && !matches!(text.is, Is::Function(_))
        {
            self.runs(call, text);
            return true;
        }
        if roles::is_spawn(name) {
            self.spawns(call, name, arguments);
            return true;
        }
        if name.starts_with("process.binding(") || matches!(name, "process.dlopen" | "process._linkedBinding")
        {
            self.see(Signal::Spawn, call);
            return true;
        }
        if let Some(network) = roles::network(name) {
            self.sends(call, name, network, arguments);
            return true;
        }
        if roles::is_write(name) {
            self.writes(call, name, arguments);
        }
        if roles::is_rename(name)
            && arguments
                .get(1)
                .and_then(Value::as_text)
                .is_some_and(|path| path.trim_matches(HOLE).trim_start_matches(['.', '/']) == "package.json")
        {
            self.see(Signal::SelfDelete, call);
        }
        let path = arguments.first().and_then(Value::as_text).filter(|_| roles::is_read(name));
        if path.is_some_and(|path| is_process_memory(path)) {
            self.see(Signal::ProcessMemory, call);
        }
        if roles::is_remove(name) && arguments.first().is_some_and(|path| path.from.has(Origin::OwnFile)) {
            self.see(Signal::SelfDelete, call);
        }
        if name.ends_with(".pipe") {
            self.pipes(call, target, arguments);
        }
        let tells = matches!(name, "os.hostname" | "os.userInfo" | "os.networkInterfaces");
        if tells {
            self.see(Signal::Identity, call);
        }
        tells
    }

    /// Looks at a call of something nobody could name.
    fn unnamed(&mut self, call: Id, target: &Callee, arguments: &[Value]) {
        let sends = matches!(
            &*target.method,
            "post" | "put" | "sendMessage" | "sendDocument" | "sendFile" | "upload" | "emit"
        );
        let address = arguments.first().and_then(Value::as_text).is_some_and(|text| text.starts_with("http"));
        if sends && address {
            self.sends(call, "", roles::Network { address: Some(0), data: 1 }, arguments);
        }
        if &*target.method == "pipe" {
            self.pipes(call, target, arguments);
        }
    }

    /// Looks for what replaces a page's wallet or its requests.
    fn assignment(&mut self, assignment: Id) {
        let Node::Assign(Target::Member(object, key), value) = &self.program.nodes[assignment as usize]
        else {
            return;
        };
        let owner = self.evaluator.value(*object);
        let (Some(owner), Some(key)) = (owner.as_name().map(Rc::clone), self.evaluator.name_of(key)) else {
            return;
        };
        let function = matches!(self.evaluator.value(*value).is, Is::Function(_));
        let wallet =
            owner.ends_with("ethereum") && matches!(&*key, "request" | "send" | "sendAsync" | "enable");
        let requests = owner.is_empty() && &*key == "fetch"
            || &*owner == "XMLHttpRequest.prototype" && matches!(&*key, "open" | "send");
        let file = self.program.file_of(assignment);
        // Bundles hold stand-ins for `fetch` beside everything else.
        let small = self.program.files[file].nodes.len() < 40_000;
        if function && (wallet || requests && small) && self.addresses(file) >= 3 {
            self.see(Signal::WalletHook, assignment);
        }
    }

    /// How many addresses of wallets stand in a file.
    fn addresses(&self, file: usize) -> usize {
        let nodes = self.program.files[file].nodes.clone();
        self.program.nodes[nodes.start as usize..nodes.end as usize]
            .iter()
            .filter(|node| matches!(node, Node::Text(text) if is_wallet_address(text)))
            .take(8)
            .count()
    }

    fn runs(&mut self, call: Id, text: &Value) {
        self.see(Signal::Eval, call);
        if text.from.has(Origin::Fetched) {
            self.see(Signal::RunsFetched, call);
        }
        if text.from.has(Origin::Fetched) && text.from.has(Origin::FixedSource) {
            self.see(Signal::RemoteOrders, call);
        }
        if text.from.meets(Origins::of(&[Origin::Decoded, Origin::Decrypted])) {
            self.see(Signal::RunsDecoded, call);
        }
        if let Some(code) = text.shown().filter(|code| code.len() > 8 && !code.contains(HOLE)) {
            self.flows.run.push((code.into(), call));
        }
    }

    fn spawns(&mut self, call: Id, name: &str, arguments: &[Value]) {
        self.see(Signal::Spawn, call);
        // A whole command line is code; the arguments of one program are data.
        let shell = name.ends_with("exec") || name.ends_with("execSync");
        let code = if shell { arguments.first().cloned() } else { arguments.get(1).and_then(inline_code) };
        let code = code.unwrap_or_default();
        // A known command with something fetched in it is not fetched itself.
        let fetched = code.as_text().is_none_or(|text| text.chars().all(|character| character == HOLE));
        let from = if fetched { code.from } else { code.from.without(Origins::of(&[Origin::Fetched])) };
        if from.has(Origin::Fetched) {
            self.see(Signal::RunsFetched, call);
        }
        if from.has(Origin::Fetched) && from.has(Origin::FixedSource) {
            self.see(Signal::RemoteOrders, call);
        }
        if from.meets(Origins::of(&[Origin::Decoded, Origin::Decrypted])) {
            self.see(Signal::RunsDecoded, call);
        }
        let command: Vec<String> = arguments.iter().take(2).filter_map(Value::shown).collect();
        let command = command.join(" ").replace(',', " ");
        for (signal, _) in words(&command) {
            self.see(signal, call);
        }
        let signals = of_command(&command);
        if signals.has(Signal::Downloader)
            && (signals.has(Signal::PipeToShell) || runs_what_it_loads(&command))
        {
            self.see(Signal::FetchesProgram, call);
        }
        if command.contains("/dev/tcp/") || command.contains("nc -e") || command.contains("bash -i >&") {
            self.see(Signal::ReverseShell, call);
        }
        let starts = |path: &Value| match (&path.is, path.as_text()) {
            (Is::Text(_), Some(text)) => text.len() > 3 && command.contains(text.trim_matches(HOLE)),
            _ => false,
        };
        if self.fetched.iter().any(starts) {
            self.see(Signal::DropsFetched, call);
        }
        if let Some(Is::Record(options)) =
            arguments.iter().map(|argument| &argument.is).rfind(|is| matches!(is, Is::Record(_)))
        {
            let is_true = |name: &str| {
                options.iter().any(|(key, value)| &**key == name && matches!(value.is, Is::Flag(true)))
            };
            if is_true("detached") {
                self.see(Signal::Detach, call);
            }
        }
    }

    fn sends(&mut self, call: Id, name: &str, network: roles::Network, arguments: &[Value]) {
        let brings = arguments.iter().any(|argument| match &argument.is {
            Is::Record(options) => options
                .iter()
                .any(|(key, _)| matches!(&**key, "body" | "data" | "formData" | "form" | "json")),
            _ => false,
        });
        let asks = !brings && (name.ends_with("get") || name == "fetch");
        self.see(if asks { Signal::Fetch } else { Signal::Send }, call);
        if let Some(address) = network.address.and_then(|index| arguments.get(index)) {
            if address.from.has(Origin::DropHost) {
                self.see(Signal::ContactsDrop, call);
                self.see(Signal::DropHost, call);
            }
            if address.from.has(Origin::BareAddress) {
                self.see(Signal::ContactsAddress, call);
            }
        }
        let data = arguments.get(network.data..).unwrap_or_default();
        let from = data
            .iter()
            .filter(|value| !matches!(value.is, Is::Function(_)))
            .fold(Origins::NONE, |from, value| from.and(value.from));
        for (origin, signal) in [
            (Origin::Secret, Signal::SendsSecret),
            (Origin::Environment, Signal::SendsEnvironment),
            (Origin::Identity, Signal::SendsIdentity),
            (Origin::Key, Signal::SendsKey),
            (Origin::Capture, Signal::SendsCapture),
            (Origin::Output, Signal::SendsOutput),
            (Origin::Token, Signal::SendsFile),
            (Origin::File, Signal::SendsFile),
        ] {
            if from.has(origin) {
                self.see(signal, call);
            }
        }
        if roles::is_lookup(name)
            && from.meets(Origins::of(&[
                Origin::Secret,
                Origin::Environment,
                Origin::Identity,
                Origin::File,
                Origin::Output,
            ]))
        {
            self.see(Signal::DnsLookup, call);
        }
    }

    fn writes(&mut self, call: Id, name: &str, arguments: &[Value]) {
        if name == "fs.createWriteStream" {
            self.streams.extend(arguments.first().cloned());
        }
        let [path, content, ..] = arguments else { return };
        if content.from.has(Origin::Fetched) && path.as_text().is_some() {
            self.fetched.push(path.clone());
        }
        if path.from.has(Origin::OwnFile) {
            self.see(Signal::SelfDelete, call);
        }
    }

    fn pipes(&mut self, call: Id, target: &Callee, arguments: &[Value]) {
        let name = |value: Option<&Value>| value.and_then(Value::as_name).map(Rc::clone).unwrap_or_default();
        let (source, sink) = (name(target.owner.as_ref()), name(arguments.first()));
        let socket = |name: &str| ["net.", "tls.", "WebSocket"].iter().any(|start| name.starts_with(start));
        let shell = |name: &str| name.starts_with("child_process.");
        if socket(&source) && shell(&sink) || shell(&source) && socket(&sink) {
            self.see(Signal::ReverseShell, call);
        }
        if target.owner.as_ref().is_some_and(|owner| owner.from.has(Origin::Fetched))
            && sink.starts_with("fs.createWriteStream")
        {
            self.fetched.append(&mut self.streams);
        }
    }

    /// Words that only show once text is put together or decoded.
    fn hidden_words(&mut self) {
        let count = self.program.nodes.len();
        let mut covered = vec![false; count];
        for index in (0..count).rev() {
            let parts: &[Id] = match &self.program.nodes[index] {
                Node::Binary(BinaryOperator::Addition, left, right) => &[*left, *right],
                Node::Joined(parts) => parts,
                Node::Call { .. } => &[],
                _ => continue,
            };
            for &part in parts {
                covered[part as usize] = true;
            }
            if covered[index] {
                continue;
            }
            let id = Id::try_from(index).unwrap_or(Id::MAX);
            let value = self.evaluator.value(id);
            if !value.from.meets(Origins::of(&[Origin::Built, Origin::Decoded])) {
                continue;
            }
            let text = match &value.is {
                Is::Text(text) => Rc::clone(text),
                Is::Bytes(bytes) => String::from_utf8_lossy(bytes).into(),
                _ => continue,
            };
            if text.len() > 6 && text.len() <= 1 << 20 {
                for (signal, _) in words(&text) {
                    self.see(signal, id);
                }
            }
        }
    }
}

/// The signals of a text that stands for code, string and command at once.
fn words(text: &str) -> Vec<(Signal, usize)> {
    let bytes = text.as_bytes();
    dictionary::search(bytes)
        .filter(|word| is_meant(word.decoded_signal(), bytes, word.start, word.end))
        .filter_map(|word| {
            let read = |kind| word.signal(Language::Script, kind);
            Some((read(Kind::Text).or(read(Kind::Code))?, word.start))
        })
        .collect()
}

/// True for `/proc/<some number>/mem` and its like.
fn is_process_memory(path: &str) -> bool {
    path.strip_prefix("/proc/").and_then(|rest| rest.split_once('/')).is_some_and(|(process, file)| {
        !process.starts_with("self") && matches!(file, "mem" | "environ" | "maps")
    })
}

fn is_wallet_address(text: &str) -> bool {
    let plain = |range: std::ops::RangeInclusive<usize>| {
        range.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    text.strip_prefix("0x")
        .is_some_and(|rest| rest.len() == 40 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || (text.starts_with("bc1") || text.starts_with("ltc1")) && plain(30..=70)
        || (text.starts_with('T') && plain(34..=34) || text.starts_with('1') && plain(33..=34))
            && text.bytes().any(|byte| byte.is_ascii_digit())
            && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// The code that follows `-e` or `-c` among a program's arguments.
fn inline_code(arguments: &Value) -> Option<Value> {
    let Is::List(list) = &arguments.is else { return None };
    let flag =
        |value: &Value| value.as_text().is_some_and(|text| matches!(&**text, "-e" | "-c" | "--eval" | "-p"));
    list.get(list.iter().position(flag)? + 1).cloned()
}

/// True for `curl -o /tmp/x … && chmod +x /tmp/x && /tmp/x` and its like.
fn runs_what_it_loads(command: &str) -> bool {
    command.contains("chmod")
        || command.contains("&& ./")
        || command.contains("; ./")
        || command.contains("&& bash")
        || command.contains("&& sh ")
}
