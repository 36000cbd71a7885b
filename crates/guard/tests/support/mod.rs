//! Starts a real `doorwardd` beside any other, with a made-up home, and talks to it.
#![allow(dead_code, unreachable_pub)] // Each test file uses a part of it.

use doorward_protocol::{
    Asked, Control, Event, Expiry, Hello, Observe, Reply, Request, RequestBody, RuleDraft, RuleVerdict,
    ServerMessage, What, Who, WireError, read_frame, write_frame,
};
use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The made-up user.
pub const ADA: u32 = 12345;
const AS_USER: &str = "DOORWARD_TEST_AS_USER";
/// Another made-up user.
pub const BOB: u32 = 23456;
pub const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nmade up\n";

/// A running daemon; ends with the value.
pub struct Daemon {
    pub child: Child,
    pub folder: tempfile::TempDir,
    said: Receiver<String>,
}

impl Daemon {
    /// A daemon that guards the home of [`ADA`], with an SSH key in it; `extra` is TOML.
    pub fn start(extra: &str) -> Self {
        Self::start_in(folder_with_home(), extra)
    }

    /// A daemon on a folder that has been used before.
    pub fn start_in(folder: tempfile::TempDir, extra: &str) -> Self {
        Self::start_through(Command::new(env!("CARGO_BIN_EXE_doorwardd")), folder, extra)
    }

    /// A daemon that the kernel does not tell about births, starts and ends of processes.
    pub fn start_in_the_dark(extra: &str) -> Self {
        let mut apart = Command::new("unshare");
        apart.args(["--net", "--", env!("CARGO_BIN_EXE_doorwardd")]);
        Self::start_through(apart, folder_with_home(), extra)
    }

    /// A daemon whose standard error takes nothing, as on a full disk or a terminal that was closed.
    pub fn start_unheard(extra: &str) -> Self {
        let full = fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut daemon = Command::new(env!("CARGO_BIN_EXE_doorwardd"));
        daemon.stderr(full);
        Self::start_through(daemon, folder_with_home(), extra)
    }

    fn start_through(mut daemon: Command, folder: tempfile::TempDir, extra: &str) -> Self {
        let root = folder.path();
        // Other users cannot reach the build folder: this program under a name they can.
        let me = std::env::current_exe().expect("own path");
        let client = root.join("client");
        if !client.exists() && fs::hard_link(&me, &client).is_err() {
            fs::copy(&me, &client).expect("copy this test program");
        }
        let mut config = String::new();
        for (key, value) in [
            ("state_dir", format!("{:?}", root.join("state"))),
            ("socket", format!("{:?}", root.join("socket"))),
            ("login_users", "false".into()),
            ("clients", format!("[{client:?}]")),
            ("polkit", "\"off\"".into()),
        ] {
            if !extra.lines().any(|line| line.starts_with(key)) {
                config.push_str(&format!("{key} = {value}\n"));
            }
        }
        for (key, value) in [("homes", format!("[{:?}]", root.join("ada"))), ("gate", "false".into())] {
            if !extra.lines().any(|line| line.split(['=', ' ']).next() == Some(key)) {
                config.push_str(&format!("{key} = {value}\n"));
            }
        }
        config.push_str(extra);
        fs::write(root.join("config.toml"), config).expect("write configuration");
        let mut child = daemon
            .arg("--config")
            .arg(root.join("config.toml"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("start doorwardd");
        let stdout = BufReader::new(child.stdout.take().expect("stdout"));
        let (sender, said) = channel();
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let mut daemon = Self { child, folder, said };
        daemon.wait_until_ready();
        daemon
    }

    /// Waits for the daemon (or its next worker) to say that it is ready.
    pub fn wait_until_ready(&mut self) {
        let said = self.said.recv_timeout(Duration::from_secs(60));
        assert_eq!(said.as_deref(), Ok("ready"), "the daemon ended, or hung, before it was ready");
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn home(&self) -> PathBuf {
        self.root().join("ada")
    }

    pub fn key(&self) -> PathBuf {
        self.home().join(".ssh/id_ed25519")
    }

    pub fn socket(&self) -> PathBuf {
        self.root().join("socket")
    }

    /// A connection of root.
    pub fn connect(&self) -> Connection {
        Connection::open(&self.socket())
    }

    /// Ends the daemon in order; the folder stays.
    pub fn stop(mut self) -> tempfile::TempDir {
        self.end();
        std::mem::replace(&mut self.folder, tempfile::tempdir().expect("folder"))
    }

    /// Sends SIGTERM and waits for the end; true where it was an orderly one.
    pub fn end(&mut self) -> bool {
        kill(self.child.id(), "-TERM");
        self.child.wait().expect("wait").success()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.end();
        }
    }
}

/// A folder for a daemon, with the home of [`ADA`].
pub fn folder_with_home() -> tempfile::TempDir {
    assert!(is_root(), "this test needs root: fanotify's permission events are for root only");
    let folder = tempfile::Builder::new().prefix("doorward-guard-").tempdir().expect("folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("open folder");
    make_home(&folder.path().join("ada"), ADA);
    folder
}

/// A home with an SSH key and its public half.
pub fn make_home(home: &Path, uid: u32) {
    let ssh = home.join(".ssh");
    fs::create_dir_all(&ssh).expect("make home");
    write_owned(&ssh.join("id_ed25519"), KEY, uid);
    write_owned(&ssh.join("id_ed25519.pub"), "ssh-ed25519 AAAA made-up\n", uid);
    for path in [home, &ssh] {
        chown(path, Some(uid), Some(uid)).expect("chown");
    }
}

pub fn write_owned(path: &Path, text: &str, uid: u32) {
    fs::write(path, text).expect("write");
    chown(path, Some(uid), Some(uid)).expect("chown");
}

/// `cat FILE` as a user.
pub fn cat(path: &Path, uid: u32) -> Output {
    Command::new("/usr/bin/cat").arg(path).uid(uid).gid(uid).current_dir("/").output().expect("run cat")
}

pub fn cat_in_background(path: &Path, uid: u32) -> Child {
    let mut cat = Command::new("/usr/bin/cat");
    cat.arg(path).uid(uid).gid(uid).current_dir("/").stdout(Stdio::piped()).stderr(Stdio::piped());
    cat.spawn().expect("run cat")
}

/// A shell command as a user.
pub fn sh(script: &str, uid: u32, folder: &Path) -> Output {
    Command::new("/bin/sh")
        .args(["-c", script])
        .uid(uid)
        .gid(uid)
        .current_dir(folder)
        .output()
        .expect("run sh")
}

pub fn was_denied(output: &Output) -> bool {
    !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("Operation not permitted")
}

pub fn kill(pid: u32, signal: &str) {
    let done = Command::new("/bin/kill").args([signal, &pid.to_string()]).status().expect("run kill");
    assert!(done.success(), "kill {signal} {pid}");
}

/// Tries until it works; for things that happen soon.
pub fn soon<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(Instant::now() < end, "did not happen in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A connection to the daemon.
pub struct Connection {
    pub stream: UnixStream,
    pub hello: Hello,
    queue: VecDeque<ServerMessage>,
    next: u64,
}

impl Connection {
    pub fn open(socket: &Path) -> Self {
        let mut stream = UnixStream::connect(socket).expect("connect");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("timeout");
        let hello = match read_frame(&mut stream).expect("read").expect("a first message") {
            ServerMessage::Hello(hello) => *hello,
            other => panic!("the first message is {other:?}"),
        };
        Self { stream, hello, queue: VecDeque::new(), next: 1 }
    }

    pub fn request(&mut self, body: RequestBody) -> Result<Reply, WireError> {
        let id = self.next;
        self.next += 1;
        write_frame(&mut self.stream, &Request { id, body }).expect("send");
        loop {
            match self.receive() {
                ServerMessage::Reply { id: answered, result } if answered == id => return result,
                other => self.queue.push_back(other),
            }
        }
    }

    pub fn control(&mut self, control: Control) -> Result<Reply, WireError> {
        self.request(RequestBody::Control(control))
    }

    pub fn subscribe(&mut self) {
        assert_eq!(self.request(RequestBody::Observe(Observe::Subscribe)), Ok(Reply::Done));
    }

    pub fn events(&mut self) -> Vec<Event> {
        match self.request(RequestBody::Observe(Observe::Events { after: 0, limit: 1000 })) {
            Ok(Reply::Events(events)) => events,
            other => panic!("instead of events: {other:?}"),
        }
    }

    /// The next message that fits.
    pub fn wait_for<T>(&mut self, mut fits: impl FnMut(&ServerMessage) -> Option<T>) -> T {
        if let Some(at) = self.queue.iter().position(|message| fits(message).is_some()) {
            let message = self.queue.remove(at).expect("just found");
            return fits(&message).expect("just fitted");
        }
        loop {
            let message = self.receive();
            match fits(&message) {
                Some(found) => return found,
                None => self.queue.push_back(message),
            }
        }
    }

    pub fn asked(&mut self) -> Asked {
        self.wait_for(|message| match message {
            ServerMessage::Asked(asked) => Some((**asked).clone()),
            _ => None,
        })
    }

    pub fn settled(&mut self) -> Event {
        self.wait_for(|message| match message {
            ServerMessage::Settled(event) => Some((**event).clone()),
            _ => None,
        })
    }

    /// Sends bytes that may be nonsense.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("send");
    }

    pub fn receive(&mut self) -> ServerMessage {
        read_frame(&mut self.stream).expect("read").expect("the daemon closed the connection")
    }
}

/// Answers a question.
pub fn answer(
    connection: &mut Connection,
    event: u64,
    allow: bool,
    expiry: Expiry,
) -> Result<Reply, WireError> {
    connection.control(Control::Answer { event, allow, expiry })
}

/// The part of a test that another user plays: the test starts its own program again as that user.
/// True where this is that process and the part was played.
pub fn played(part: impl FnOnce(&mut Connection)) -> bool {
    let Ok(socket) = std::env::var(AS_USER) else { return false };
    part(&mut Connection::open(Path::new(&socket)));
    true
}

/// Lets a user play the part given to [`played`] in the test that calls this.
pub fn play_as(uid: u32, daemon: &Daemon) {
    let output = player(uid, daemon).output().expect("run as another user");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The command that plays the part given to [`played`] as this user.
pub fn player(uid: u32, daemon: &Daemon) -> Command {
    let name = std::thread::current().name().expect("a test's thread is named after it").to_owned();
    let mut player = Command::new(daemon.root().join("client"));
    player.args([&name, "--exact", "--nocapture"]).env(AS_USER, daemon.socket());
    player.uid(uid).gid(uid).current_dir("/");
    player
}

/// The newest event about a file.
pub fn event_about(connection: &mut Connection, path: &Path) -> Event {
    soon("an event about the file", || {
        connection.events().into_iter().rev().find(|event| event.secret.path == path)
    })
}

fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| status.contains("\nUid:\t0\t"))
}

/// One of the programs in `tests/programs`, compiled into a folder.
pub fn program(name: &str, folder: &Path) -> PathBuf {
    let (source, out) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs"), folder.join(name));
    let mut cc = Command::new("cc");
    cc.args(["-O1", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&out).arg(source.join(format!("{name}.c")));
    assert!(cc.args(["-ldl", "-pthread"]).status().expect("run cc").success(), "{name}.c does not compile");
    out
}

/// Allows a program to read the SSH keys.
pub fn allow(daemon: &Daemon, exe: &Path) -> u64 {
    let draft = RuleDraft {
        verdict: RuleVerdict::Allow,
        who: Who { exe: Some(exe.to_path_buf()), ..Who::default() },
        what: What::Class("ssh-key".into()),
        expiry: Expiry::Always,
    };
    match daemon.connect().control(Control::AddRule(draft)) {
        Ok(Reply::Rule(id)) => id,
        other => panic!("instead of a rule: {other:?}"),
    }
}
