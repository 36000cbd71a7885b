//! Alone in its process, as it counts the process's watches.

use doorward_watch::{Arrival, WatchConfig, Watcher};
use std::fs;
use std::sync::mpsc;
use std::time::Duration;

/// The watches that the kernel holds for this process.
fn watches() -> usize {
    let infos = fs::read_dir("/proc/self/fdinfo").expect("fdinfo");
    infos
        .filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok())
        .map(|info| info.lines().filter(|line| line.starts_with("inotify ")).count())
        .sum()
}

#[test]
fn a_huge_project_takes_few_watches_and_is_still_followed() {
    let dir = tempfile::tempdir().expect("a folder");
    let project = dir.path().join("huge");
    let modules = project.join("node_modules");
    for n in 0..3_000 {
        let package = modules.join(format!("p{n}"));
        fs::create_dir_all(package.join("lib/deep")).expect("folders");
        fs::write(package.join("package.json"), "{}").expect("a file");
    }
    for n in 0..400 {
        let package = modules.join(format!("@scope{n}/p"));
        fs::create_dir_all(&package).expect("folders");
        fs::write(package.join("package.json"), "{}").expect("a file");
        let part = project.join(format!("packages/part{n}"));
        fs::create_dir_all(&part).expect("folders");
        fs::write(part.join("package.json"), "{}").expect("a file");
    }
    assert_eq!(watches(), 0);
    let (sender, told) = mpsc::channel();
    let config = WatchConfig { projects: vec![project.clone()], home: dir.path().into(), caches: false };
    let _watcher =
        Watcher::start(config, move |arrivals| sender.send(arrivals).expect("heard")).expect("started");
    let count = watches();
    assert!((1..200).contains(&count), "{count} watches");

    // One in a scope beyond the watched ones: the file that npm writes last tells of it.
    let new = modules.join("@scope399/new");
    fs::create_dir(&new).expect("a folder");
    fs::write(new.join("package.json"), "{}").expect("a file");
    fs::write(modules.join(".package-lock.json"), "{}").expect("a file");
    let arrivals = told.recv_timeout(Duration::from_secs(20)).expect("told");
    assert!(matches!(arrivals.as_slice(), [Arrival::Package { path, .. }] if *path == new), "{arrivals:?}");
    assert!(watches() < 200);
}
