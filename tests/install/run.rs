//! `make run` without a display: the daemon and the watcher, and nothing left after Ctrl-C.

use doorward_tests::{Sandbox, binary, fixtures, need, repository, sandboxed};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

#[test]
fn make_run_without_a_display_guards_watches_and_leaves_nothing() {
    sandboxed("install", "run::make_run_without_a_display_guards_watches_and_leaves_nothing", |sandbox| {
        need("install");
        fixtures::place_secrets(sandbox);
        let settings = sandbox.root().join("settings.toml");
        let state = sandbox.root().join("state");
        let text = format!(
            "homes = [{:?}]\nlogin_users = false\nstate_dir = {state:?}\nmode = \"block\"\n",
            sandbox.home()
        );
        fs::write(&settings, text).expect("settings");
        let socket = sandbox.root().join("run/doorwardd.sock");
        let bin = binary("doorward").parent().expect("a folder").to_owned();
        let running = Command::new(repository().join("installer/run.sh"))
            .arg(&bin)
            .env("DOORWARD_SOCKET", &socket)
            .env("DOORWARD_RUN_CONFIG", &settings)
            .env("DOORWARD_DATA_DIR", sandbox.root().join("data"))
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("run.sh starts");
        let mut running = Running(running);
        let (sender, lines) = channel();
        let stdout = running.0.stdout.take().expect("a pipe");
        std::thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let mut told = Vec::new();
        let mut wait_for = |what: &str| {
            let started = Instant::now();
            while !told.iter().any(|line: &String| line.contains(what)) {
                told.extend(lines.recv_timeout(Duration::from_secs(1)));
                assert!(started.elapsed() < Duration::from_secs(60), "{what:?} never came: {told:#?}");
            }
        };
        wait_for("there is no display");
        wait_for("package caches");
        steal(sandbox);
        wait_for(".ssh/id_ed25519");

        // Ctrl-C reaches every process of the terminal's foreground group.
        let group = running.0.id();
        let sent =
            Command::new("kill").args(["-INT", "--", &format!("-{group}")]).status().expect("kill runs");
        assert!(sent.success());
        wait_for("nothing is left running");
        assert!(running.0.wait().expect("run.sh ends").success());
        assert_eq!(processes_of(&bin, &socket), Vec::<String>::new());
        assert!(!socket.with_file_name("make-run.toml").exists());
    });
}

/// A failed test leaves nothing running either.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            let group = format!("-{}", self.0.id());
            let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
            let _ = self.0.wait();
        }
    }
}

/// An unknown program reads the key.
fn steal(sandbox: &Sandbox) {
    let key = sandbox.home().join(".ssh/id_ed25519");
    let run = sandbox.run(sandbox.command("/bin/cat").arg(key));
    assert!(run.stderr.contains("Operation not permitted"), "{run}");
}

/// Programs of ours that still run with this socket in their environment or arguments.
fn processes_of(bin: &Path, socket: &Path) -> Vec<String> {
    let folder = socket.parent().expect("a folder").to_string_lossy().into_owned();
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").expect("/proc").flatten() {
        let exe = fs::read_link(process.path().join("exe")).unwrap_or_default();
        let words =
            ["cmdline", "environ"].map(|name| fs::read(process.path().join(name)).unwrap_or_default());
        let ours = words.iter().any(|bytes| String::from_utf8_lossy(bytes).contains(&folder));
        if ours
            && exe.starts_with(bin)
            && exe.file_name().is_some_and(|name| name.to_string_lossy().starts_with("doorward"))
        {
            found.push(exe.display().to_string());
        }
    }
    found
}
