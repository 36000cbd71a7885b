//! Bad files, bad folders, full disks and company: nothing is lost, and the reason is said.

mod samples;

use doorward_protocol::*;
use doorward_store::Store;
use samples::{event, package, scan};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("metadata").permissions().mode() & 0o777
}

fn save_settings(dir: &Path) {
    let store = Store::open(dir).expect("a database").store;
    store.writer.save_settings(&Settings { notifications: false, ..Default::default() }).expect("saved");
}

#[test]
fn nobody_else_can_read_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("a/data");
    let opened = Store::open(&data).expect("a database");
    opened.store.writer.save_settings(&Settings::default()).expect("saved");
    assert_eq!(mode(&data), 0o700);
    for file in ["doorward.db", "doorward.db-wal", "doorward.db-shm"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    drop(opened);
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).expect("opened to others");
    Store::open(&data).expect("a database");
    assert_eq!(mode(&data), 0o700);
}

#[test]
fn what_is_stored_is_there_after_opening_again() {
    let dir = tempfile::tempdir().expect("a folder");
    save_settings(dir.path());
    let opened = Store::open(dir.path()).expect("a database");
    assert_eq!(opened.set_aside, None);
    assert!(!opened.store.reader.settings().expect("read").notifications);
}

/// Opens a bad file and returns where it went, having checked that not a byte of it was lost.
fn goes_aside(dir: &Path) -> PathBuf {
    let before = fs::read(dir.join("doorward.db")).expect("a file");
    let opened = Store::open(dir).expect("a fresh database");
    let aside = opened.set_aside.expect("the bad one set aside");
    assert_eq!(fs::read(&aside).expect("the bad one"), before);
    assert_eq!(opened.store.reader.settings().expect("read"), Settings::default());
    assert_eq!(Store::open(dir).expect("again").set_aside, None);
    aside
}

#[test]
fn a_newer_database_is_set_aside_whole() {
    let dir = tempfile::tempdir().expect("a folder");
    save_settings(dir.path());
    let raw = rusqlite::Connection::open(dir.path().join("doorward.db")).expect("open");
    raw.pragma_update(None, "user_version", 99).expect("a version of the future");
    drop(raw);
    let aside = goes_aside(dir.path());
    let raw = rusqlite::Connection::open(aside).expect("open");
    let value: String = raw.query_row("SELECT value FROM settings", [], |row| row.get(0)).expect("intact");
    assert!(value.contains("\"notifications\":false"));
}

#[test]
fn garbage_half_a_file_and_a_foreign_database_are_set_aside() {
    let dir = tempfile::tempdir().expect("a folder");
    let db = dir.path().join("doorward.db");
    fs::write(&db, b"this is no database, whatever its name may say\n".repeat(100)).expect("garbage");
    goes_aside(dir.path());

    let store = Store::open(dir.path()).expect("a database").store;
    let packages = (0..500).map(|n| package(&format!("p{n}"), "1.0.0", "/p", Verdict::Clean, 0)).collect();
    store.writer.save_scan(None, &scan(packages), Timestamp::now()).expect("saved");
    drop(store);
    let whole = fs::read(&db).expect("the file");
    fs::write(&db, &whole[..whole.len() / 2]).expect("cut in half");
    goes_aside(dir.path());

    fs::remove_file(&db).expect("removed");
    let foreign = rusqlite::Connection::open(&db).expect("open");
    foreign.execute_batch("CREATE TABLE events (other TEXT)").expect("a table");
    drop(foreign);
    goes_aside(dir.path());

    let hollow = rusqlite::Connection::open(&db).expect("open");
    hollow.execute_batch("DROP TABLE settings").expect("a table less");
    drop(hollow);
    let opened = Store::open(dir.path()).expect("a fresh database");
    assert!(opened.set_aside.is_some());
}

#[test]
fn a_newer_database_in_use_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let running = Store::open(dir.path()).expect("a database");
    let raw = rusqlite::Connection::open(dir.path().join("doorward.db")).expect("open");
    raw.pragma_update(None, "user_version", 99).expect("a version of the future");
    drop(raw);
    let error = Store::open(dir.path()).expect_err("it is in use");
    assert!(error.why.contains("another Doorward"), "{error}");
    assert!(error.hint.contains("Quit"));
    running.store.writer.save_settings(&Settings::default()).expect("still works");
    drop(running);
    assert!(Store::open(dir.path()).expect("now it can be").set_aside.is_some());
}

#[test]
fn a_folder_that_cannot_be_made_is_named_with_a_hint() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("file");
    fs::write(&file, "").expect("a file");
    let error = Store::open(&file.join("data")).expect_err("no folder");
    assert!(error.to_string().contains("file/data"), "{error}");
    // A folder in its place is no database either, and nothing to set aside.
    fs::create_dir_all(dir.path().join("d/doorward.db")).expect("a folder");
    let error = Store::open(&dir.path().join("d")).expect_err("no file");
    assert!(error.to_string().contains("doorward.db"), "{error}");
    assert!(dir.path().join("d/doorward.db").is_dir());
}

/// A file system of its own, as small or as closed as a test needs it.
struct Disk(tempfile::TempDir);

impl Disk {
    fn with(options: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let disk = Self(dir);
        disk.mount(&["-t", "tmpfs", "-o", options, "tmpfs"]);
        disk
    }

    fn mount(&self, arguments: &[&str]) {
        let status = Command::new("mount").args(arguments).arg(self.0.path()).status().expect("mount");
        assert!(status.success(), "this test mounts a small file system and so needs root");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_said_and_what_was_stored_stays() {
    let disk = Disk::with("size=1m,mode=700");
    let dir = disk.0.path();
    let store = Store::open(dir).expect("a database").store;
    store.writer.save_settings(&Settings { notifications: false, ..Default::default() }).expect("saved");
    let mut saved = 0;
    let error = loop {
        let batch: Vec<Event> = (0..50)
            .map(|n| event(saved * 50 + n, 1_000 * saved + n, Importance::Quiet, Action::Allowed))
            .collect();
        match store.writer.save_events(&batch) {
            Ok(()) => saved += 1,
            Err(error) => break error,
        }
        assert!(saved < 1_000, "the disk never filled");
    };
    assert!(saved > 0);
    assert!(error.hint.contains("room"), "{error}: {}", error.hint);
    assert_eq!(store.reader.events(None, u32::MAX).expect("read").len() as u64, saved * 50);
    drop(store);
    let opened = Store::open(dir).expect("a full disk is no damage");
    assert_eq!(opened.set_aside, None);
    assert!(!opened.store.reader.settings().expect("read").notifications);
}

#[test]
fn a_read_only_disk_is_said_and_nothing_is_set_aside() {
    let disk = Disk::with("size=8m,mode=700");
    save_settings(disk.0.path());
    disk.mount(&["-o", "remount,ro", "tmpfs"]);
    let error = Store::open(disk.0.path()).expect_err("cannot be written");
    assert!(error.hint.contains("DOORWARD_DATA_DIR"), "{error}: {}", error.hint);
    let names: Vec<_> = fs::read_dir(disk.0.path())
        .expect("readable")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("text"))
        .collect();
    assert!(!names.iter().any(|name| name.contains("set-aside")), "{names:?}");
}

/// The test binary starts itself as the second process.
#[test]
fn two_processes_write_at_once_and_neither_loses_anything() {
    const CHILD: &str = "DOORWARD_STORE_TEST_CHILD";
    const EACH: u64 = 200;
    let write = |dir: &Path, from: u64| {
        let opened = Store::open(dir).expect("a database");
        assert_eq!(opened.set_aside, None);
        for id in from..from + EACH {
            opened
                .store
                .writer
                .save_event(&event(id, id, Importance::Quiet, Action::Allowed))
                .expect("saved");
            opened.store.reader.unseen().expect("read");
        }
    };
    if let Some(dir) = std::env::var_os(CHILD) {
        return write(Path::new(&dir), 10_000);
    }
    let dir = tempfile::tempdir().expect("a folder");
    let mut child = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "two_processes_write_at_once_and_neither_loses_anything"])
        .env(CHILD, dir.path())
        .spawn()
        .expect("a second process");
    write(dir.path(), 0);
    assert!(child.wait().expect("it ends").success());
    let store = Store::open(dir.path()).expect("a database").store;
    assert_eq!(store.reader.events(None, u32::MAX).expect("read").len() as u64, 2 * EACH);
}

#[test]
fn handles_can_be_shared_between_threads() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("a database").store;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let store = store.clone();
            scope.spawn(move || {
                for id in thread * 100..thread * 100 + 25 {
                    let event = event(id, id, Importance::Alarm, Action::Denied);
                    store.writer.save_event(&event).expect("saved");
                    store.reader.events(None, 5).expect("read");
                }
            });
        }
    });
    assert_eq!(store.reader.unseen().expect("read").alarm, 100);
}
