//! What is stored comes back, sorted and counted as the windows show it.

mod samples;

use doorward_protocol::*;
use doorward_store::{Store, Unseen};
use samples::{event, package, scan};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

fn fresh() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a folder");
    let opened = Store::open(&dir.path().join("data")).expect("a database");
    assert_eq!(opened.set_aside, None);
    (dir, opened.store)
}

#[test]
fn a_project_lives_through_adding_scanning_and_removing() {
    let (dir, store) = fresh();
    let folder = dir.path().join("shop");
    std::fs::create_dir(&folder).expect("a project");
    std::fs::write(folder.join("package.json"), "{}").expect("a manifest");
    let project = store.writer.add_project(&folder).expect("added");
    assert_eq!(project.name, "shop");
    assert_eq!(project.ecosystems, [Ecosystem::Npm]);
    assert_eq!(project.state, ProjectState::Watching);
    assert_eq!(project.last_scan, None);
    let again = store.writer.add_project(&folder.join("../shop")).expect_err("there already");
    assert!(again.why.contains("already"), "{again}");
    assert!(!again.hint.is_empty());

    let report = scan(vec![
        package("calm", "1.0.0", "/p/calm", Verdict::Clean, 0),
        package("bad", "2.0.0", "/p/bad", Verdict::Malicious, 90),
        package("odd", "3.0.0", "/p/odd", Verdict::Suspicious, 50),
    ]);
    let finished = Timestamp::from_millis(5_000);
    store.writer.save_scan(Some(project.id), &report, finished).expect("saved");
    let project = store.reader.project(project.id).expect("read").expect("there");
    assert_eq!(project.last_scan, Some(finished));
    assert_eq!(project.worst, Some(Verdict::Malicious));
    assert_eq!(project.summary, Some(report.summary));
    let names = |project| -> Vec<String> {
        let packages = store.reader.packages(project).expect("read");
        packages.into_iter().map(|package| package.report.name).collect()
    };
    assert_eq!(names(Some(project.id)), ["bad", "odd", "calm"]);

    // The next scan replaces what the last one knew; an update in place replaces one package.
    let report = scan(vec![package("odd", "3.0.1", "/p/odd", Verdict::Clean, 0)]);
    store.writer.save_scan(Some(project.id), &report, Timestamp::from_millis(6_000)).expect("saved");
    store
        .writer
        .save_package(Some(project.id), &package("odd", "3.0.2", "/p/odd", Verdict::Notable, 9))
        .expect("saved");
    store.writer.save_package(None, &package("cached", "1.0.0", "/c", Verdict::Clean, 0)).expect("saved");
    let packages = store.reader.packages(Some(project.id)).expect("read");
    assert_eq!(packages.len(), 1);
    assert_eq!(packages[0].report.version, "3.0.2");
    assert_eq!(packages[0].project, Some(project.id));
    assert_eq!(names(None), ["cached"]);
    let knows = |path: &str| store.reader.knows(path.as_ref()).expect("read");
    assert!(knows("/p/odd") && knows("/c") && !knows("/p"));

    std::fs::remove_dir_all(&folder).expect("gone");
    let projects = store.reader.projects().expect("read");
    assert!(
        matches!(&projects[0].state, ProjectState::Unavailable { reason } if reason.contains("not there"))
    );
    assert!(store.writer.remove_project(project.id).expect("removed"));
    assert!(!store.writer.remove_project(project.id).expect("nothing to remove"));
    assert_eq!(store.reader.projects().expect("read"), []);
    assert_eq!(names(None), ["cached"]);
}

#[test]
fn flagged_packages_wait_until_somebody_looks_and_again_when_they_get_worse() {
    let (_dir, store) = fresh();
    let save = |verdict| {
        store.writer.save_package(None, &package("odd", "1.0.0", "/c/odd", verdict, 9)).expect("saved")
    };
    let waiting = || -> Vec<bool> {
        store.reader.flagged().expect("read").iter().map(|flagged| flagged.looked_at).collect()
    };
    save(Verdict::Notable);
    assert_eq!(waiting(), [false; 0]);
    save(Verdict::Suspicious);
    store.writer.look_at_packages(Some(7)).expect("another project");
    assert_eq!(waiting(), [false]);
    store.writer.look_at_packages(None).expect("looked at");
    save(Verdict::Suspicious);
    assert_eq!(waiting(), [true], "the same verdict is no news");
    save(Verdict::Malicious);
    assert_eq!(waiting(), [false]);
}

#[test]
fn a_package_that_an_event_names_is_known() {
    let (_dir, store) = fresh();
    let mut named = event(1, 1_000, Importance::Alarm, Action::Denied);
    named.package = Some(Attribution {
        package: PackageRef { ecosystem: Ecosystem::Npm, name: "evil-dep".into(), version: "1.2.3".into() },
        stage: Stage::Install,
        script: "postinstall".into(),
        path: Some("/p/evil-dep".into()),
        project: None,
    });
    store.writer.save_event(&named).expect("saved");
    assert!(store.reader.knows("/p/evil-dep".as_ref()).expect("read"));
    assert!(!store.reader.knows("/home/u/.ssh/id".as_ref()).expect("read"));
}

#[test]
fn a_path_that_is_no_text_survives() {
    let (dir, store) = fresh();
    let folder = dir.path().join(OsStr::from_bytes(b"caf\xe9"));
    std::fs::create_dir(&folder).expect("a project");
    store.writer.add_project(&folder).expect("added");
    assert_eq!(store.reader.projects().expect("read")[0].path, folder.canonicalize().expect("a path"));
}

#[test]
fn events_page_backwards_and_a_question_never_overwrites_its_answer() {
    let (_dir, store) = fresh();
    let batch: Vec<Event> =
        (1..=10).map(|id| event(id, id * 1000, Importance::Quiet, Action::Allowed)).collect();
    store.writer.save_events(&batch).expect("saved");
    let ids = |before, limit| -> Vec<u64> {
        store.reader.events(before, limit).expect("read").iter().map(|event| event.id).collect()
    };
    assert_eq!(ids(None, 3), [10, 9, 8]);
    assert_eq!(ids(Some(8), 3), [7, 6, 5]);
    assert_eq!(ids(Some(1), 3), [0; 0]);

    let asked = event(11, 11_000, Importance::Attention, Action::Asked);
    let denied = Event { action: Action::Denied, ..asked.clone() };
    for event in [&asked, &denied, &asked] {
        store.writer.save_event(event).expect("saved");
    }
    let newest = store.reader.events(None, 1).expect("read");
    assert_eq!(newest, [denied]);
}

#[test]
fn what_was_acknowledged_stays_so_even_when_the_daemon_repeats_itself_or_counts_anew() {
    let (_dir, store) = fresh();
    let batch = [
        event(1, 1000, Importance::Quiet, Action::Allowed),
        event(2, 2000, Importance::Attention, Action::Allowed),
        event(3, 3000, Importance::Alarm, Action::Denied),
        event(4, 4000, Importance::Alarm, Action::Denied),
    ];
    store.writer.save_events(&batch).expect("saved");
    assert_eq!(store.reader.unseen().expect("read"), Unseen { attention: 1, alarm: 2 });
    store.writer.acknowledge(3).expect("noted");
    store.writer.save_events(&batch).expect("saved again");
    assert_eq!(store.reader.unseen().expect("read"), Unseen { attention: 0, alarm: 1 });

    // A fresh journal counts from 1 again; its events are later, whatever their number.
    store.writer.save_event(&event(1, 9000, Importance::Alarm, Action::Denied)).expect("saved");
    assert_eq!(store.reader.unseen().expect("read").total(), 2);
    assert_eq!(store.reader.events(None, 1).expect("read")[0].time.millis(), 9000);
    store.writer.acknowledge(1).expect("noted");
    assert_eq!(store.reader.unseen().expect("read").total(), 0);
}

#[test]
fn today_counts_from_midnight_on() {
    let (_dir, store) = fresh();
    let midnight = Timestamp::from_millis(100_000);
    let mut exec = event(4, 150_000, Importance::Quiet, Action::Denied);
    exec.kind = EventKind::Exec;
    store
        .writer
        .save_events(&[
            event(1, 99_999, Importance::Quiet, Action::Denied),
            event(2, 100_000, Importance::Quiet, Action::Denied),
            event(3, 120_000, Importance::Quiet, Action::Allowed),
            exec,
        ])
        .expect("saved");
    let old = scan(vec![package("old", "1.0.0", "/o", Verdict::Malicious, 90)]);
    store.writer.save_scan(None, &old, Timestamp::from_millis(50_000)).expect("saved");
    let new = scan(vec![
        package("a", "1.0.0", "/a", Verdict::Suspicious, 50),
        package("b", "1.0.0", "/b", Verdict::Notable, 5),
    ]);
    store.writer.save_scan(None, &new, midnight).expect("saved");
    let today = store.reader.today(midnight).expect("read");
    assert_eq!(today, Today { reads: 2, denied: 1, scanned: 2, flagged: 1 });
}

#[test]
fn settings_default_until_saved() {
    let (_dir, store) = fresh();
    assert_eq!(store.reader.settings().expect("read"), Settings::default());
    let settings =
        Settings { quarantine_malicious: true, notify_from: Verdict::Malicious, ..Default::default() };
    store.writer.save_settings(&settings).expect("saved");
    assert_eq!(store.reader.settings().expect("read"), settings);
}
