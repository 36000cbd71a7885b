//! `make run` from its start to its end, with and without a display, as root and as a user with sudo:
//! whatever ends it, nothing is left running.

use doorward_tests::desktop::Desktop;
use doorward_tests::{Sandbox, fixtures, need, repository, sandboxed};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn without_a_display_it_guards_watches_and_leaves_nothing() {
    sandboxed("install", "run::without_a_display_it_guards_watches_and_leaves_nothing", |sandbox| {
        need("install");
        let setup = Setup::new(sandbox);
        let mut script = setup.as_root(setup.command());
        script.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY");
        let mut running = setup.start(&mut script);
        running.says("there is no display");
        running.says("package caches");
        running.says("Following reads");
        steal(sandbox);
        running.says(".ssh/id_ed25519");

        // Ctrl-C reaches every process of the terminal's foreground group.
        running.send("-INT", &format!("-{}", running.child.id()));
        running.says("nothing is left running");
        assert!(running.child.wait().expect("run.sh ends").success());
        running.has_left_nothing();
    });
}

#[test]
fn with_a_display_a_user_with_sudo_sees_the_window_until_ctrl_c() {
    sandboxed("install", "run::with_a_display_a_user_with_sudo_sees_the_window_until_ctrl_c", |sandbox| {
        ["sudo", "script", "xdotool"].into_iter().for_each(need);
        sandbox.allow_sudo();
        let desktop = Desktop::start(sandbox).expect("a desktop");
        let setup = Setup::new(sandbox);
        let mut terminal = setup.in_a_terminal(desktop.command("script"));
        let mut running = setup.start(terminal.env("DOORWARD_DATA_DIR", sandbox.home().join("data")));
        running.says("the guard is running");
        has_window(&desktop);
        steal(sandbox);

        let mut keyboard = running.child.stdin.take().expect("a pipe");
        keyboard.write_all(b"\x03").expect("Ctrl-C");
        running.says("nothing is left running");
        running.has_left_nothing();
    });
}

#[test]
fn a_closed_terminal_and_a_polite_end_leave_nothing_either() {
    sandboxed("install", "run::a_closed_terminal_and_a_polite_end_leave_nothing_either", |sandbox| {
        ["script", "xdotool"].into_iter().for_each(need);
        let desktop = Desktop::start(sandbox).expect("a desktop");
        let setup = Setup::new(sandbox);
        let mut terminal = setup.as_root(setup.in_a_terminal(Command::new("script")));
        let mut running = setup.start(desktop.show_on_it(&mut terminal));
        running.says("the guard is running");
        has_window(&desktop);
        // Without its master the terminal hangs up on everybody in it.
        running.send("-KILL", &running.child.id().to_string());
        running.has_left_nothing();

        // Warnings that cannot be written, as on a full disk, end nobody: the app has one for root at its start.
        let mut script = setup.as_root(setup.command());
        let full = fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut running = setup.start(desktop.show_on_it(script.stderr(full)));
        running.says("the guard is running");
        has_window(&desktop);
        running.send("-TERM", &running.child.id().to_string());
        running.says("nothing is left running");
        running.has_left_nothing();
    });
}

/// What `run.sh` needs, where the made-up user can reach it.
struct Setup {
    root: PathBuf,
    settings: PathBuf,
    socket: PathBuf,
}

impl Setup {
    fn new(sandbox: &Sandbox) -> Self {
        fixtures::place_secrets(sandbox);
        let root = sandbox.root();
        for program in ["doorwardd", "doorward", "doorward-app", "doorward-scan-worker"] {
            sandbox.program(program);
        }
        let installer = root.join("installer/linux");
        fs::create_dir_all(&installer).expect("a folder");
        for file in ["run.sh", "linux/org.doorward.policy"] {
            fs::copy(repository().join("installer").join(file), root.join("installer").join(file))
                .expect("a copy");
        }
        let settings = root.join("settings.toml");
        let state = root.join("state");
        let text = format!(
            "homes = [{:?}]\nlogin_users = false\nstate_dir = {state:?}\nmode = \"block\"\n",
            sandbox.home()
        );
        fs::write(&settings, text).expect("settings");
        Self { settings, socket: root.join("run/doorwardd.sock"), root }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.root.join("installer/run.sh"));
        command.arg(&self.root);
        command
    }

    /// `script` makes a terminal, runs a command in it, and types what it reads.
    fn in_a_terminal(&self, mut script: Command) -> Command {
        let root = self.root.display();
        let line = format!("{root}/installer/run.sh {root}");
        script.args(["--quiet", "--flush", "--command", &line, "/dev/null"]);
        script
    }

    /// With a home of root's that is made up, too.
    fn as_root(&self, mut command: Command) -> Command {
        let home = self.root.join("root");
        fs::create_dir_all(&home).expect("a home");
        command.env("HOME", &home).env("DOORWARD_DATA_DIR", home.join("data"));
        command
    }

    fn start(&self, command: &mut Command) -> Running {
        let mut child = command
            .env("DOORWARD_SOCKET", &self.socket)
            .env("DOORWARD_RUN_CONFIG", &self.settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("run.sh starts");
        let (sender, lines) = channel();
        let stdout = child.stdout.take().expect("a pipe");
        std::thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let folder = self.socket.parent().expect("a folder").to_owned();
        Running { child, lines, told: Vec::new(), folder }
    }
}

/// `run.sh` on its way; a failed test leaves nothing running either.
struct Running {
    child: Child,
    lines: Receiver<String>,
    told: Vec<String>,
    /// The daemon's socket is in here: no process without it in its arguments or environment is of this run.
    folder: PathBuf,
}

impl Running {
    fn says(&mut self, what: &str) {
        let started = Instant::now();
        while !self.told.iter().any(|line| line.contains(what)) {
            self.told.extend(self.lines.recv_timeout(Duration::from_secs(1)));
            assert!(started.elapsed() < PATIENCE, "{what:?} never came: {:#?}", self.told);
        }
    }

    fn send(&self, signal: &str, to: &str) {
        let sent = Command::new("kill").args([signal, "--", to]).status().expect("kill runs");
        assert!(sent.success());
    }

    fn has_left_nothing(&mut self) {
        let started = Instant::now();
        loop {
            let _ = self.child.try_wait();
            let left = processes_with(&self.folder);
            if left.is_empty() && !self.folder.join("make-run.toml").exists() {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "still running: {left:#?}; it said {:#?}", self.told);
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for (process, _) in processes_with(&self.folder) {
            let _ = Command::new("kill").args(["-KILL", &process.to_string()]).status();
        }
        let _ = self.child.wait();
    }
}

fn has_window(desktop: &Desktop<'_>) {
    let started = Instant::now();
    let mut search = desktop.command("xdotool");
    search.args(["search", "--onlyvisible", "--name", "^Doorward$"]);
    while !search.output().expect("xdotool runs").status.success() {
        assert!(started.elapsed() < PATIENCE, "no window ever came");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// An unknown program reads the key.
fn steal(sandbox: &Sandbox) {
    let key = sandbox.home().join(".ssh/id_ed25519");
    let run = sandbox.run(sandbox.command("/bin/cat").arg(key));
    assert!(run.stderr.contains("Operation not permitted"), "{run}");
}

/// Processes with this folder in their arguments or environment, by id, with their program.
fn processes_with(folder: &Path) -> Vec<(u32, String)> {
    let wanted = folder.to_string_lossy();
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(id) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let words =
            ["cmdline", "environ"].map(|name| fs::read(process.path().join(name)).unwrap_or_default());
        if words.iter().any(|bytes| String::from_utf8_lossy(bytes).contains(&*wanted)) {
            found.push((id, String::from_utf8_lossy(&words[0]).replace('\0', " ")));
        }
    }
    found
}
