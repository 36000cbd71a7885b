//! Programs that are started, and the command lines that start them.

use super::LONGEST_WALKED;
use super::address::names_a_program;
use super::express::look;
use super::fold;
use super::given::Given;
use super::interpreter::Interpreter;
use super::value::{HOLE, Is, Origin, Origins, Value};
use crate::analyse::signal::Signal;

impl<'t> Interpreter<'t> {
    /// Starting a program.
    pub(super) fn spawn(&mut self, name: &str, given: &Given<'t>) -> Value<'t> {
        let at = given.at;
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
        self.started(&command, &whole, at);
        let origins = whole.origins().and(command.origins());
        let orders = orders(name, given, &command);
        if orders.has(Origin::Fetched) {
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
        if orders.meets(Origins::of(&[Origin::Decoded, Origin::Decrypted])) {
            self.note(Signal::RunsDecoded, at);
            if orders.has(Origin::Fetched) {
                self.note(Signal::DecodedOrders, at);
            }
        }
        if let Some(text) = whole.as_text() {
            let text = text.to_vec();
            self.command(&text, at);
        }
        // Whoever sets the variable says what runs; no reader of the package can tell.
        if command.name() == Some("os.environ[]") && (name == "os.system" || name == "os.popen") {
            self.note(Signal::RunsVariable, at);
        }
        if let Is::List(items) = &command.is {
            self.starts_own_file(items, at);
        }
        let mut value = match &command.is {
            Is::List(items) if is_interpreter(items) => Value::named("interpreter()"),
            Is::Text(_) if is_interpreter(std::slice::from_ref(&command)) => Value::named("interpreter()"),
            _ => Value::named(format!("{name}()")),
        };
        value.from.add(Origin::Output);
        if origins.has(Origin::Identity) {
            value.from.add(Origin::Identity);
        }
        value
    }

    /// Notes that a program is started; a compiler and its like are told apart where no call of the place starts another.
    fn started(&mut self, command: &Value<'t>, whole: &Value<'t>, at: usize) {
        let Some((file, offset)) = self.place(at) else { return };
        let seen = self.seen.entry(file).or_default();
        let known = seen.hits.iter().any(|hit| hit.signal == Signal::Spawn && hit.offset == offset);
        if !known && builds(command, whole) {
            seen.builds.insert(offset);
        } else {
            seen.builds.remove(&offset);
            self.note(Signal::Spawn, at);
        }
    }

    /// `[sys.executable, path]` where the path is one of the package's own files: it runs as a part of this one.
    fn starts_own_file(&mut self, command: &[Value<'t>], at: usize) {
        let [program, path, ..] = command else { return };
        let runs = program.name() == Some("sys.executable")
            || program.as_text().is_some_and(|text| base_name(text).starts_with("python"));
        let Some(path) = path.as_text().filter(|_| runs) else { return };
        if path.ends_with(b".pyc") {
            self.note(Signal::OpaqueCode, at);
        }
        let Some((index, file)) = self.own_file(path).and_then(|index| Some((index, self.files.get(index)?)))
        else {
            return;
        };
        let is_another = self.current_file().is_some_and(|current| current.path != file.path);
        if is_another && file.bytes.len() <= LONGEST_WALKED && self.started.insert(index) {
            self.run_apart(file.bytes, at);
        }
    }

    /// The file of the package at a path of which only the beginning may be unknown.
    pub(super) fn own_file(&self, path: &[u8]) -> Option<usize> {
        let known = path.rsplit(|&byte| byte == HOLE).next().unwrap_or(path);
        let known = std::str::from_utf8(known).ok()?.trim_start_matches("./").trim_matches('/');
        let folder =
            self.current_file().and_then(|file| file.path.rsplit_once('/')).map_or("", |(folder, _)| folder);
        let beside = format!("{folder}/{known}");
        self.paths.get(beside.as_str()).or_else(|| self.paths.get(known)).copied()
    }

    /// A command line: its words, and the programs written into it.
    pub(super) fn command(&mut self, text: &[u8], at: usize) {
        self.words(text, at);
        let has = |word: &str| memchr::memmem::find(text, word.as_bytes()).is_some();
        if has("pip install") || has("-m pip") {
            self.note(Signal::InstallsPackages, at);
        }
        if has("/dev/tcp/") && (has("sh -i") || has("0>&1") || has("exec ")) {
            self.note(Signal::ReverseShell, at);
            self.note(Signal::RemoteOrders, at);
        }
        let download = Download::of(text);
        for address in &download.addresses {
            self.places(look(Value::text(address.as_slice())).from, at);
        }
        if download.runs {
            self.note(Signal::RunsFetched, at);
        }
        for target in download.targets {
            if names_a_program(&target) {
                self.note(Signal::FetchesProgram, at);
            }
            self.written.push((target.into(), Origin::FetchedFile));
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
            self.run_apart(code, at);
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
}

/// Where what a command does came from: the program, the code that it is given, or all of a line for a shell. What
/// one program of the machine is merely given to work on, such as an address to play, is no order.
fn orders(name: &str, given: &Given<'_>, command: &Value<'_>) -> Origins {
    const CODE_FOLLOWS: [&[u8]; 9] =
        [b"-c", b"/c", b"/C", b"/k", b"-e", b"-lc", b"--eval", b"-Command", b"-EncodedCommand"];
    let mut parts: Vec<&Value<'_>> =
        if name.starts_with("subprocess") { vec![command] } else { given.values.iter().collect() };
    // `execve` and its like end with the environment.
    let takes_environment = name
        .strip_prefix("os.")
        .is_some_and(|name| (name.starts_with("exec") || name.starts_with("spawn")) && name.ends_with('e'));
    if takes_environment {
        parts.pop();
    }
    let listed = parts.iter().any(|part| part.items().is_some());
    let items: Vec<&Value<'_>> = parts
        .into_iter()
        .flat_map(|part| part.items().map_or(vec![part], |items| items.iter().collect()))
        .collect();
    let is_shell = given.named("shell").is_some_and(|shell| shell.number() != Some(0));
    let whole = items.iter().fold(Origins::NONE, |all, item| all.and(item.origins()));
    let Some((program, rest)) = items.split_first() else { return whole.and(command.origins()) };
    let starts_others =
        program.name() == Some("sys.executable") || program.as_text().is_some_and(starts_others);
    if !listed || is_shell || starts_others {
        return whole.and(command.origins());
    }
    let code =
        rest.windows(2).filter(|pair| pair[0].as_text().is_some_and(|text| CODE_FOLLOWS.contains(&text)));
    code.fold(program.origins(), |all, pair| all.and(pair[1].origins()))
}

/// True for a compiler or another tool of a build that works on what lies there already.
fn builds(command: &Value<'_>, whole: &Value<'_>) -> bool {
    const TOOLS: [&str; 24] = [
        "make",
        "gmake",
        "cmake",
        "ninja",
        "meson",
        "gcc",
        "g++",
        "cc",
        "c++",
        "clang",
        "clang++",
        "ld",
        "swig",
        "nvcc",
        "pkg-config",
        "llvm-config",
        "xcrun",
        "xcode-select",
        "sw_vers",
        "uname",
        "ldconfig",
        "autoreconf",
        "git",
        "cython",
    ];
    let program = command.items().map_or(Some(command), <[_]>::first).and_then(Value::as_text);
    let Some(program) = program.map(|text| text.split(u8::is_ascii_whitespace).next().unwrap_or(text)) else {
        return false;
    };
    let line = whole.as_text().unwrap_or_default();
    let is_more = |byte: &u8| b";|&$`<>@:\n".contains(byte);
    TOOLS.contains(&base_name(program).as_str()) && !line.iter().any(is_more)
}

/// True for programs that run what they are given.
fn starts_others(program: &[u8]) -> bool {
    const STARTERS: [&str; 30] = [
        "python",
        "pythonw",
        "py",
        "sh",
        "bash",
        "zsh",
        "dash",
        "cmd",
        "powershell",
        "pwsh",
        "node",
        "bun",
        "deno",
        "perl",
        "ruby",
        "php",
        "osascript",
        "mshta",
        "wscript",
        "cscript",
        "rundll32",
        "msiexec",
        "regsvr32",
        "java",
        "sudo",
        "nohup",
        "env",
        "start",
        "ssh",
        "open",
    ];
    let name = base_name(program);
    STARTERS.contains(&name.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.'))
}

/// The name of a program without its folder and ending.
fn base_name(program: &[u8]) -> String {
    let program = String::from_utf8_lossy(program).to_ascii_lowercase();
    let name = program.rsplit(['/', '\\']).next().unwrap_or(&program);
    name.strip_suffix(".exe").unwrap_or(name).to_owned()
}

/// True for a command that reads its program from its standard input.
fn is_interpreter(command: &[Value<'_>]) -> bool {
    const SHELLS: [&str; 9] = ["python", "python3", "sh", "bash", "zsh", "node", "powershell", "cmd", "perl"];
    let Some((program, rest)) = command.split_first() else { return false };
    let reads = |value: &Value<'_>| {
        value.as_text().is_some_and(|text| matches!(text, b"-" | b"-s" | b"-i" | b"-NoLogo"))
    };
    let is_shell = |text: &[u8]| SHELLS.contains(&base_name(text).as_str());
    (program.name() == Some("sys.executable") || program.as_text().is_some_and(is_shell))
        && rest.iter().all(reads)
}

/// True for short options in one word, the last of which names a file: `-qO`, `-fsSLo`.
fn is_bundle_with_output(part: &[u8]) -> bool {
    let Some(letters) = part.strip_prefix(b"-") else { return false };
    (2..=6).contains(&letters.len())
        && letters.iter().all(u8::is_ascii_alphabetic)
        && matches!(letters.last(), Some(b'o' | b'O'))
        && letters[..letters.len() - 1].iter().all(|letter| b"qsSfLnkcv".contains(letter))
}

/// What a command line fetches by one of the programs that every system has.
#[derive(Default)]
struct Download {
    addresses: Vec<Vec<u8>>,
    /// The files it fetches into.
    targets: Vec<Vec<u8>>,
    /// True where the rest of the line uses one of them.
    runs: bool,
}

impl Download {
    fn of(text: &[u8]) -> Self {
        const FETCHERS: [&[u8]; 10] = [
            b"curl",
            b"wget",
            b"certutil",
            b"bitsadmin",
            b"Invoke-WebRequest",
            b"iwr",
            b"irm",
            b"Start-BitsTransfer",
            b"DownloadFile",
            b"aria2c",
        ];
        let parts: Vec<&[u8]> = text
            .split(|byte| byte.is_ascii_whitespace() || b"\"'`;&|(),".contains(byte))
            .filter(|part| !part.is_empty())
            .collect();
        let fetches = |part: &&[u8]| {
            let part = part.strip_suffix(b".exe").unwrap_or(part);
            FETCHERS.iter().any(|fetcher| part.ends_with(fetcher))
        };
        let Some(start) = parts.iter().position(fetches) else { return Self::default() };
        let mut found = Self::default();
        let mut last = start;
        for (at, part) in parts.iter().enumerate().skip(start) {
            if memchr::memmem::find(part, b"://").is_some() {
                found.addresses.push(part.to_vec());
                last = last.max(at);
            }
            let names =
                matches!(*part, b"-o" | b"--output" | b"-OutFile" | b"-outfile" | b"-O" | b"-Destination")
                    || part.starts_with(b"--output=")
                    || is_bundle_with_output(part);
            if let Some(target) = parts.get(at + 1).filter(|target| names && !target.starts_with(b"-"))
                && memchr::memmem::find(target, b"://").is_none()
            {
                found.targets.push(target.to_vec());
                last = last.max(at + 1);
            }
        }
        if found.addresses.is_empty() {
            return Self::default();
        }
        if found.targets.is_empty() {
            let names = found.addresses.iter().filter_map(|address| {
                let address = address.split(|byte| matches!(byte, b'?' | b'#')).next()?;
                let name = address.rsplit(|&byte| byte == b'/').next()?;
                (name.len() > 4 && name.contains(&b'.') && address.len() > name.len() + 9)
                    .then(|| name.to_vec())
            });
            found.targets = names.collect();
        }
        let base = |target: &[u8]| {
            target.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or_default().to_vec()
        };
        found.runs = found.targets.iter().any(|target| {
            let name = base(target);
            name.len() > 2 && parts.iter().skip(last + 1).any(|part| part.ends_with(&name))
        });
        found
    }
}
