//! What a user's programs experience in each mode, and what the daemon tells of it.

mod support;

use doorward_protocol::{Action, ErrorCode, EventKind, Expiry, Importance, RuleVerdict, What};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use support::{
    ADA, Connection, Daemon, KEY, answer, cat, cat_in_background, event_about, kill, play_as, played, sh,
    soon, was_denied,
};

#[test]
fn block_denies_names_the_reader_and_leaves_the_rest_alone() {
    let daemon = Daemon::start("mode = \"block\"");
    let denied = cat(&daemon.key(), ADA);
    assert!(was_denied(&denied), "{denied:?}");
    let public = cat(&daemon.home().join(".ssh/id_ed25519.pub"), ADA);
    assert!(public.status.success(), "{public:?}");

    let mut connection = daemon.connect();
    let event = event_about(&mut connection, &daemon.key());
    assert_eq!((event.kind, event.action), (EventKind::Read, Action::Denied));
    assert_eq!((event.owner, event.reader.uid), (ADA, ADA));
    assert_eq!(event.secret.class, "ssh-key");
    assert!(event.reader.exe.ends_with("cat"), "{:?}", event.reader);
    let meta = fs::metadata("/usr/bin/cat").expect("cat");
    assert_eq!(event.reader.inode, format!("{:x}:{:x}", meta.dev(), meta.ino()));
    assert_eq!(event.reader.sha256.len(), 64, "{:?}", event.reader);
    if Path::new("/var/lib/dpkg/info").is_dir() {
        assert_eq!(event.reader.system_package.as_deref(), Some("coreutils"), "{:?}", event.reader);
    }
    assert!(!event.reader.ancestry.is_empty());
    assert!(event.why.contains("blocked"), "{}", event.why);
}

#[test]
fn observe_lets_the_read_go_ahead_and_tells() {
    let daemon = Daemon::start("mode = \"observe\"");
    let mut connection = daemon.connect();
    connection.subscribe();
    assert_eq!(cat(&daemon.key(), ADA).stdout, KEY.as_bytes());
    let event = event_about(&mut connection, &daemon.key());
    assert_eq!((event.action, event.importance), (Action::Allowed, Importance::Attention));
    assert_eq!(event.reader.sha256.len(), 64);
    let about_key = connection.events().into_iter().filter(|event| event.secret.path == daemon.key()).count();
    assert_eq!(about_key, 1, "one read is one event");
}

#[test]
fn ask_observes_while_nobody_is_there() {
    let daemon = Daemon::start("mode = \"ask\"");
    assert_eq!(cat(&daemon.key(), ADA).stdout, KEY.as_bytes());
    let event = event_about(&mut daemon.connect(), &daemon.key());
    assert_eq!(event.action, Action::Allowed);
    assert!(event.why.contains("nobody was there"), "{}", event.why);
}

#[test]
fn a_question_answered_yes_lets_this_one_read_go_ahead() {
    let daemon = Daemon::start("mode = \"ask\"");
    let mut connection = daemon.connect();
    connection.subscribe();
    for _ in 0..2 {
        let reader = cat_in_background(&daemon.key(), ADA);
        let asked = connection.asked();
        assert_eq!((asked.event.action, asked.default_allow), (Action::Asked, false));
        assert_eq!(asked.event.reader.sha256.len(), 64);
        answer(&mut connection, asked.event.id, true, Expiry::Once).expect("answered");
        assert_eq!(reader.wait_with_output().expect("cat").stdout, KEY.as_bytes());
        let settled = connection.settled();
        assert_eq!((settled.id, settled.action), (asked.event.id, Action::Allowed));
        assert_eq!(settled.reader.sha256, asked.event.reader.sha256);
    }
    assert!(answer(&mut connection, 1, true, Expiry::Once).is_err(), "it was answered before");
}

#[test]
fn a_question_answered_no_denies_and_a_lasting_answer_becomes_a_narrow_rule() {
    let daemon = Daemon::start("mode = \"ask\"");
    let mut connection = daemon.connect();
    connection.subscribe();
    let reader = cat_in_background(&daemon.key(), ADA);
    let asked = connection.asked();
    answer(&mut connection, asked.event.id, false, Expiry::Always).expect("answered");
    assert!(was_denied(&reader.wait_with_output().expect("cat")));
    assert!(was_denied(&cat(&daemon.key(), ADA)), "the rule answers the next one");

    let state = daemon.connect().hello.state;
    assert_eq!(state.rules.len(), 1);
    let rule = &state.rules[0];
    assert_eq!((rule.owner, rule.draft.verdict), (ADA, RuleVerdict::Deny));
    assert_eq!(rule.draft.what, What::Path(daemon.key()));
    assert_eq!(rule.draft.who.sha256.as_deref(), Some(asked.event.reader.sha256.as_str()));
}

#[test]
fn a_question_nobody_answers_is_denied_and_makes_no_rule() {
    let daemon = Daemon::start("mode = \"ask\"\nask_seconds = 1");
    let mut connection = daemon.connect();
    connection.subscribe();
    assert!(was_denied(&cat(&daemon.key(), ADA)));
    let settled = connection.settled();
    assert_eq!(settled.action, Action::Denied);
    assert!(settled.why.contains("nobody answered in time"), "{}", settled.why);
    let state = daemon.connect().hello.state;
    assert!(state.rules.is_empty());
    assert_eq!(state.counters.timed_out, 1);
}

#[test]
fn an_app_that_dies_over_a_question_leaves_the_reader_denied_and_the_next_one_observed() {
    let daemon = Daemon::start("mode = \"ask\"\nask_seconds = 2");
    let mut app = daemon.connect();
    app.subscribe();
    let reader = cat_in_background(&daemon.key(), ADA);
    let asked = app.asked();
    drop(app);
    assert!(was_denied(&reader.wait_with_output().expect("cat")));
    // The answer is written down after it is given.
    soon("the denial is journalled", || {
        let events = daemon.connect().events();
        events.into_iter().find(|event| event.id == asked.event.id && event.action == Action::Denied)
    });
    assert_eq!(cat(&daemon.key(), ADA).stdout, KEY.as_bytes(), "nobody is there to ask any more");
}

#[test]
fn too_many_questions_are_denied_and_counted() {
    let daemon = Daemon::start("mode = \"ask\"\nask_seconds = 20");
    let mut connection = daemon.connect();
    connection.subscribe();
    let mut readers: Vec<_> = (0..64).map(|_| cat_in_background(&daemon.key(), ADA)).collect();
    for _ in 0..64 {
        connection.asked();
    }
    assert!(was_denied(&cat(&daemon.key(), ADA)));
    assert_eq!(daemon.connect().hello.state.counters.overflowed, 1);
    for reader in &mut readers {
        reader.kill().expect("kill");
        reader.wait().expect("wait");
    }
}

#[test]
fn an_orderly_end_denies_what_is_held_and_removes_the_socket() {
    let mut daemon = Daemon::start("mode = \"ask\"");
    let mut connection = daemon.connect();
    connection.subscribe();
    let reader = cat_in_background(&daemon.key(), ADA);
    let asked = connection.asked();
    assert!(daemon.end(), "the exit code is 0");
    assert!(was_denied(&reader.wait_with_output().expect("cat")));
    assert!(!daemon.socket().exists());

    let journal = fs::read_to_string(daemon.root().join("state/journal/events.0.jsonl")).expect("journal");
    let last = journal.lines().rfind(|line| line.contains(&format!("\"id\":{},", asked.event.id)));
    assert!(last.is_some_and(|line| line.contains("\"denied\"")), "{journal}");
}

#[test]
fn a_killed_worker_opens_no_door() {
    let mut daemon = Daemon::start("mode = \"ask\"");
    let mut connection = daemon.connect();
    connection.subscribe();
    let reader = cat_in_background(&daemon.key(), ADA);
    let asked = connection.asked();
    kill(connection.hello.pid, "-KILL");
    assert!(was_denied(&reader.wait_with_output().expect("cat")), "the successor denies what was held");
    daemon.wait_until_ready();
    let mut again = daemon.connect();
    assert_ne!(again.hello.pid, connection.hello.pid);
    let closed = again.hello.recent.iter().find(|event| event.id == asked.event.id).expect("the question");
    assert_eq!(closed.action, Action::Denied, "{}", closed.why);
    assert_eq!(cat(&daemon.key(), ADA).stdout, KEY.as_bytes());
    soon("ids rise across restarts", || {
        (event_about(&mut again, &daemon.key()).id > asked.event.id).then_some(())
    });
}

#[test]
fn a_killed_supervisor_takes_its_worker_along_in_order() {
    let mut daemon = Daemon::start("mode = \"ask\"");
    let mut connection = daemon.connect();
    connection.subscribe();
    let reader = cat_in_background(&daemon.key(), ADA);
    connection.asked();
    daemon.child.kill().expect("kill");
    daemon.child.wait().expect("wait");
    assert!(was_denied(&reader.wait_with_output().expect("cat")));
    soon("the socket is gone", || (!daemon.socket().exists()).then_some(()));
}

#[test]
fn a_full_disk_stops_no_answer_and_is_told() {
    let folder = tempfile::Builder::new().prefix("doorward-guard-").tempdir().expect("folder");
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("open");
    support::make_home(&folder.path().join("ada"), ADA);
    let state = folder.path().join("state");
    fs::create_dir(&state).expect("make folder");
    let small = Disk::mount(&state);
    let daemon = Daemon::start_in(folder, "mode = \"block\"");
    let mut filler = fs::File::create(state.join("filler")).expect("create");
    while std::io::Write::write_all(&mut filler, &[0; 512]).is_ok() {}
    for _ in 0..20 {
        assert!(was_denied(&cat(&daemon.key(), ADA)));
    }
    let mut connection = daemon.connect();
    soon("the events and the notice are there", || {
        let events = connection.events();
        let reads = events.iter().filter(|event| event.secret.path == daemon.key()).count();
        let told = events
            .iter()
            .any(|event| event.kind == EventKind::Guard && event.why.contains("cannot be written"));
        (reads == 20 && told).then_some(())
    });
    let _folder = daemon.stop();
    drop(small);
}

/// A file system of a few pages.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(at: &std::path::Path) -> Self {
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=32k", "doorward-test"])
            .arg(at)
            .status()
            .expect("run mount");
        assert!(mounted.success());
        Self(at.to_path_buf())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn warnings_that_nobody_can_hear_stop_nothing() {
    // A folder that is not there is a warning before anything else.
    let mut daemon = Daemon::start_unheard("mode = \"block\"\nprojects = [\"/doorward-no-such-folder\"]");
    assert!(was_denied(&cat(&daemon.key(), ADA)));
    assert!(daemon.end(), "an orderly end");
}

#[test]
fn a_users_own_app_answers_once_by_itself_and_lastingly_with_consent() {
    let adas_part = |connection: &mut Connection| {
        connection.subscribe();
        let key = connection.hello.state.coverage[0].path.clone();
        for (allow, expiry) in [(true, Expiry::Once), (false, Expiry::Once), (true, Expiry::Process)] {
            let reader = cat_in_background(&key, ADA);
            let asked = connection.asked();
            let lasting = answer(connection, asked.event.id, true, Expiry::Always);
            assert_eq!(lasting.expect_err("no administrator").code, ErrorCode::NotAuthorised);
            answer(connection, asked.event.id, allow, expiry).expect("answered");
            assert_eq!(reader.wait_with_output().expect("cat").stdout == KEY.as_bytes(), allow);
        }
    };
    if played(adas_part) {
        return;
    }
    play_as(ADA, &Daemon::start("mode = \"ask\""));
}

#[test]
fn what_the_kernel_does_not_tell_stands_in_the_status() {
    let daemon = Daemon::start_in_the_dark("mode = \"block\"");
    let gaps = soon("the look around", || {
        let gaps = daemon.connect().hello.state.gaps;
        (!gaps.is_empty()).then_some(gaps)
    });
    let told = |gap: &String| gap.starts_with("The kernel does not tell about processes here");
    assert!(gaps.iter().any(told), "{gaps:?}");
    assert!(was_denied(&cat(&daemon.key(), ADA)), "and it guards all the same");
}

#[test]
fn a_made_up_control_group_is_shown_and_gains_nothing() {
    let daemon = Daemon::start("mode = \"block\"");
    let mounts = fs::read_to_string("/proc/self/mounts").expect("mounts");
    let place = mounts.lines().find_map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
        [_, place, "cgroup2", ..] => Some(Path::new(place)),
        _ => None,
    });
    let place = place.expect("this test makes a control group: cgroup2 must be mounted");
    let group = Group::make(place.join(format!("app-flatpak-org.example.Keys-{}.scope", std::process::id())));
    let script = format!(
        "echo $$ >{}/cgroup.procs && exec setpriv --reuid={ADA} --regid={ADA} --clear-groups cat {}",
        group.0.display(),
        daemon.key().display()
    );
    assert!(was_denied(&sh(&script, 0, Path::new("/"))));
    let event = event_about(&mut daemon.connect(), &daemon.key());
    assert_eq!(event.reader.app.as_deref(), Some("flatpak:org.example.Keys"), "{event:?}");
}

/// A control group that is removed again.
struct Group(PathBuf);

impl Group {
    fn make(path: PathBuf) -> Self {
        fs::create_dir(&path).expect("a control group");
        Self(path)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}
