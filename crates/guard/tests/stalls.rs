//! A reader can make a look at it take for ever. That wins it nothing and costs nobody else anything.

mod support;

use doorward_protocol::Action;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use support::{ADA, Daemon, KEY, cat, make_home, program, soon};

/// A program whose memory nobody can look into; ended and unmounted when dropped.
struct Stalled {
    child: Child,
    folder: PathBuf,
    stdout: BufReader<ChildStdout>,
}

impl Stalled {
    fn start(exe: &Path, folder: PathBuf, file: &Path) -> Self {
        std::fs::create_dir(&folder).expect("folder");
        let mut command = Command::new(exe);
        command.arg(&folder).arg(file).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("stall");
        let stdout = BufReader::new(child.stdout.take().expect("stdout"));
        let mut stalled = Self { child, folder, stdout };
        assert_eq!(stalled.line(), "stalled");
        stalled
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
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = Command::new("umount").arg("-l").arg(&self.folder).status();
    }
}

#[test]
fn who_cannot_be_looked_at_is_denied_and_holds_up_nobody() {
    let folder = tempfile::Builder::new().prefix("doorward-guard-").tempdir().expect("folder");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("open");
    make_home(&folder.path().join("ada"), ADA);
    let exe = program("stall", folder.path());
    let key = folder.path().join("ada/.ssh/id_ed25519");
    // They are stalled before anybody can have seen how they were started.
    let mut stalled = [0, 1].map(|at| Stalled::start(&exe, folder.path().join(format!("stall-{at}")), &key));
    // Nobody is there to be asked: other strangers are observed.
    let daemon = Daemon::start_in(folder, "mode = \"ask\"");
    stalled.iter_mut().for_each(Stalled::go);
    std::thread::sleep(Duration::from_millis(100));
    for _ in 0..5 {
        let start = Instant::now();
        assert_eq!(cat(&key, ADA).stdout, KEY.as_bytes());
        assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
    }
    assert_eq!(stalled.each_mut().map(Stalled::line), ["denied", "denied"]);
    let mut connection = daemon.connect();
    let told = soon("the denials are told", || {
        let events = connection.events();
        let denied: Vec<_> = events.into_iter().filter(|event| event.action == Action::Denied).collect();
        (denied.len() == 2).then_some(denied)
    });
    assert!(told.iter().all(|event| event.why.contains("could not be looked at")), "{}", told[0].why);
}
