//! What one file shows: its signals with their places.

use super::dictionary::{self, Match};
use super::drops;
use super::fold;
use super::hidden;
use super::lexing::{Kind, Language, Lexed, lex};
use super::python::{self, Seen};
use super::signal::{Hit, Signal, Signals};
use super::text;
use crate::SourceFile;
use doorward_protocol::Stage;
use std::cell::{LazyCell, OnceCell};

/// Lexing and unfolding stop here; longer files are bundles whose words still count.
const LARGEST_UNFOLDED: usize = 4 << 20;

/// One file and its signals.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    /// The file.
    pub(super) file: &'a SourceFile<'a>,
    /// Its signals by place.
    pub(super) hits: Vec<Hit>,
    /// The earliest stage at which the file runs.
    pub(super) stage: Stage,
    /// True for tests, examples and documentation that nothing runs at that stage.
    pub(super) aside: bool,
    /// True for a file in a language that the package's own code does not load, and that none of it starts.
    pub(super) foreign: bool,
}

impl<'a> Evidence<'a> {
    /// Reads one file, with what walking it showed; `None` where it shows nothing. In a package with `much` code fewer
    /// words count as what runs.
    pub(super) fn gather(
        file: &'a SourceFile<'a>,
        stage: Stage,
        seen: Option<&Seen>,
        much: bool,
    ) -> Option<Self> {
        let language = language_of(file);
        if is_binary(file.bytes) {
            return None;
        }
        let holds_code = language != Language::Text && !is_declaration(file.path);
        let words: Vec<_> =
            holds_code.then(|| dictionary::search(file.bytes)).into_iter().flatten().collect();
        let mut hits = Vec::new();
        if !holds_code {
            hits.extend(dictionary::campaign(file.bytes).map(|offset| at(Signal::Campaign, offset)));
        } else if !words.is_empty() || stage != Stage::Runtime {
            let lexed = lex(language, file.bytes);
            // Asked once a file, for it reads all of it.
            let holds_token = OnceCell::new();
            let is_meant = |signal, start, end| match signal {
                Signal::DropHost if drops::open_end(file.bytes, start, end).is_some() => {
                    *holds_token.get_or_init(|| drops::holds_bot_token(file.bytes))
                        && !file.bytes[..start].ends_with(b"*.")
                }
                _ => is_meant(signal, file.bytes, start, end),
            };
            hits.extend(words.iter().filter_map(|word| {
                let kind = lexed.kind_at(word.start);
                let signal = word.signal(language, kind)?;
                is_meant(signal, word.start, word.end).then_some(Hit {
                    signal,
                    offset: word.start,
                    kind,
                    live: true,
                })
            }));
            drop_bare_shells(file.bytes, &mut hits);
            if file.bytes.len() <= LARGEST_UNFOLDED {
                unfolded(file.bytes, &lexed, &mut hits);
                evaluated(file.bytes, language, &lexed, &mut hits);
            }
            hits.extend(xor(file.bytes, &lexed).map(|offset| at(Signal::Xor, offset)));
        }
        if language != Language::Text {
            camouflage(file.bytes, language, &mut hits);
        }
        hits.sort_by_key(|hit| hit.offset);
        if hits.is_empty() && seen.is_none_or(|seen| seen.hits.is_empty()) {
            return None;
        }
        let mut evidence = Self {
            file,
            hits,
            stage,
            aside: matches!(stage, Stage::Runtime | Stage::Import) && is_aside(file.path),
            foreign: false,
        };
        if language == Language::Python && matches!(stage, Stage::Install | Stage::Import) {
            python::mark_live(&mut evidence, seen, much);
        }
        if let Some(seen) = seen {
            // A list of commands that a tool refuses runs none of them; what runs was followed.
            evidence.hits.retain(|hit| !matches!(hit.signal, Signal::Wipe | Signal::PipeToShell));
            evidence.hits.retain(|hit| hit.signal != Signal::Spawn || !seen.builds.contains(&hit.offset));
            evidence.hits.extend_from_slice(&seen.hits);
            evidence.hits.sort_by_key(|hit| hit.offset);
        }
        Some(evidence)
    }

    /// A file that has shown nothing yet.
    pub(super) fn empty(file: &'a SourceFile<'a>, stage: Stage) -> Self {
        let aside = stage == Stage::Runtime && is_aside(file.path);
        Self { file, hits: Vec::new(), stage, aside, foreign: false }
    }

    /// Signals of places that run when the file is loaded.
    pub(super) fn live(&self) -> Signals {
        self.collect(|hit| hit.live)
    }

    /// Signals of the whole file.
    pub(super) fn all(&self) -> Signals {
        self.collect(|_| true)
    }

    fn collect(&self, wanted: impl Fn(&Hit) -> bool) -> Signals {
        let mut signals = Signals::NONE;
        for hit in self.hits.iter().filter(|hit| wanted(hit)) {
            signals.add(hit.signal);
        }
        signals
    }
}

/// Signals of a command line, which is code, string and paths at once.
pub(super) fn of_command(command: &str) -> Signals {
    let bytes = command.as_bytes();
    let meant = dictionary::search(bytes)
        .filter(|word| is_meant(word.decoded_signal(), bytes, word.start, word.end))
        .map(Match::decoded_signal);
    Signals::of(&meant.collect::<Vec<_>>())
}

/// The same without words that mean something in one language only.
pub(super) fn signals_of_command(command: &str) -> Vec<Signal> {
    let bytes = command.as_bytes();
    dictionary::search(bytes)
        .filter(|word| is_meant(word.decoded_signal(), bytes, word.start, word.end))
        .filter_map(|word| word.signal(Language::Shell, Kind::Text))
        .collect()
}

/// What a file is written in, by its name or its first line.
pub(super) fn language_of(file: &SourceFile<'_>) -> Language {
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js" | "mjs" | "cjs" | "jsx" | "ts" | "mts" | "cts" | "tsx") => Language::Script,
        Some("py" | "pyw" | "pth" | "pyx") => Language::Python,
        Some("rs") => Language::Rust,
        Some("sh" | "bash" | "zsh" | "fish" | "ps1" | "bat" | "cmd") => Language::Shell,
        _ => match file.bytes.strip_prefix(b"#!").map(|rest| text::line_at(rest, 0)) {
            Some(line) if text::contains(line, "node") => Language::Script,
            Some(line) if text::contains(line, "python") => Language::Python,
            Some(line) if text::contains(line, "sh") => Language::Shell,
            None if !name.contains('.') && begins_as_python(file.bytes) => Language::Python,
            _ => Language::Text,
        },
    }
}

/// True for text without an ending that begins as Python programs do: `import os, sys`, `from os import path`.
fn begins_as_python(bytes: &[u8]) -> bool {
    let is_said = |line: &&[u8]| !line.is_empty() && !line.starts_with(b"#");
    let Some(line) = bytes.split(|&byte| byte == b'\n').take(20).map(<[u8]>::trim_ascii).find(is_said) else {
        return false;
    };
    let line = line.split(|&byte| byte == b';').next().unwrap_or(line);
    let is_list = |list: &[u8]| {
        !list.is_empty()
            && list
                .iter()
                .all(|&byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b',' | b' ' | b'*'))
    };
    let imported = line.strip_prefix(b"import ").or_else(|| {
        let module = line.strip_prefix(b"from ")?;
        Some(&module[memchr::memmem::find(module, b" import ")? + 8..])
    });
    imported.is_some_and(|list| is_list(list) && (list.contains(&b',') || !list.trim_ascii().contains(&b' ')))
}

/// True where a file is not text.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, &bytes[..bytes.len().min(8192)]).is_some()
}

/// A shell downloads nothing without an address, or a command that hides it.
fn drop_bare_shells(bytes: &[u8], hits: &mut Vec<Hit>) {
    const FETCHED: [&[u8]; 6] = [b"://", b"-e ", b"-e\"", b"-e'", b"-enc", b"-Enc"];
    let is_shell =
        |hit: &Hit| hit.signal == Signal::Downloader && bytes[hit.offset..].starts_with(b"powershell");
    if hits.iter().any(is_shell) && !FETCHED.iter().any(|word| memchr::memmem::find(bytes, word).is_some()) {
        hits.retain(|hit| !is_shell(hit));
    }
}

fn at(signal: Signal, offset: usize) -> Hit {
    Hit { signal, offset, kind: Kind::Code, live: true }
}

/// Type declarations hold no code.
pub(super) fn is_declaration(path: &str) -> bool {
    [".d.ts", ".d.mts", ".d.cts", ".pyi"].iter().any(|ending| path.ends_with(ending))
}

/// Folders whose files neither installing nor using a package runs.
pub(super) fn is_aside(path: &str) -> bool {
    path.split('/').any(|part| {
        matches!(
            part,
            "test"
                | "tests"
                | "__tests__"
                | "spec"
                | "specs"
                | "fixtures"
                | "testdata"
                | "test-data"
                | "testing"
                | "examples"
                | "example"
                | "docs"
                | "doc"
                | "bench"
                | "benches"
                | "benchmark"
                | "benchmarks"
                | "samples"
        )
    }) || path.rsplit('/').next().is_some_and(|name| {
        name.starts_with("test_")
            || name.contains(".test.")
            || name.contains(".spec.")
            || name == "conftest.py"
    })
}

/// Some words mean what they say only in the right company.
pub(super) fn is_meant(signal: Signal, bytes: &[u8], start: usize, end: usize) -> bool {
    let before = start.checked_sub(1).map_or(b' ', |at| bytes[at]);
    match signal {
        // `pattern.exec(` and `cursor.eval(` are methods of something else.
        Signal::Eval => before != b'.' || bytes[start] == b'_',
        // A library holds the address of a chat service; whoever drops there holds a token as well.
        // Nobody sends to `*.host`, which stands for many.
        Signal::DropHost => {
            !bytes[..start].ends_with(b"*.")
                && (drops::open_end(bytes, start, end).is_none() || drops::holds_bot_token(bytes))
        }
        // Only the home folder itself, not a cache somewhere below it.
        Signal::Wipe => {
            let rest = bytes[end..].strip_prefix(b"/").unwrap_or(&bytes[end..]);
            rest.first().is_none_or(|byte| {
                matches!(byte, b'"' | b'\'' | b'`' | b' ' | b'\n' | b';' | b'&' | b'*' | b'\\')
            })
        }
        Signal::Marker => !is_told_of(bytes, start, end),
        // `./tmp/` is a folder of the program's own.
        Signal::TemporaryFile => !(bytes[start] == b'/' && before == b'.'),
        Signal::NodeInline if &bytes[start..end] == b"node" => runs_what_is_handed_in(bytes, start, end),
        // `import.meta.env.X` and `process.env.X` are no file names; `.env` as a whole word in a string is.
        Signal::SecretDotenv => {
            !matches!(bytes.get(end), Some(b'.' | b'[' | b'-')) || bytes[start..end].len() > 4
        }
        // A command of one's own runs when somebody asks for it.
        Signal::InstallOverride => overrides_installation(&bytes[end..]),
        // `/^(0x)?[0-9a-f]{64}$/` and `/sha256:[0-9a-f]{64}/` ask whether one value is a hash; whoever hunts keys
        // looks for them in text.
        Signal::KeyPattern => {
            let whole = bytes[end..].starts_with(b"$") && bytes[start..end].ends_with(b"{64}");
            let lead = &bytes[start.saturating_sub(6)..start];
            let is_one = whole && [&b"^"[..], b"^0x", b"^(0x)?"].iter().any(|form| lead.ends_with(form));
            let is_digest = names_hash(&bytes[start.saturating_sub(16)..start]);
            !is_one && !is_digest
        }
        _ => true,
    }
}

/// True for the name of a piece of malware in a sentence about it.
fn is_told_of(bytes: &[u8], start: usize, end: usize) -> bool {
    const NEAR: usize = 100;
    let line = text::line_start(bytes, start);
    let rest = &bytes[end..];
    let to = memchr::memchr(b'\n', rest).unwrap_or(rest.len()).min(NEAR);
    let around = &bytes[line.max(start.saturating_sub(NEAR))..end + to];
    let words = [
        "](http",
        " IOC",
        " worm",
        " attack",
        " malware",
        " campaign",
        " indicator",
        " detect",
        " compromise",
    ];
    words.iter().any(|word| text::contains(around, word))
}

/// True for `node` as a program that is given no script by name: `["node", "build.js"]` runs what lies there already.
fn runs_what_is_handed_in(bytes: &[u8], start: usize, end: usize) -> bool {
    let is_quote = |byte: u8| matches!(byte, b'"' | b'\'');
    let lead = bytes[..start].trim_ascii_end();
    let begins = lead.last().is_some_and(|&byte| is_quote(byte) || matches!(byte, b'&' | b';' | b'|'));
    let next = match bytes.get(end) {
        Some(b' ') => bytes[end..].trim_ascii_start(),
        Some(&quote) if is_quote(quote) => {
            let rest = bytes[end + 1..].trim_ascii_start();
            let rest = rest.strip_prefix(b",").map_or(&b""[..], <[u8]>::trim_ascii_start);
            rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or_default()
        }
        _ => return false,
    };
    let script = next.split(|&byte| is_quote(byte) || byte == b' ').next().unwrap_or_default();
    let is_script = [".js", ".mjs", ".cjs"].iter().any(|ending| script.ends_with(ending.as_bytes()));
    begins && (!is_script || script.starts_with(b"/"))
}

/// True where a text ends in the name of a hash and what parts it from the hash: `sha256:`, `sha512-(`.
fn names_hash(lead: &[u8]) -> bool {
    let lead = lead.strip_suffix(b"(?:").or(lead.strip_suffix(b"(")).unwrap_or(lead);
    let lead = lead.strip_suffix(b":").or(lead.strip_suffix(b"-")).unwrap_or(lead);
    [&b"sha256"[..], b"sha512", b"sha3-256", b"keccak256", b"blake3"]
        .iter()
        .any(|name| lead.len() >= name.len() && lead[lead.len() - name.len()..].eq_ignore_ascii_case(name))
}

/// True unless what follows `cmdclass` is a table of commands that neither building nor installing runs.
fn overrides_installation(rest: &[u8]) -> bool {
    const RUN: [&str; 6] = ["install", "develop", "egg_info", "build", "dist", "wheel"];
    let table = rest.trim_ascii_start().strip_prefix(b"=").map(<[u8]>::trim_ascii_start);
    let table = table.and_then(|table| table.strip_prefix(b"{"));
    let Some(table) = table.and_then(|table| Some(&table[..memchr::memchr(b'}', table)?])) else {
        return true;
    };
    // What compiles extensions has to be told how.
    let told = String::from_utf8_lossy(table).replace("build_ext", "").replace("build_clib", "");
    RUN.iter().any(|command| told.contains(command))
}

fn unfolded(bytes: &[u8], lexed: &Lexed, hits: &mut Vec<Hit>) {
    let found = fold::unfold(bytes, lexed);
    hits.extend(found.words.into_iter().map(|(word, offset)| at(word.decoded_signal(), offset)));
    hits.extend(found.blobs.into_iter().map(|offset| at(Signal::Blob, offset)));
}

/// Tells running decoded or downloaded text from running one's own.
fn evaluated(bytes: &[u8], language: Language, lexed: &Lexed, hits: &mut Vec<Hit>) {
    const DECODES: &[&str] = &[
        "b64decode",
        "decompress(",
        "fromhex",
        "decrypt",
        "unhexlify",
        "base64",
        "rot13",
        "marshal",
        "b85decode",
        "atob(",
        "fromCharCode",
        "b32decode",
        "_decode(",
    ];
    const FETCHES: &[&str] = &[
        "urlopen",
        "requests.get",
        "httpx.get",
        ".get(url",
        "fetch(",
        "https.get",
        "res.data",
        "response.data",
        "response.text",
        "resp.text",
        ".text)",
        "body)",
    ];
    const RUNS: &[&str] = &["eval", "Function", "exec", "spawn", "require", "import"];
    let mut more = Vec::new();
    let in_code = |hit: &&Hit| hit.kind == Kind::Code && lexed.kind_at(hit.offset) == Kind::Code;
    for hit in hits.iter().filter(|hit| hit.signal == Signal::Eval).filter(in_code) {
        let call = argument(bytes, hit.offset);
        let mut subject = call.to_vec();
        if let Some(name) = first_name(call) {
            subject.extend_from_slice(assigned(bytes, name, hit.offset));
        }
        let mentions = |words: &[&str]| words.iter().any(|word| text::contains(&subject, word));
        let says_all = language == Language::Script && is_plain_text(call) && !mentions(RUNS);
        // What comes through the standard input is from whoever started the program.
        if mentions(DECODES) && !says_all && !mentions(&["stdin."]) {
            more.push(at(Signal::EvalDecoded, hit.offset));
        }
        if mentions(FETCHES) {
            more.push(at(Signal::EvalFetched, hit.offset));
        }
    }
    hits.append(&mut more);
}

/// The bytes between the parentheses of a call, at most 600.
fn argument(bytes: &[u8], call: usize) -> &[u8] {
    let end = bytes.len().min(call + 600);
    let window = &bytes[call..end];
    let Some(open) = memchr::memchr(b'(', window) else { return &[] };
    let mut depth = 0usize;
    for (index, byte) in window.iter().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return &window[open + 1..index];
        }
    }
    &window[open + 1..]
}

/// True for one text in quotes: the code that is run stands there for everybody to read.
fn is_plain_text(argument: &[u8]) -> bool {
    match argument.trim_ascii() {
        [quote @ (b'\'' | b'"'), inner @ .., last] => {
            last == quote && !inner.contains(quote) && !inner.contains(&b'\\')
        }
        _ => false,
    }
}

fn first_name(argument: &[u8]) -> Option<&[u8]> {
    let length = argument.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    (length > 0 && !argument[0].is_ascii_digit()).then(|| &argument[..length])
}

/// The line that last assigned a name before an offset.
fn assigned<'a>(bytes: &'a [u8], name: &[u8], before: usize) -> &'a [u8] {
    let from = before.saturating_sub(20_000);
    memchr::memmem::rfind_iter(&bytes[from..before], name)
        .map(|found| from + found)
        .find_map(|start| {
            let rest_of_line =
                &bytes[start..start + memchr::memchr(b'\n', &bytes[start..]).unwrap_or(bytes.len() - start)];
            let rest = bytes[start + name.len()..].trim_ascii_start();
            let assigns = rest.first() == Some(&b'=') && rest.get(1) != Some(&b'=');
            assigns.then(|| &rest_of_line[..rest_of_line.len().min(400)])
        })
        .unwrap_or_default()
}

/// Offset of a loop that combines data with a repeating key.
fn xor(bytes: &[u8], lexed: &Lexed) -> Option<usize> {
    const COMPANY: &[&str] = &["charCodeAt", "cycle(", "ord(", ".len()]", ".length]", "len(key)", "key["];
    memchr::memchr_iter(b'^', bytes).take(2000).find(|&offset| {
        let from = offset.saturating_sub(80);
        let window = &bytes[from..bytes.len().min(offset + 80)];
        COMPANY.iter().any(|word| text::contains(window, word)) && lexed.kind_at(offset) == Kind::Code
    })
}

fn camouflage(bytes: &[u8], language: Language, hits: &mut Vec<Hit>) {
    hits.extend(hidden::long_run(bytes).map(|offset| at(Signal::HiddenRun, offset)));
    hits.extend(hidden::bidi_override(bytes).map(|offset| at(Signal::Bidi, offset)));
    if matches!(language, Language::Script | Language::Python) {
        // Tables in a description are wide.
        let lexed = LazyCell::new(|| lex(language, bytes));
        let far = hidden::far_right(bytes, language, |offset| lexed.kind_at(offset) == Kind::Code);
        hits.extend(far.map(|offset| at(Signal::Ran200Spaces, offset)));
        hits.extend(hidden::looks_obfuscated(bytes).map(|offset| at(Signal::Obfuscated, offset)));
    }
    if language == Language::Python {
        hits.extend(hidden::armoured(bytes).map(|offset| at(Signal::Obfuscated, offset)));
        hits.extend(hidden::dressed_up_name(bytes).map(|offset| at(Signal::HiddenCall, offset)));
    }
    if language == Language::Shell {
        hits.extend(super::shell::fetches_program(bytes).map(|offset| at(Signal::FetchesProgram, offset)));
    }
    if language == Language::Script {
        hits.extend(hidden::odd_tail(bytes).map(|offset| at(Signal::OddTail, offset)));
        hits.extend(hidden::unreadable(bytes).map(|offset| at(Signal::OpaqueCode, offset)));
    }
}
