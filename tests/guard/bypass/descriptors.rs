//! Rows 11–13: descriptors that somebody else opened, or that were open before.

use super::storage::{Disk, FileSystem};
use super::{Arena, Attempt, BLOCK, Row, all_blocked, blocked_with};
use doorward_protocol::{Action, Event, Importance};
use doorward_tests::{Daemon, sandboxed};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

const PASSED: &[Row] = &[
    Row::new(11, "passed over a socket and read", |arena, secret| relay(arena, "pass", secret, "read")),
    Row::new(11, "passed over a socket and mapped", |arena, secret| relay(arena, "pass", secret, "map")),
    Row::new(11, "left open across exec and read", |arena, secret| relay(arena, "inherit", secret, "read")),
    Row::new(11, "left open across exec and mapped", |arena, secret| relay(arena, "inherit", secret, "map")),
];

const CLONED: &[Row] = &[
    Row::new(12, "left open across exec and cloned", |arena, secret| {
        relay(arena, "inherit", secret, "clone")
    }),
    Row::new(12, "passed over a socket and cloned", |arena, secret| relay(arena, "pass", secret, "clone")),
];

#[test]
fn a_descriptor_passed_on_by_an_allowed_program_is_no_way_in() {
    sandboxed(
        "guard",
        "bypass::descriptors::a_descriptor_passed_on_by_an_allowed_program_is_no_way_in",
        |sandbox| blocked_with(sandbox, PASSED, allow_relay),
    );
}

#[test]
fn no_clone_of_a_secret_on_btrfs_gets_by() {
    sandboxed("guard", "bypass::descriptors::no_clone_of_a_secret_on_btrfs_gets_by", |sandbox| {
        let _disk = Disk::below_home(sandbox, FileSystem::Btrfs);
        blocked_with(sandbox, CLONED, allow_relay);
    });
}

#[test]
fn the_first_rows_hold_on_btrfs_too() {
    sandboxed("guard", "bypass::descriptors::the_first_rows_hold_on_btrfs_too", |sandbox| {
        let _disk = Disk::below_home(sandbox, FileSystem::Btrfs);
        all_blocked(sandbox, super::replaced::ROWS);
    });
}

#[test]
fn whoever_holds_a_secret_open_already_is_told_and_shown() {
    sandboxed(
        "guard",
        "bypass::descriptors::whoever_holds_a_secret_open_already_is_told_and_shown",
        |sandbox| {
            let arena = Arena::new(sandbox);
            for how in ["read", "map"] {
                let secret = arena.secret(how);
                let held = Held::start(&arena, how, &secret);
                let daemon = Daemon::start(sandbox, BLOCK);
                let event = told(&daemon, &secret, &held);
                assert!(event.why.contains("open since before it was guarded"), "{}", event.why);
                let line = daemon.state().coverage.into_iter().find(|line| line.path == secret);
                let line = line.expect("a line for the secret");
                let holders: Vec<u32> = line.holders.iter().map(|holder| holder.pid).collect();
                assert_eq!(holders, [held.child.id()], "{line:?}");
                assert!(line.note.contains("Open already before it was guarded"), "{}", line.note);
                let status = sandbox.ok(&mut daemon.doorward(&["status"]));
                assert!(status.contains(&format!("hold (process {})", held.child.id())), "{status}");
                // What is shown is true: it cannot be stopped.
                assert_eq!(held.go_on(), Attempt::Got);
            }
        },
    );
}

#[test]
fn whoever_keeps_an_empty_secret_open_is_told_once_it_is_filled() {
    sandboxed(
        "guard",
        "bypass::descriptors::whoever_keeps_an_empty_secret_open_is_told_once_it_is_filled",
        |sandbox| {
            let arena = Arena::new(sandbox);
            let secret = sandbox.write(".ssh/id_ed25519", "");
            let held = Held::start(&arena, "read", &secret);
            let daemon = Daemon::start(sandbox, BLOCK);
            // For a moment after a file was marked, an open may have begun before, and nobody fills it.
            std::thread::sleep(std::time::Duration::from_millis(2_500));
            assert!(daemon.events().iter().all(|event| event.secret.path != secret), "nothing is in it yet");
            std::fs::write(&secret, "the key, at last").expect("filled");
            told(&daemon, &secret, &held);
            drop(held);
        },
    );
}

/// The event about a holder: seen, named, and worth a notification.
fn told(daemon: &Daemon<'_>, secret: &Path, held: &Held) -> Event {
    let about = |event: &&Event| event.secret.path == secret && event.reader.pid == held.child.id();
    let events = daemon.wait_for("an event about the holder", |events| events.iter().any(|one| about(&one)));
    let event = events.iter().find(about).expect("just found").clone();
    assert_eq!((event.action, event.importance), (Action::Allowed, Importance::Attention), "{event:?}");
    assert!(event.reader.exe.ends_with("hold"), "{event:?}");
    event
}

fn relay(arena: &Arena<'_>, way: &str, secret: &Path, how: &str) -> Attempt {
    let (relay, receive) = (arena.program("relay"), arena.program("receive"));
    let copy = arena.outside(secret, "copy");
    arena.attempt(arena.sandbox.command(relay).arg(way).arg(secret).arg(receive).arg(how).arg(copy))
}

fn allow_relay(arena: &Arena<'_>, daemon: &Daemon<'_>) {
    let relay = arena.program("relay");
    let relay = relay.to_str().expect("a plain path");
    arena
        .sandbox
        .ok(&mut daemon.doorward(&["guard", "allow", relay, "--class", "ssh-key", "--for", "restart"]));
}

/// A process that has a secret open or mapped.
struct Held {
    child: Child,
}

impl Held {
    fn start(arena: &Arena<'_>, how: &str, secret: &Path) -> Self {
        let mut hold = arena.sandbox.command(arena.program("hold"));
        hold.arg(how).arg(secret).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut held = Self { child: hold.spawn().expect("it starts") };
        let mut line = String::new();
        let stdout = held.child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert_eq!(line, "held\n");
        held
    }

    /// Lets it read.
    fn go_on(mut self) -> Attempt {
        let _ = self.child.stdin.take().expect("a pipe").write_all(b"go\n");
        match self.child.wait().expect("it ends").code() {
            Some(0) => Attempt::Got,
            Some(13) => Attempt::Refused,
            other => panic!("the attack could not be carried out: {other:?}"),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
