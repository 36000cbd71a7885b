//! Rows 16–18: the guard killed, stopped and flooded. What a hundred crashes and every limit do stands
//! in the guard's own tests; here one of each.

use super::{Arena, Attempt, BLOCK};
use doorward_tests::{Daemon, Run, sandboxed};
use std::fs;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn a_stopped_and_killed_guard_opens_no_door() {
    sandboxed("guard", "bypass::pressure::a_stopped_and_killed_guard_opens_no_door", |sandbox| {
        let arena = Arena::new(sandbox);
        let secret = arena.secret("row16");
        let start = || -> Child {
            let mut reach = sandbox.command(arena.program("reach"));
            reach.arg("open").arg(&secret).stdout(Stdio::piped()).stderr(Stdio::piped());
            reach.spawn().expect("it starts")
        };
        assert_eq!(start().wait().expect("it ends").code(), Some(0), "unguarded");
        let daemon = Daemon::start(sandbox, BLOCK);
        let worker = worker_of(daemon.pid());
        signal(worker, "-STOP");
        all_stopped(worker);
        let mut victim = start();
        waits(&mut victim);
        // Row 17: whoever waits for a stopped guard can at least be ended.
        let mut ended = start();
        waits(&mut ended);
        ended.kill().expect("killed");
        assert_eq!(ended.wait().expect("it ends").code(), None);
        // Row 16: what was held is answered by the successor.
        signal(worker, "-KILL");
        let run = Run::from(victim.wait_with_output().expect("it ends"));
        assert_eq!(run.code, 13, "{run}");
        assert_ne!(worker_of(daemon.pid()), worker);
        assert_eq!(arena.reach("open", &[&secret]), Attempt::Refused, "afterwards");
    });
}

#[test]
fn a_flood_of_readers_opens_no_door() {
    sandboxed("guard", "bypass::pressure::a_flood_of_readers_opens_no_door", |sandbox| {
        const READERS: &str = "300";
        let arena = Arena::new(sandbox);
        let secret = arena.secret("row18");
        let _queue = Queue::shortened();
        let flood = || {
            let mut flood = sandbox.command(arena.program("flood"));
            sandbox.ok(flood.arg(&secret).arg(READERS))
        };
        assert_eq!(flood().trim(), format!("got {READERS} refused 0"), "unguarded");
        let _daemon = Daemon::start(sandbox, BLOCK);
        assert_eq!(flood().trim(), format!("got 0 refused {READERS}"));
    });
}

/// The kernel's queue for those who do not ask for an unlimited one; as it was when the value goes. Locked, so that
/// no other test finds it shortened and leaves it so.
struct Queue {
    limit: fs::File,
    before: String,
}

impl Queue {
    fn shortened() -> Self {
        let path = "/proc/sys/fs/fanotify/max_queued_events";
        let limit = fs::File::options().read(true).write(true).open(path).expect("the kernel's limit");
        limit.lock().expect("alone");
        let before = fs::read_to_string(path).expect("the kernel's limit");
        (&limit).write_all(b"4").expect("a shorter queue");
        Self { limit, before }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let _ = self.limit.write_all_at(self.before.as_bytes(), 0);
    }
}

/// The process below the supervisor, once there is one.
fn worker_of(supervisor: u32) -> u32 {
    let started = Instant::now();
    loop {
        let children = fs::read_to_string(format!("/proc/{supervisor}/task/{supervisor}/children"));
        if let Some(worker) = children.ok().and_then(|text| text.split_whitespace().next()?.parse().ok()) {
            return worker;
        }
        assert!(started.elapsed() < Duration::from_secs(5), "the supervisor has no worker");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn waits(child: &mut Child) {
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(child.try_wait().expect("its state"), None, "it did not wait for the guard");
}

/// A signal that stops is delivered to each thread by itself, and one of them may be about to answer.
fn all_stopped(pid: u32) {
    let started = Instant::now();
    let is_stopped = || {
        fs::read_dir(format!("/proc/{pid}/task")).expect("its threads").flatten().all(|thread| {
            let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            status.lines().any(|line| line.starts_with("State:") && line.contains("T (stopped)"))
        })
    };
    while !is_stopped() {
        assert!(started.elapsed() < Duration::from_secs(10), "{pid} does not stop");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().expect("kill runs");
    assert!(sent.success(), "kill {name} {pid}");
}
