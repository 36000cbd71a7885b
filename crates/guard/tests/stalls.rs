//! A process can make a look at it take for ever. That wins it nothing and costs nobody else anything.

mod support;

use doorward_protocol::{Action, Event};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use support::{ADA, BOB, Daemon, KEY, cat, make_home, program, soon, was_denied, write_owned};

/// When a stalled process ends by itself, whatever becomes of the test, in seconds.
const LIFE: &str = "25";

/// A process whose memory nobody can look into; it ends with the value.
struct Stalled {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Stalled {
    /// Starts so many of them; `how` is one of those of `programs/stall.c`.
    fn start<const COUNT: usize>(exe: &Path, how: &str, file: &Path) -> [Self; COUNT] {
        let mut all = std::array::from_fn(|at| {
            let folder = exe.with_file_name(format!("{how}-{at}"));
            std::fs::create_dir(&folder).expect("folder");
            let mut command = Command::new(exe);
            command.arg(LIFE).arg(folder).arg(how).arg(file).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut child = command.spawn().expect("stall");
            let stdout = BufReader::new(child.stdout.take().expect("stdout"));
            Self { child, stdout }
        });
        for stalled in &mut all {
            assert_eq!(stalled.line(), "stalled");
        }
        all
    }

    fn go(&mut self) {
        self.child.stdin.as_mut().expect("stdin").write_all(b".").expect("write");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("read");
        line.trim().to_owned()
    }
}

impl Drop for Stalled {
    fn drop(&mut self) {
        // This is the file system that its reader waits for: the reader ends with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every daemon looks at every process of the machine, so the stalled ones of two tests add up to more
/// than it says it can bear.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A home to be guarded, its key, and the program that stalls.
fn scene() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::Builder::new().prefix("doorward-guard-").tempdir().expect("folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("open");
    make_home(&folder.path().join("ada"), ADA);
    let (key, exe) = (folder.path().join("ada/.ssh/id_ed25519"), program("stall", folder.path()));
    (folder, key, exe)
}

fn event(daemon: &Daemon, what: &str, fits: impl Fn(&Event) -> bool) -> Event {
    let mut connection = daemon.connect();
    soon(what, || connection.events().into_iter().find(&fits))
}

#[test]
fn who_cannot_be_looked_at_is_denied_and_holds_up_nobody() {
    let _alone = alone();
    let (folder, key, exe) = scene();
    // They are stalled before anybody can have seen how they were started.
    let mut stalled: [Stalled; 32] = Stalled::start(&exe, "read", &key);
    // Nobody is there to be asked: other strangers are observed.
    let daemon = Daemon::start_in(folder, "mode = \"ask\"");
    stalled.iter_mut().for_each(Stalled::go);
    std::thread::sleep(Duration::from_millis(100));
    for _ in 0..5 {
        let start = Instant::now();
        assert_eq!(cat(&key, ADA).stdout, KEY.as_bytes());
        assert!(start.elapsed() < Duration::from_millis(1900), "{:?}", start.elapsed());
    }
    assert!(stalled.iter_mut().all(|stalled| stalled.line() == "denied"));
    let mut connection = daemon.connect();
    let told = soon("the denials are told", || {
        let events = connection.events();
        let denied: Vec<_> = events.into_iter().filter(|event| event.action == Action::Denied).collect();
        (denied.len() == 32).then_some(denied)
    });
    assert!(told.iter().all(|event| event.why.contains("could not be looked at")), "{}", told[0].why);
    assert!(told.iter().all(|event| event.reader.exe == exe), "{:?}", told[0].reader);
}

#[test]
fn who_cannot_be_looked_at_costs_no_other_process_its_descent() {
    let _alone = alone();
    let (folder, key, exe) = scene();
    // Under this name each is worth a look from the start on.
    let node = folder.path().join("node");
    std::fs::copy(exe, &node).expect("copy");
    let _stalled: [Stalled; 8] = Stalled::start(&node, "read", &key);
    let daemon = Daemon::start_in(folder, "mode = \"ask\"");
    let npm = daemon.root().join("npm");
    let package = daemon.home().join("app/node_modules/evil");
    std::fs::create_dir_all(&package).expect("package");
    // What npm does, and leaves alone.
    let script = "const [folder, script] = process.argv.slice(3);
        require('child_process').spawn('sh', ['-c', script], { cwd: folder, detached: true, stdio: 'ignore',
          env: { ...process.env, npm_package_name: 'evil', npm_package_version: '1.2.3',
            npm_lifecycle_event: 'postinstall' } });
        setTimeout(() => process.exit(), 500);";
    write_owned(&npm, script, ADA);
    let flee = format!("env -i setsid sh -c 'cd /; sleep 4; cat {}' & sleep 3", key.display());
    let ran =
        Command::new("/usr/bin/env").arg("node").arg(&npm).arg("install").arg(&package).arg(flee).status();
    assert!(ran.expect("node").success());
    let event = event(&daemon, "the read", |event| event.secret.path == key);
    assert_eq!(event.action, Action::Denied, "{}", event.why);
    assert_eq!(event.package.expect("a package").package.purl(), "pkg:npm/evil@1.2.3");
}

#[test]
fn who_cannot_be_looked_at_is_told_to_hold_a_secret_and_the_survey_goes_on() {
    let _alone = alone();
    let (folder, key, exe) = scene();
    let _stalled: [Stalled; 1] = Stalled::start(&exe, "hold", &key);
    let bob = folder.path().join("bob");
    let homes = format!("homes = [{:?}, {bob:?}]", folder.path().join("ada"));
    let daemon = Daemon::start_in(folder, &format!("mode = \"block\"\n{homes}"));
    let told = event(&daemon, "the holder", |event| event.why.contains("open since before it was guarded"));
    assert_eq!((&told.secret.path, &told.reader.exe), (&key, &exe));
    make_home(&bob, BOB);
    soon("a home that came later is guarded", || {
        was_denied(&cat(&bob.join(".ssh/id_ed25519"), BOB)).then_some(())
    });
}

#[test]
fn who_cannot_be_looked_at_keeps_nobody_from_connecting() {
    let _alone = alone();
    let (folder, _, exe) = scene();
    let daemon = Daemon::start_in(folder, "mode = \"block\"");
    let mut stalled: [Stalled; 2] = Stalled::start(&exe, "connect", &daemon.socket());
    stalled.iter_mut().for_each(Stalled::go);
    assert!(stalled.iter_mut().all(|stalled| stalled.line() == "got"));
    let start = Instant::now();
    assert!(daemon.connect().events().is_empty());
    assert!(start.elapsed() < Duration::from_secs(7), "{:?}", start.elapsed());
}
