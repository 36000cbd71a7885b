//! Crashes, overflows and floods: nothing is read by accident, nobody waits for ever, and the user is
//! not told a thousand times.

mod support;

use doorward_protocol::{Action, Control, EventKind};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use support::{
    ADA, Connection, Daemon, cat, cat_in_background, folder_with_home, kill, program, soon, was_denied,
};

const QUEUE: &str = "/proc/sys/fs/fanotify/max_queued_events";

/// A kernel setting that is put back. Locked, so that no other test finds it changed and leaves it so.
struct Sysctl(File, String);

impl Sysctl {
    fn set(path: &str, value: &str) -> Self {
        let file = OpenOptions::new().read(true).write(true).open(path).expect("open");
        file.lock().expect("alone");
        let before = fs::read_to_string(path).expect("read");
        (&file).write_all(value.as_bytes()).expect("write");
        Self(file, before)
    }
}

impl Drop for Sysctl {
    fn drop(&mut self) {
        let _ = self.0.write_all_at(self.1.as_bytes(), 0);
    }
}

/// What `crowd.c` saw.
struct Crowd {
    leaked: usize,
    denied: usize,
    longest: Duration,
}

impl Crowd {
    fn of(exe: &Path, file: &Path, count: usize) -> Self {
        let output = Command::new(exe).arg(file).arg(count.to_string()).output().expect("crowd");
        let text = String::from_utf8_lossy(&output.stdout);
        let numbers: Vec<usize> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [leaked, denied, longest] = numbers[..] else { panic!("{output:?}") };
        Self { leaked, denied, longest: Duration::from_millis(longest as u64) }
    }
}

#[test]
fn a_hundred_crashes_let_nothing_through_and_leave_nobody_waiting() {
    let mut daemon = Daemon::start("mode = \"ask\"");
    for crash in 0..100 {
        let mut connection = daemon.connect();
        connection.subscribe();
        let readers = [0, 1].map(|_| cat_in_background(&daemon.key(), ADA));
        connection.asked();
        connection.asked();
        kill(connection.hello.pid, "-KILL");
        for reader in readers {
            assert!(was_denied(&reader.wait_with_output().expect("cat")), "crash {crash}");
        }
        daemon.wait_until_ready();
    }
}

#[test]
fn a_successor_judges_nobody_before_it_has_found_what_is_guarded() {
    // So many places that the last is found a good while after the first.
    const PLACES: usize = 600;
    let folder = folder_with_home();
    let projects: Vec<PathBuf> = (0..PLACES).map(|at| folder.path().join(format!("project{at}"))).collect();
    for project in &projects {
        fs::create_dir(project).expect("a folder");
        std::os::unix::fs::chown(project, Some(ADA), Some(ADA)).expect("chown");
    }
    let secret = projects[PLACES - 1].join(".env");
    fs::write(&secret, "TOKEN=made-up\n").expect("a secret");
    std::os::unix::fs::chown(&secret, Some(ADA), Some(ADA)).expect("chown");
    let mut daemon = Daemon::start_in(folder, &format!("mode = \"block\"\nprojects = {projects:?}"));
    assert!(was_denied(&cat(&secret, ADA)), "before");
    for crash in 0..3 {
        let worker = daemon.connect().hello.pid;
        kill(worker, "-STOP");
        let mut reader = cat_in_background(&secret, ADA);
        std::thread::sleep(Duration::from_millis(300));
        assert!(reader.try_wait().expect("its state").is_none(), "it did not wait");
        kill(worker, "-KILL");
        assert!(was_denied(&reader.wait_with_output().expect("cat")), "crash {crash}");
        daemon.wait_until_ready();
    }
}

#[test]
fn a_full_queue_lets_nothing_through() {
    let _few = Sysctl::set(QUEUE, "4");
    let daemon = Daemon::start("mode = \"block\"");
    let crowd = Crowd::of(&program("crowd", daemon.root()), &daemon.key(), 1_000);
    assert_eq!((crowd.leaked, crowd.denied), (0, 1_000));
    assert!(crowd.longest < Duration::from_secs(30), "{:?}", crowd.longest);
}

#[test]
fn a_flood_of_strangers_is_bounded_counted_and_told_in_few_words() {
    let daemon = Daemon::start("mode = \"ask\"\nask_seconds = 30");
    let mut app = daemon.connect();
    app.subscribe();
    let exe = program("crowd", daemon.root());
    let key = daemon.key();
    let flood = std::thread::spawn(move || Crowd::of(&exe, &key, 3_000));
    let state = soon_in(60, "everything beyond the open questions is denied", || {
        let state = daemon.connect().hello.state;
        (state.counters.denied >= 2_900).then_some(state)
    });
    let open = daemon.connect().hello.asked.len();
    assert!((64..=96).contains(&open), "{open} questions are open");
    assert_eq!(state.counters.overflowed, state.counters.denied);
    let ids: Vec<u64> = daemon.connect().hello.asked.iter().map(|asked| asked.event.id).collect();
    for event in ids {
        app.control(Control::Answer { event, allow: false, expiry: doorward_protocol::Expiry::Once })
            .expect("answered");
    }
    let crowd = flood.join().expect("crowd");
    assert_eq!((crowd.leaked, crowd.denied), (0, 3_000));
    let mut connection = daemon.connect();
    let told = soon("the sum", || {
        let events = connection.events();
        let summed = events.iter().any(|event| event.why.contains("because too many questions are open"));
        summed.then_some(events)
    });
    let about_overflow = told
        .iter()
        .filter(|event| event.kind == EventKind::Read && event.why.contains("too many questions"))
        .count();
    assert!(about_overflow < 120, "{about_overflow} events about an overflow");
}

#[test]
fn a_peer_that_does_not_listen_delays_nobody() {
    let daemon = Daemon::start("mode = \"block\"");
    let exe = program("crowd", daemon.root());
    let deaf: Vec<Connection> = (0..3)
        .map(|_| {
            let mut connection = daemon.connect();
            connection.subscribe();
            connection
        })
        .collect();
    let crowd = Crowd::of(&exe, &daemon.key(), 2_000);
    assert_eq!((crowd.leaked, crowd.denied), (0, 2_000));
    // Their buffers are full now, or they were cut off: a single reader is answered as ever.
    for _ in 0..20 {
        let start = Instant::now();
        assert!(was_denied(&cat(&daemon.key(), ADA)));
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
    let events = daemon.connect().events();
    assert!(events.iter().any(|event| event.action == Action::Denied));
    drop(deaf);
}

/// The daemon itself opens guarded files, to hash the programs in them; at its end nobody is left to
/// answer it.
#[test]
fn an_end_with_much_left_to_write_down_holds_nobody() {
    let mut daemon = Daemon::start("mode = \"block\"");
    let cat = fs::read("/usr/bin/cat").expect("read");
    let programs: Vec<PathBuf> = (0..40).map(|n| daemon.home().join(format!("tool-{n}"))).collect();
    for program in &programs {
        // Zeros behind it cost nothing to keep and a while to hash.
        let mut file =
            OpenOptions::new().create_new(true).write(true).mode(0o755).open(program).expect("create");
        file.write_all(&cat).expect("write");
        file.set_len(30 << 20).expect("stretch");
    }
    for program in &programs {
        assert!(was_denied(&Command::new(program).arg(daemon.key()).output().expect("run")));
    }
    let begun = Instant::now();
    assert!(daemon.end(), "it ended in order");
    assert!(begun.elapsed() < Duration::from_secs(12), "it was not killed: {:?}", begun.elapsed());
    let read = fs::read(daemon.key()).expect("nobody is held any more");
    assert_eq!(read, support::KEY.as_bytes());
}

fn soon_in<T>(seconds: u64, what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(Instant::now() < end, "did not happen in time: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
