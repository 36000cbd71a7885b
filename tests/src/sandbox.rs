//! A made-up user with a made-up home, in a mount namespace of the test's own.

use crate::needs::{binary, need, need_root, skipped, test_tools};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// No account of a real machine: beyond the ranges that distributions hand out.
const FIRST_UID: u32 = 1_900_000_000;
const USER: &str = "ada";
/// Folders of the machine that tests mount into theirs.
const BOUND: [&str; 2] = ["toolchain", "tools"];
const INSIDE: &str = "DOORWARD_TEST_INSIDE";

/// Runs a test in a mount namespace of its own, in which the made-up user has an account.
///
/// The namespace comes from running this one test again below `unshare`, so `name` must be the test's
/// full name. Everything mounted in it disappears with the test.
pub fn sandboxed(area: &str, name: &str, test: impl FnOnce(&Sandbox)) {
    if skipped(area) {
        return;
    }
    if std::env::var_os(INSIDE).is_some_and(|inside| inside == name) {
        return test(&Sandbox::new());
    }
    need_root(area);
    need("unshare");
    let output = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "--"])
        .arg(std::env::current_exe().expect("the test has a path"))
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env(INSIDE, name)
        .output()
        .expect("unshare runs");
    let run = Run::from(output);
    assert!(run.code == 0 && run.stdout.contains("1 passed"), "in its namespace: {run}");
    print!("{}", run.stdout);
}

/// The made-up user's part of the machine.
pub struct Sandbox {
    root: tempfile::TempDir,
    home: PathBuf,
}

impl Sandbox {
    fn new() -> Self {
        let root = tempfile::Builder::new().prefix("doorward-test-").tempdir().expect("a temporary folder");
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).expect("open the folder");
        let home = root.path().canonicalize().expect("a path").join("home").join(USER);
        let sandbox = Self { home, root };
        fs::create_dir_all(&sandbox.home).expect("a home");
        fs::set_permissions(&sandbox.home, fs::Permissions::from_mode(0o700)).expect("a private home");
        sandbox.own(&sandbox.home);
        sandbox.add_account();
        sandbox
    }

    /// The user's id. Every test's user is another one: a guard judges what runs anywhere on the machine, and must
    /// not ask this user's app about a package of another test's.
    pub fn uid(&self) -> u32 {
        FIRST_UID + std::process::id()
    }

    /// The user's name.
    pub fn user(&self) -> &'static str {
        USER
    }

    /// The user's home.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A folder that everybody can reach and only root can write.
    pub fn root(&self) -> PathBuf {
        self.home.ancestors().nth(2).expect("the home is two levels down").to_owned()
    }

    /// Writes a file of the user's, with its folders; private, as secrets are.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.home.join(name);
        self.folder(Path::new(name).parent().unwrap_or(Path::new("")));
        fs::write(&path, content).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a private file");
        self.own(&path);
        path
    }

    /// Makes a folder of the user's below the home, with its parents.
    pub fn folder(&self, name: impl AsRef<Path>) -> PathBuf {
        // A folder is not the user's yet while another thread of the same test is making it.
        static MAKING: Mutex<()> = Mutex::new(());
        let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut path = self.home.clone();
        for part in name.as_ref().components() {
            path.push(part);
            if !path.is_dir() {
                fs::create_dir(&path).expect("a folder");
                fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("a private folder");
                self.own(&path);
            }
        }
        path
    }

    /// A command that runs as the user, with a clean environment.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", &self.home)
            .env("USER", USER)
            .env("LOGNAME", USER)
            .env("LANG", "C.UTF-8")
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .current_dir(&self.home)
            .gid(self.uid())
            .uid(self.uid());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, command: &mut Command) -> Run {
        Run::from(command.output().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Runs a command and expects success.
    pub fn ok(&self, command: &mut Command) -> String {
        let run = self.run(command);
        assert_eq!(run.code, 0, "{command:?}: {run}");
        run.stdout
    }

    /// A program of this workspace where the user can reach it.
    pub fn program(&self, name: &str) -> PathBuf {
        let path = self.root().join(name);
        if !path.is_file() {
            fs::copy(binary(name), &path).expect("copy the program");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        }
        path
    }

    /// Lets the user become root through `sudo` without a password, in this namespace only.
    pub fn allow_sudo(&self) {
        let rules = self.root.path().join("sudoers");
        fs::write(
            &rules,
            format!("Defaults use_pty\nroot ALL=(ALL:ALL) ALL\n{USER} ALL=(ALL:ALL) NOPASSWD: ALL\n"),
        )
        .expect("rules of the test");
        fs::set_permissions(&rules, fs::Permissions::from_mode(0o440)).expect("private rules");
        mount(&["--bind", rules.to_str().expect("a plain path"), "/etc/sudoers"]);
    }

    /// The running Rust tool chain where the user can reach it; returns its `bin`.
    pub fn toolchain(&self) -> PathBuf {
        let output = Command::new("rustc").args(["--print", "sysroot"]).output().expect("rustc runs");
        let sysroot = String::from_utf8(output.stdout).expect("a path");
        self.bind(Path::new(sysroot.trim()), "toolchain").join("bin")
    }

    /// The folder of the package managers that `installer/test-tools.sh` installed, where the user can
    /// reach it.
    pub fn tools(&self) -> PathBuf {
        self.bind(&test_tools(), "tools")
    }

    fn bind(&self, folder: &Path, name: &str) -> PathBuf {
        let place = self.root().join(name);
        if !place.is_dir() {
            fs::create_dir_all(&place).expect("a folder");
            let (folder, place) = (folder.to_str(), place.to_str());
            mount(&["--bind", folder.expect("a plain path"), place.expect("a plain path")]);
        }
        place
    }

    /// Gives a file or folder to the user.
    pub fn own(&self, path: &Path) {
        chown(path, Some(self.uid()), Some(self.uid())).expect("chown");
    }

    /// Adds the user to this namespace's `/etc/passwd` and `/etc/group`; the machine's own are untouched.
    fn add_account(&self) {
        let (home, uid) = (self.home.display(), self.uid());
        for (file, line) in [
            ("passwd", format!("{USER}:*:{uid}:{uid}:Test user:{home}:/bin/sh\n")),
            ("group", format!("{USER}:x:{uid}:\n")),
        ] {
            let real = Path::new("/etc").join(file);
            let made = self.root.path().join(file);
            let text = fs::read_to_string(&real).expect("accounts");
            fs::write(&made, text + &line).expect("accounts of the test");
            mount(&["--bind", made.to_str().expect("a plain path"), real.to_str().expect("a plain path")]);
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // What is mounted must be gone before the folder is deleted, or its files would be too.
        for name in BOUND {
            let place = self.root().join(name);
            if place.is_dir() {
                let _ = Command::new("umount").arg(&place).status();
                assert!(fs::remove_dir(&place).is_ok(), "{} is still mounted", place.display());
            }
        }
    }
}

fn mount(args: &[&str]) {
    assert!(std::env::var_os(INSIDE).is_some(), "mounting outside the test's own namespace");
    let run = Run::from(Command::new("mount").args(args).output().expect("mount runs"));
    assert_eq!(run.code, 0, "mount {args:?}: {run}");
}

/// What a command came to.
#[derive(Debug)]
pub struct Run {
    /// Exit code; -1 where a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit code {}\n--- stdout\n{}\n--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}
