//! The daemon of one test, with a configuration, a socket and a journal of its own.

use crate::needs::binary;
use crate::sandbox::Sandbox;
use doorward_protocol::{Event, GuardState};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long the daemon may take to set its marks, and an event to arrive.
const PATIENCE: Duration = Duration::from_secs(15);

/// A running daemon; it ends with the value.
pub struct Daemon<'a> {
    child: Child,
    sandbox: &'a Sandbox,
    state: PathBuf,
}

impl<'a> Daemon<'a> {
    /// Starts it for the sandbox's home and waits until every mark is set. `settings` are lines
    /// of the configuration, such as `mode = "block"`, and win over what the test would have set.
    pub fn start(sandbox: &'a Sandbox, settings: &str) -> Self {
        let state = sandbox.root().join("daemon");
        fs::create_dir_all(&state).expect("a folder");
        fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).expect("reachable");
        let config = state.join("doorward.toml");
        let mut clients = vec![sandbox.program("doorward")];
        // The app is large: only tests with a desktop bring it along, before they start the daemon.
        clients.extend(Some(sandbox.root().join("doorward-app")).filter(|app| app.is_file()));
        let mut text = settings.to_owned() + "\n";
        for (key, value) in [
            ("state_dir", format!("{:?}", state.join("state"))),
            ("socket", format!("{:?}", state.join("doorwardd.sock"))),
            ("homes", format!("[{:?}]", sandbox.home())),
            ("login_users", "false".to_owned()),
            ("clients", format!("{clients:?}")),
            ("polkit", "\"off\"".to_owned()),
        ] {
            if !settings.lines().any(|line| line.split(['=', ' ']).next() == Some(key)) {
                text.push_str(&format!("{key} = {value}\n"));
            }
        }
        fs::write(&config, text).expect("a configuration");
        let log = fs::File::create(state.join("log")).expect("a log");
        let mut child = Command::new(binary("doorwardd"))
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(log)
            // A group of its own, so that a supervisor and its child end together.
            .process_group(0)
            .spawn()
            .expect("doorwardd starts");
        let stdout = child.stdout.take().expect("a pipe");
        let daemon = Self { child, sandbox, state };
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if line.trim() == "ready" {
                    let _ = sender.send(());
                }
            }
        });
        match receiver.recv_timeout(PATIENCE) {
            Ok(()) => daemon,
            Err(RecvTimeoutError::Timeout) => {
                panic!("doorwardd was not ready in time; it said:\n{}", daemon.log())
            }
            Err(RecvTimeoutError::Disconnected) => {
                panic!("doorwardd ended at once; it said:\n{}", daemon.log())
            }
        }
    }

    /// The daemon's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.state.join("doorwardd.sock")
    }

    /// Its configuration's and state's folder.
    pub fn folder(&self) -> &Path {
        &self.state
    }

    /// What it wrote to standard error.
    pub fn log(&self) -> String {
        fs::read_to_string(self.state.join("log")).unwrap_or_default()
    }

    /// `doorward …` as the sandbox's user, talking to this daemon.
    pub fn doorward(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(self.sandbox.program("doorward"));
        command.args(args).env("DOORWARD_SOCKET", self.socket());
        command
    }

    /// The user's events so far, as `doorward events --json` prints them.
    pub fn events(&self) -> Vec<Event> {
        let lines = self.sandbox.ok(&mut self.doorward(&["events", "--json", "--limit", "1000"]));
        lines.lines().map(|line| serde_json::from_str(line).expect("an event on each line")).collect()
    }

    /// Every event that the journal on disk still has, oldest file first.
    pub fn journal(&self) -> Vec<Event> {
        let folder = fs::read_dir(self.state.join("state/journal")).expect("the journal's folder");
        let mut files: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
        files.sort_by_key(|file| fs::metadata(file).and_then(|metadata| metadata.modified()).ok());
        let texts = files.iter().map(|file| fs::read_to_string(file).expect("the journal"));
        let text: String = texts.collect();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The guard's state, as `doorward status --json` prints it.
    pub fn state(&self) -> GuardState {
        let text = self.sandbox.ok(&mut self.doorward(&["status", "--json"]));
        let status: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        serde_json::from_value(status["state"].clone()).expect("the guard's state")
    }

    /// Waits until the events satisfy a condition, and fails with all of them where they never do.
    pub fn wait_for(&self, what: &str, enough: impl Fn(&[Event]) -> bool) -> Vec<Event> {
        let started = Instant::now();
        loop {
            let events = self.events();
            if enough(&events) {
                return events;
            }
            let told: Vec<String> = events.iter().map(|event| format!("{event:?}")).collect();
            assert!(
                started.elapsed() < PATIENCE,
                "{what} never came; the events are:\n{}\n{}",
                told.join("\n"),
                self.log()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(3) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.wait();
    }
}
