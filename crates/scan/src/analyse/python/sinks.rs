//! Where data leaves the program or becomes one: the network, files, evaluation.

use super::address::names_a_program;
use super::express::look;
use super::given::Given;
use super::interpreter::Interpreter;
use super::value::{HOLE, Origin, Origins, Value};
use crate::analyse::dictionary;
use crate::analyse::drops::holds_bot_token;
use crate::analyse::evidence::is_meant;
use crate::analyse::signal::Signal;

/// What tells where a connection goes, and nothing where it stands in what is sent: a version is written like an address.
const WHERE: Origins = Origins::of(&[Origin::BareAddress, Origin::OddPort, Origin::ProgramAddress]);

impl<'t> Interpreter<'t> {
    /// What leaves the machine with a call, and where to.
    pub(super) fn network(&mut self, given: &Given<'t>, through: &Value<'t>) {
        let at = given.at;
        let mut leaving = Origins::NONE;
        let mut place = through.origins();
        for value in given.sent() {
            let origins = value.origins();
            place = place.and(if given.is_body(value) { origins.without(WHERE) } else { origins });
            // The address of a service that tells one's own address is no secret of this machine.
            let told = match value.as_text() {
                Some(text) if is_host_alone(text) => Origins::of(&[Origin::Identity, Origin::Host]),
                _ => value.whole_text().map_or(Origins::NONE, |text| look(Value::text(text)).from),
            };
            leaving = leaving.and(origins.without(told));
        }
        let mut places = given.sent().filter(|value| !given.is_body(value));
        if places.any(|value| self.is_hidden_address(value)) || is_hidden_host(through) {
            self.note(Signal::HiddenHost, at);
        }
        if is_for_its_keeper(through, place) {
            leaving = leaving.without(Origins::of(&[Origin::Key]));
        }
        if self.goes_to_a_channel_of_the_callers(through) {
            leaving = leaving.without(Origins::of(&[Origin::Identity]));
        }
        if self.is_for_its_service(given) {
            leaving = leaving.without(Origins::of(&[Origin::Key, Origin::Identity]));
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
        // One of the two is in many a user agent; both together name a person.
        if leaving.has(Origin::Host) && leaving.has(Origin::User) {
            self.note(Signal::SendsProfile, at);
        }
        if self.live && place.has(Origin::Address) {
            self.note(Signal::Beacon, at);
        }
        self.places(place, at);
    }

    /// True where a library of a chat service sends, and the file holds nobody's token and no channel: then its caller says
    /// who reads it.
    fn goes_to_a_channel_of_the_callers(&self, through: &Value<'t>) -> bool {
        const LIBRARIES: [&str; 8] = [
            "discord_webhook.",
            "dhooks.",
            "discord.",
            "nextcord.",
            "disnake.",
            "telebot.",
            "telegram.",
            "slack_sdk.",
        ];
        let Some(file) = self.current_file() else { return false };
        let is_library =
            through.name().is_some_and(|name| LIBRARIES.iter().any(|library| name.starts_with(library)));
        let holds_channel = memchr::memmem::find_iter(file.bytes, b"/webhooks/")
            .any(|at| file.bytes.get(at + 10).is_some_and(u8::is_ascii_digit));
        is_library
            && !through.origins().has(Origin::Decoded)
            && !holds_channel
            && !holds_bot_token(file.bytes)
    }

    /// True where a module that is named for a service talks to it, and has to do with no wallet: its users know
    /// where what they hand it goes. An address that is not known is one of those that the module spells.
    fn is_for_its_service(&self, given: &Given<'t>) -> bool {
        const WALLETS: [&str; 6] = ["wallet", "mnemonic", "ethereum", "solana", "bitcoin", "seed"];
        const ELSEWHERE: Origins =
            Origins::of(&[Origin::DropHost, Origin::BareAddress, Origin::Decoded, Origin::Decrypted]);
        let Some(file) = self.current_file() else { return false };
        let path = file.path.to_ascii_lowercase().replace(['_', '-'], "");
        let shown: Vec<String> = given.sent().filter_map(Value::as_text).flat_map(hosts).collect();
        let is_its_own = if shown.is_empty() {
            let spelt = hosts(file.bytes);
            !given.origins().meets(ELSEWHERE)
                && !spelt.is_empty()
                && spelt.iter().all(|host| is_named_for(&path, host))
        } else {
            shown.iter().any(|host| is_named_for(&path, host))
        };
        is_its_own && {
            let code = file.bytes.to_ascii_lowercase();
            !WALLETS.iter().any(|word| memchr::memmem::find(&code, word.as_bytes()).is_some())
        }
    }

    /// True for an address that the program spells in code, not in words.
    pub(super) fn is_hidden_address(&self, value: &Value<'t>) -> bool {
        const MARK: &[u8] = b"://";
        let origins = value.origins();
        let Some(text) = value.as_text().filter(|_| origins.has(Origin::Decoded)) else { return false };
        let Some(start) = memchr::memmem::find(text, MARK) else { return false };
        let ends = |byte: &u8| matches!(byte, b'/' | b'?' | b'#' | b' ');
        let length = text[start + MARK.len()..].iter().position(ends);
        let start = start + MARK.len();
        let host = &text[start..length.map_or(text.len(), |length| start + length)];
        if host.contains(&HOLE) {
            return !origins.has(Origin::Parameter);
        }
        // Where the host stands in the source for all to read, only what follows it was decoded.
        // After so many that did not, no more are looked for: hostile code may hold any number.
        const MOST_SEARCHES: u32 = 256;
        if self.searches.get() >= MOST_SEARCHES {
            return true;
        }
        self.searches.set(self.searches.get() + 1);
        let mut modules = self.files.iter().filter(|file| file.path.ends_with(".py"));
        !modules.any(|file| memchr::memmem::find(file.bytes, host).is_some())
    }

    pub(super) fn places(&mut self, place: Origins, at: usize) {
        if place.has(Origin::DropHost) {
            self.note(Signal::ContactsDrop, at);
        }
        if place.has(Origin::BareAddress) {
            self.note(Signal::ContactsAddress, at);
        }
        if place.has(Origin::ProgramAddress) {
            self.note(Signal::FetchesProgram, at);
        }
        if place.has(Origin::Hosted) {
            self.note(Signal::ContactsHosted, at);
        }
        if place.has(Origin::OddPort) {
            self.note(Signal::OddPort, at);
        }
    }

    pub(super) fn contact(&mut self, given: &Given<'t>) {
        let mut place = given.origins();
        if let Some(items) = given.first().and_then(Value::items)
            && let Some(host) = items.first().and_then(Value::whole_text)
            && super::address::is_bare(host)
        {
            place.add(Origin::BareAddress);
        }
        let host = given.first().and_then(Value::items).and_then(<[_]>::first);
        if host.is_some_and(|host| host.as_text().is_some() && host.origins().has(Origin::Decoded)) {
            self.note(Signal::HiddenHost, given.at);
        }
        self.places(place, given.at);
    }

    pub(super) fn memory(&mut self, given: &Given<'t>) {
        self.note(Signal::Shellcode, given.at);
    }

    /// Marks a path as holding what was fetched, decoded or secret.
    pub(super) fn mark(&mut self, path: &Value<'t>, origin: Origin) {
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
    pub(super) fn marks(&self, path: Option<&Value<'t>>) -> Vec<Origin> {
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
                // Of a name that is not known the folder is: `/tmp/` and something.
                let shown = known.iter().filter(|&&byte| byte != HOLE).count();
                let sought = if name.is_empty() && shown > 4 { &**known } else { name };
                *of == origin && sought.len() > 2 && memchr::memmem::find(text, sought).is_some()
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

    pub(super) fn open(&mut self, name: &str, given: &Given<'t>) -> Value<'t> {
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

    /// Texts that somebody runs later: Python that the package holds in disguise, and commands for a shell's start.
    fn program_written(&mut self, given: &Given<'t>) {
        let Some(value) = given.first() else { return };
        let (Some(text), origins) = (value.whole_text(), value.origins()) else { return };
        let has = |text: &[u8], word: &[u8]| memchr::memmem::find(text, word).is_some();
        if origins.has(Origin::Decoded)
            && !origins.has(Origin::Parameter)
            && (text.starts_with(b"import ") || has(text, b"\nimport "))
        {
            self.note(Signal::OpaqueCode, given.at);
        }
        const LINES: usize = 4;
        let is_a_command = text.split(|&byte| byte == b'\n').count() < LINES;
        let fetches = is_a_command && (has(text, b"curl ") || has(text, b"wget "));
        if fetches && self.names_a_shells_start() {
            let text = text.to_vec();
            self.command(&text, given.at);
        }
    }

    /// True where the file that is walked names what a shell reads when it starts.
    fn names_a_shells_start(&mut self) -> bool {
        const STARTS: [&[u8]; 4] = [b".bashrc", b".zshrc", b".profile", b".bash_profile"];
        let Some((file, _)) = self.place(0) else { return false };
        match self.names_starts {
            Some((asked, answer)) if asked == file => answer,
            _ => {
                let bytes = self.files.get(file).map_or(&[][..], |file| file.bytes);
                let answer = STARTS.iter().any(|name| memchr::memmem::find(bytes, name).is_some());
                self.names_starts = Some((file, answer));
                answer
            }
        }
    }

    /// `handle.write(data)`.
    pub(super) fn written(&mut self, handle: &Value<'t>, given: &Given<'t>) {
        let data = given.origins();
        let mut origins = Vec::new();
        // What is shown to the user becomes no file.
        if handle.name().is_some_and(|name| name.starts_with("sys.std")) {
            return;
        }
        if data.has(Origin::Fetched) {
            origins.push(Origin::FetchedFile);
        }
        // What a caller handed in encoded is no payload of the package's.
        let is_the_packages = given.all().any(|value| value.as_text().is_some())
            || data.meets(Origins::of(&[Origin::Blob, Origin::Fetched, Origin::File, Origin::OwnFile]));
        if is_the_packages && data.meets(Origins::of(&[Origin::Decoded, Origin::Decrypted])) {
            origins.push(Origin::DecodedFile);
        }
        if data.meets(Origins::of(&[Origin::Secret, Origin::Capture])) {
            origins.push(Origin::SecretPath);
        }
        self.program_written(given);
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
                if names.iter().any(|name| names_a_program(name)) {
                    self.note(Signal::FetchesProgram, given.at);
                    // A program that travels as text is meant to pass for something else.
                    if data.has(Origin::Decoded) {
                        self.note(Signal::DecodedOrders, given.at);
                    }
                }
            }
        }
        // What an interpreter is given to read, it runs.
        if handle.name() == Some("interpreter().stdin") {
            if data.has(Origin::Fetched) {
                self.note(Signal::EvalFetched, given.at);
            }
            if data.has(Origin::Socket) {
                self.note(Signal::ReverseShell, given.at);
                self.note(Signal::RemoteOrders, given.at);
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
    pub(super) fn run_apart(&mut self, text: &[u8], at: usize) {
        self.run_text(text, at);
    }

    /// Running text as Python.
    pub(super) fn evaluate(&mut self, name: &str, given: &Given<'t>) -> Value<'t> {
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
        }
        if origins.has(Origin::Marshalled) {
            self.note(Signal::OpaqueCode, at);
        }
        let Some(text) = source.whole_text() else {
            if origins.has(Origin::Blob) && !origins.has(Origin::Parameter) {
                self.note(Signal::OpaqueCode, at);
            }
            return source.blurred();
        };
        let text = text.to_vec();
        // However short: nobody writes what everybody may read in base64.
        if origins.meets(Origins::of(&[Origin::Decoded, Origin::Decrypted]))
            && !origins.has(Origin::Parameter)
        {
            self.note(Signal::Blob, at);
        }
        if text.len() > 60
            && (origins.meets(Origins::of(&[Origin::Decoded, Origin::Decrypted])) || self.is_inside_text())
        {
            self.words(&text, at);
        }
        self.run_text(&text, at).unwrap_or(Value::UNKNOWN)
    }
}

/// True for an address of which only the host is not known: that is where something goes, not what goes there.
fn is_host_alone(text: &[u8]) -> bool {
    let Some(start) = memchr::memmem::find(text, b"://") else { return false };
    let (before, host) = (&text[..start], &text[start + 3..]);
    let end = host.iter().position(|byte| matches!(byte, b'/' | b':' | b'?' | b'#')).unwrap_or(host.len());
    host[..end] == [HOLE] && !before.contains(&HOLE) && !host[end..].contains(&HOLE)
}

/// The hosts of the addresses in a text, but those of the machine itself and those where a project keeps its code.
fn hosts(text: &[u8]) -> Vec<String> {
    let ends = |byte: &u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'-');
    memchr::memmem::find_iter(text, b"://")
        .map(|at| text[at + 3..].split(ends).next().unwrap_or_default())
        .filter(|host| !matches!(*host, b"localhost" | b"127.0.0.1" | b"github.com" | b"gitlab.com"))
        .map(|host| String::from_utf8_lossy(host).to_ascii_lowercase())
        .collect()
}

/// True where the name that a host's owner registered is a part of a module's path.
fn is_named_for(path: &str, host: &str) -> bool {
    const SHORTEST: usize = 5;
    let owner = host.rsplit('.').nth(1).map(|owner| owner.replace('-', ""));
    owner.is_some_and(|owner| owner.len() >= SHORTEST && path.contains(&owner))
}

/// True where a key goes to those it is meant for: a log-in by key shows that one has it, and who hands a key to a
/// client together with the client's address chose where it goes.
fn is_for_its_keeper(through: &Value<'_>, place: Origins) -> bool {
    const CLIENTS: [&str; 8] =
        ["requests.", "urllib.", "urllib2.", "urllib3.", "httpx.", "aiohttp.", "http.", "six.moves.urllib."];
    const OWN: Origins = Origins::of(&[
        Origin::Address,
        Origin::DropHost,
        Origin::BareAddress,
        Origin::Socket,
        Origin::Decoded,
        Origin::Decrypted,
        Origin::Fetched,
    ]);
    let Some(name) = through.name() else { return false };
    name.ends_with(".connect") || CLIENTS.iter().any(|client| name.starts_with(client)) && !place.meets(OWN)
}

/// True for a connection to a host that was spelt in code.
fn is_hidden_host(through: &Value<'_>) -> bool {
    through.origins().has(Origin::Decoded)
        && through
            .name()
            .is_some_and(|name| name.contains("HTTPSConnection()") || name.contains("HTTPConnection()"))
}
