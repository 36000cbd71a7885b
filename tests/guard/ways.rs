//! Every ordinary program that can be asked to show a file is asked to show a secret: first observed,
//! to see that it really would, then blocked.

use doorward_protocol::{Action, Event, EventKind};
use doorward_tests::{Daemon, Sandbox, need, sandboxed};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The table; its first lines say how to read it.
const WAYS: &str = include_str!("ways.txt");
const FOLDERS: [&str; 5] = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"];
const WORKERS: usize = 3;
/// Read when everything else is done.
const LAST: &str = ".ssh/last";
/// What a program may write before the rest is ignored.
const OUTPUT: u64 = 4 * 1024 * 1024;

/// One row of the table.
struct Way {
    number: usize,
    line: usize,
    program: &'static str,
    /// False where the secret is read but does not come out as it went in.
    shows: bool,
    command: &'static str,
    secret: String,
}

/// What came of one row.
struct Tried {
    pid: u32,
    shown: bool,
    said: String,
}

#[test]
fn no_program_can_be_talked_into_showing_a_secret() {
    sandboxed("guard", "ways::no_program_can_be_talked_into_showing_a_secret", |sandbox| {
        need("git");
        let (ways, absent) = installed_ways();
        let observed = attempt(sandbox, &ways, "observe");
        let blocked = attempt(sandbox, &ways, "block");
        let mut wrong = Vec::new();
        for (at, way) in ways.iter().enumerate() {
            let ((open, open_events), (shut, shut_events)) = (&observed[at], &blocked[at]);
            let mut complain = |what: &str, tried: &Tried, events: &[Event]| {
                let told: Vec<_> = events.iter().map(|event| (event.action, event.why.as_str())).collect();
                wrong.push(format!(
                    "line {}: {}: {what}\n  {told:?}\n  {}",
                    way.line, way.command, tried.said
                ));
            };
            if way.shows && !open.shown {
                complain(
                    "does not show the secret where nothing hinders it: the row is wrong",
                    open,
                    open_events,
                );
            }
            if open_events.is_empty() {
                complain("was not noticed while the guard only observed", open, open_events);
            }
            if shut.shown {
                complain("showed the secret", shut, shut_events);
            }
            if !shut_events.iter().any(|event| event.action == Action::Denied) {
                complain("was not named as denied", shut, shut_events);
            }
        }
        let programs: BTreeSet<&str> = ways.iter().map(|way| way.program).collect();
        println!(
            "{} ways of {} programs were tried; {} programs of the table are not installed: {}",
            ways.len(),
            programs.len(),
            absent.len(),
            absent.into_iter().collect::<Vec<_>>().join(" ")
        );
        assert!(wrong.is_empty(), "{} of {} ways:\n{}", wrong.len(), ways.len(), wrong.join("\n"));
        assert!(programs.len() >= 100, "only {} programs of the table are installed", programs.len());
    });
}

fn installed_ways() -> (Vec<Way>, BTreeSet<&'static str>) {
    let (mut ways, mut absent, mut place) = (Vec::new(), BTreeSet::new(), "");
    for (at, line) in WAYS.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(path) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            place = path;
            continue;
        }
        let (program, rest) = line.split_once(' ').expect("a program and a command");
        let rest = rest.trim_start();
        let (sign, command) = rest.split_at(1);
        assert!(sign == "|" || sign == "~", "line {}: {line}", at + 1);
        if !FOLDERS.iter().any(|folder| Path::new(folder).join(program).exists()) {
            absent.insert(program);
            continue;
        }
        let number = ways.len();
        let secret = place.replace('N', &format!("{number:03}"));
        ways.push(Way { number, line: at + 1, program, shows: sign == "|", command: command.trim(), secret });
    }
    (ways, absent)
}

/// Runs every row in one mode; with each come the events about its secret.
fn attempt(sandbox: &Sandbox, ways: &[Way], mode: &str) -> Vec<(Tried, Vec<Event>)> {
    for way in ways {
        let path = sandbox.write(&way.secret, &content(way));
        // What an earlier round linked elsewhere must not be this round's file.
        assert_eq!(fs::read_to_string(path).expect("just written"), content(way));
    }
    sandbox.write(LAST, "nothing\n");
    let sink = Sink::start();
    let daemon = Daemon::start(sandbox, &format!("mode = {mode:?}"));
    let next = AtomicUsize::new(0);
    let tried: Vec<Mutex<Option<Tried>>> = ways.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(way) = ways.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let folder = sandbox.folder(format!("work/{mode}/{:03}", way.number));
                    *tried[way.number].lock().expect("no panic") = Some(run(sandbox, way, &folder, &sink));
                }
            });
        }
    });
    let events = last_events(&daemon, sandbox);
    let about = |way: &Way, pid: u32| {
        let path = sandbox.home().join(&way.secret);
        let mine = |event: &&Event| {
            event.kind == EventKind::Read
                && event.secret.path == path
                && (event.reader.pid == pid || event.reader.ancestry.iter().any(|parent| parent.pid == pid))
        };
        events.iter().filter(mine).cloned().collect::<Vec<_>>()
    };
    let finished =
        tried.into_iter().map(|tried| tried.into_inner().expect("no panic").expect("every way ran"));
    finished
        .zip(ways)
        .map(|(tried, way)| {
            let events = about(way, tried.pid);
            (tried, events)
        })
        .collect()
}

/// All events, once the last one has been written down.
fn last_events(daemon: &Daemon<'_>, sandbox: &Sandbox) -> Vec<Event> {
    let last = sandbox.home().join(LAST);
    let _ = sandbox.run(sandbox.command("cat").arg(&last));
    let about_last = |events: &[Event]| events.iter().any(|event| event.secret.path == last);
    daemon.wait_for("the event of the last read", about_last);
    daemon.journal()
}

fn run(sandbox: &Sandbox, way: &Way, folder: &Path, sink: &Sink) -> Tried {
    let secret = sandbox.home().join(&way.secret);
    let text = |path: &Path| path.to_str().expect("a plain path").to_owned();
    let command = way
        .command
        .replace("{s}", &text(&secret))
        .replace("{d}", &text(secret.parent().expect("a folder")))
        .replace("{f}", secret.file_name().and_then(|name| name.to_str()).expect("a name"))
        .replace("{h}", &text(sandbox.home()))
        .replace("{p}", &sink.port.to_string());
    let mut shell = sandbox.command("timeout");
    shell.args(["-s", "KILL", "60", "/bin/sh", "-c", &command]).current_dir(folder);
    shell.env("PATH", FOLDERS.join(":")).env("TERM", "dumb").env("XDG_CACHE_HOME", folder.join("cache"));
    let output = folder.with_extension("output");
    let file = fs::File::create(&output).expect("a file");
    shell.stdin(Stdio::null()).stdout(file.try_clone().expect("a descriptor")).stderr(file);
    let mut child = shell.spawn().expect("timeout runs");
    let pid = child.id();
    let code = child.wait().expect("it ends");
    let mut said = read_some(&output);
    let shown = everything_written(folder).chain([said.clone()]).any(|bytes| shows(&bytes, way))
        || shows(&sink.bytes.lock().expect("no panic"), way);
    said.truncate(600);
    Tried { pid, shown, said: format!("{code}: {}", String::from_utf8_lossy(&said).escape_debug()) }
}

/// The made-up secret in the form that its readers expect.
fn content(way: &Way) -> String {
    let marker = marker(way);
    match way.secret.as_str() {
        ".netrc" => format!("machine elsewhere.invalid login ada password {marker}\n"),
        ".aws/credentials" => {
            format!("[default]\naws_access_key_id = MADEUPKEYID0001\naws_secret_access_key = {marker}\n")
        }
        ".git-credentials" => format!("https://ada:{marker}@localhost\n"),
        ".kube/config" => format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- {{name: c, context: {{cluster: c, user: u}}}}\n\
             clusters:\n- {{name: c, cluster: {{server: 'http://127.0.0.1:9'}}}}\nusers:\n- {{name: u, user: {{token: {marker}}}}}\n"
        ),
        _ => format!("{marker}\n"),
    }
}

/// Rows that share a file share its marker.
fn marker(way: &Way) -> String {
    let number = if way.secret.contains(&format!("{:03}", way.number)) { way.number } else { 999 };
    format!("kq{number:03}zvx{number:03}wjt")
}

/// True where the secret can be made out, as it is or in one of the usual spellings.
fn shows(bytes: &[u8], way: &Way) -> bool {
    let marker = marker(way);
    let plain: String = String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_whitespace()).collect();
    let plain = plain.to_lowercase();
    let each = |spell: fn(u8) -> String| marker.bytes().map(spell).collect::<String>();
    let spellings = [
        marker.clone(),
        marker.chars().rev().collect(),
        each(|byte| format!("{byte:02x}")),
        base64_start(&content(way)).to_lowercase(),
    ];
    spellings.iter().any(|spelling| plain.contains(spelling.as_str())) || in_binary(&plain, &marker)
}

/// `xxd -b` puts each byte on a line of its own, with its place before and its letter after it.
fn in_binary(plain: &str, marker: &str) -> bool {
    let mut rest = plain;
    marker.bytes().all(|byte| match rest.find(&format!("{byte:08b}")) {
        Some(at) => {
            rest = &rest[at + 8..];
            true
        }
        None => false,
    })
}

fn base64_start(text: &str) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let whole = text.as_bytes().chunks_exact(3).take(4);
    let four = |three: &[u8]| {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        [18, 12, 6, 0].map(|shift| LETTERS[(bits >> shift & 63) as usize] as char)
    };
    whole.flat_map(four).collect()
}

fn everything_written(folder: &Path) -> impl Iterator<Item = Vec<u8>> + use<> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    // A hard link of the secret is no copy.
    let copies = files.into_iter().filter(|path| {
        use std::os::unix::fs::MetadataExt as _;
        fs::metadata(path).is_ok_and(|metadata| metadata.nlink() == 1)
    });
    copies.map(|path| read_some(&path))
}

fn read_some(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = fs::File::open(path) {
        let _ = file.take(OUTPUT).read_to_end(&mut bytes);
    }
    bytes
}

/// A server that keeps what it is sent.
struct Sink {
    port: u16,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Sink {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || Self::serve(stream, &kept));
            }
        });
        Self { port, bytes }
    }

    fn serve(mut stream: TcpStream, kept: &Mutex<Vec<u8>>) {
        let _ = stream.set_read_timeout(Some(Duration::from_millis(400)));
        let mut buffer = [0; 65_536];
        let mut continued = false;
        while let Ok(read @ 1..) = stream.read(&mut buffer) {
            kept.lock().expect("no panic").extend_from_slice(&buffer[..read]);
            if !continued && buffer[..read].windows(12).any(|text| text == b"100-continue") {
                continued = true;
                let _ = stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}
