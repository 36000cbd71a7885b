//! The exec gate, with an interpreter of its own so that nothing else on the machine is gated.

mod support;

use doorward_protocol::{Action, Control, EventKind, Reply, ServerMessage, Verdict};
use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};
use support::{ADA, Daemon, cat, soon};

fn gated() -> (Daemon, PathBuf, PathBuf) {
    let folder = tempfile::Builder::new().prefix("doorward-guard-").tempdir().expect("folder");
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("open");
    support::make_home(&folder.path().join("ada"), ADA);
    let shell = folder.path().join("shell");
    fs::copy("/bin/sh", &shell).expect("copy the shell");
    let package = folder.path().join("ada/project/node_modules/odd-dep");
    fs::create_dir_all(&package).expect("make package");
    chown(&package, Some(ADA), Some(ADA)).expect("chown");
    let daemon = Daemon::start_in(
        folder,
        &format!("mode = \"observe\"\ngate = true\ngate_interpreters = [{shell:?}]"),
    );
    (daemon, shell, package)
}

fn start(shell: &Path, folder: &Path) -> std::io::Result<Child> {
    let mut command = Command::new(shell);
    command.args(["-c", "echo started"]).uid(ADA).gid(ADA).current_dir(folder);
    command.stdout(Stdio::piped()).spawn()
}

fn verdict(path: &Path, verdict: Verdict) -> Control {
    Control::GateVerdict { question: 0, path: path.into(), verdict, why: "It sends keys away.".into() }
}

#[test]
fn a_malicious_packages_script_never_starts_and_others_do() {
    let (daemon, shell, package) = gated();
    let started = start(&shell, &package).expect("nobody serves the gate, nothing is known");
    assert!(started.wait_with_output().expect("wait").status.success());

    let mut root = daemon.connect();
    assert_eq!(root.control(verdict(&package, Verdict::Malicious)), Ok(Reply::Done));
    assert_eq!(start(&shell, &package).expect_err("denied").raw_os_error(), Some(libc::EPERM));
    let event = soon("an event of the gate", || {
        root.events().into_iter().find(|event| event.kind == EventKind::Exec)
    });
    assert_eq!((event.action, event.owner), (Action::Denied, ADA));
    assert!(event.why.contains("It sends keys away."), "{}", event.why);

    let elsewhere = start(&shell, daemon.root()).expect("another folder");
    assert!(elsewhere.wait_with_output().expect("wait").status.success());
}

#[test]
fn an_unknown_packages_script_waits_for_the_verdict() {
    let (daemon, shell, package) = gated();
    let mut root = daemon.connect();
    assert_eq!(root.control(Control::ServeGate), Ok(Reply::Done));
    for (answer, starts) in [(Verdict::Clean, true), (Verdict::Malicious, false)] {
        let waiting = {
            let (shell, package) = (shell.clone(), package.clone());
            std::thread::spawn(move || start(&shell, &package).and_then(Child::wait_with_output))
        };
        let question = root.wait_for(|message| match message {
            ServerMessage::Gate(question) => Some(question.clone()),
            _ => None,
        });
        assert_eq!(question.path, package);
        assert_eq!(root.control(verdict(&package, answer)), Ok(Reply::Done));
        assert_eq!(waiting.join().expect("thread").is_ok(), starts);
        // The next package has the same name and another inode: its verdict is its own.
        fs::rename(&package, package.with_file_name(format!("before-{starts}"))).expect("rename");
        fs::create_dir(&package).expect("make again");
        chown(&package, Some(ADA), Some(ADA)).expect("chown");
    }
}

#[test]
fn a_package_at_the_same_path_in_a_container_is_another_one() {
    let (daemon, shell, package) = gated();
    let mut root = daemon.connect();
    assert_eq!(root.control(verdict(&package, Verdict::Malicious)), Ok(Reply::Done));
    let start_inside = |covers: &str| {
        let project = daemon.root().join("ada/project");
        let script = format!(
            "{covers} && mkdir -p {package:?} && cd {package:?} && exec {shell:?} -c 'echo started'",
            covers = covers.replace("PROJECT", &format!("{project:?}")),
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "/bin/sh", "-c", &script]);
        command.output().expect("run unshare")
    };
    let other = start_inside("mount -t tmpfs none PROJECT");
    assert_eq!(String::from_utf8_lossy(&other.stdout), "started\n", "{other:?}");
    let same = start_inside("true");
    assert!(!same.status.success() && same.stdout.is_empty(), "{same:?}");
}

#[test]
fn an_end_while_scripts_start_and_secrets_are_read_waits_for_nothing() {
    const ROUNDS: usize = 30;
    for round in 0..ROUNDS {
        let (mut daemon, shell, package) = gated();
        let (key, over) = (daemon.key(), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let over = &over;
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    start(&shell, &package).and_then(Child::wait_with_output).expect("nothing is known");
                }
            });
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    assert!(cat(&key, ADA).status.success(), "only observed");
                }
            });
            std::thread::sleep(Duration::from_millis(100));
            let asked = Instant::now();
            let orderly = daemon.end();
            over.store(true, Relaxed);
            // The supervisor kills a worker that hangs after 15 seconds.
            assert!(
                orderly && asked.elapsed() < Duration::from_secs(10),
                "round {round}: {:?}",
                asked.elapsed()
            );
        });
    }
}
