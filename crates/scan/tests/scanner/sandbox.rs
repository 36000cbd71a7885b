//! The walls around the worker, and what happens when it dies behind them.

use crate::common::{options, write};
use doorward_protocol::ScanProgress;
use doorward_scan::{Cancel, scan};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

#[test]
fn from_inside_the_sandbox_writing_connecting_and_running_all_fail() {
    let granted = tempfile::tempdir().expect("a folder");
    let other = tempfile::tempdir().expect("a folder");
    write(granted.path(), &[("file", "content")]);
    write(other.path(), &[("secret", "content")]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("listen");
    let port = listener.local_addr().expect("an address").port().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_doorward-scan-worker"))
        .arg("--self-test")
        .args([granted.path(), &other.path().join("secret"), Path::new(&port)])
        .output()
        .expect("run the worker");
    let said = String::from_utf8_lossy(&output.stdout);
    let landlock = said.lines().find(|line| line.starts_with("landlock ")).unwrap_or_default();
    assert!(said.contains("read granted: done"), "{said}");
    let mut denied = 0;
    for line in said.lines().filter(|line| !line.starts_with("landlock") && !line.starts_with("read granted"))
    {
        // Without Landlock only reading elsewhere is open; everything else is the filter's work.
        if line.starts_with("read other") && landlock.contains("none") {
            continue;
        }
        assert!(line.contains(": failed: "), "{line}\n{said}");
        denied += 1;
    }
    assert!(denied >= 12, "{said}");
    assert_eq!(fs::read_dir(granted.path()).expect("list").count(), 1);
    assert_eq!(fs::read_to_string(granted.path().join("file")).expect("read"), "content");
}

#[test]
fn a_killed_worker_costs_only_the_package_it_had_in_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("node_modules");
    for number in 0..20 {
        let manifest = format!(r#"{{"name":"p{number}","version":"1.0.0"}}"#);
        write(&tree, &[(&format!("p{number}/package.json"), &manifest)]);
    }
    let program = folder.path().join("worker-of-this-test");
    install(Path::new(env!("CARGO_BIN_EXE_doorward-scan-worker")), &program);
    let mut options = options();
    options.jobs = 1;
    options.worker = Some(program.clone());
    let mut killed = false;
    let report = scan(&[tree], &options, &Cancel::default(), &mut |step| {
        if !killed && matches!(step, ScanProgress::Found { .. }) {
            killed = true;
            let pid = worker_pid(&program).expect("a running worker");
            assert!(Command::new("kill").args(["-9", &pid]).status().expect("kill").success());
        }
    })
    .expect("the scan goes on");
    assert!(killed);
    assert_eq!(report.summary.packages, 20);
    assert_eq!(report.summary.unscanned, 1, "{:#?}", report.summary);
    let lost =
        report.packages.iter().find(|package| !package.unscanned.is_empty()).expect("one is unscanned");
    assert!(lost.unscanned[0].reason.contains("signal 9"), "{}", lost.unscanned[0].reason);
}

/// Makes `program` from `source`. Another process does it: had this one the program open for writing, a child that
/// another test starts in that moment would keep it open, and nothing could run it ("text file busy").
fn install(source: &Path, program: &Path) {
    let made = Command::new("install").args(["-m", "755"]).args([source, program]).status();
    assert!(made.expect("run install").success(), "{}", program.display());
}

/// The child of this process that runs `program`.
fn worker_pid(program: &Path) -> Option<String> {
    let own = std::process::id().to_string();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
        let child =
            status.lines().any(|line| line.strip_prefix("PPid:").is_some_and(|pid| pid.trim() == own));
        if child && fs::read_link(entry.path().join("exe")).is_ok_and(|exe| exe == program) {
            return Some(entry.file_name().to_string_lossy().into_owned());
        }
    }
    None
}

#[test]
fn a_worker_that_hangs_does_not_hold_up_a_cancelled_scan() {
    let folder = tempfile::tempdir().expect("a folder");
    let ready = r#"{"ready":{"landlock":"none","seccomp":true}}"#;
    let script = format!("#!/bin/sh\nprintf '\\{:o}\\0\\0\\0{ready}'\nexec /bin/sleep 600\n", ready.len());
    write(folder.path(), &[("worker.sh", &script), ("p/package.json", r#"{"name":"p","version":"1.0.0"}"#)]);
    let program = folder.path().join("worker");
    install(&folder.path().join("worker.sh"), &program);
    let mut options = options();
    options.worker = Some(program);
    let cancel = Cancel::default();
    let stop = cancel.clone();
    let package = folder.path().join("p");
    let running = std::thread::spawn(move || scan(&[package], &options, &cancel, &mut |_| {}));
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(!running.is_finished(), "the worker hangs");
    stop.cancel();
    let ended = running.join().expect("no panic");
    assert!(matches!(ended, Err(doorward_scan::ScanError::Cancelled)), "{ended:?}");
}
