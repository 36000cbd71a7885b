//! An app that is stopped, as by a debugger or a full disk: it neither reads nor answers nor goes away.

mod support;

use doorward_protocol::Action;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use support::{
    ADA, Daemon, cat, cat_in_background, event_about, kill, played, player, soon, was_denied, write_owned,
};

/// What the app prints once it listens.
const LISTENING: &str = "listening";

/// A stopped process, which ends with the value.
struct Frozen(Child);

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_frozen_app_delays_nobody_and_its_question_ends_at_the_deadline() {
    let apps_part = |connection: &mut support::Connection| {
        connection.subscribe();
        println!("\n{LISTENING}");
        std::thread::sleep(Duration::from_secs(60));
    };
    if played(apps_part) {
        return;
    }
    let daemon = Daemon::start("mode = \"ask\"\ntier2 = \"block\"\nask_seconds = 3");
    let history = daemon.home().join(".claude/history.jsonl");
    std::fs::create_dir(daemon.home().join(".claude")).expect("folder");
    write_owned(&history, "{}\n", ADA);
    soon("the folder that was made is guarded", || was_denied(&cat(&history, ADA)).then_some(()));
    let mut app = Frozen(player(ADA, &daemon).stdout(Stdio::piped()).spawn().expect("the app"));
    let told = BufReader::new(app.0.stdout.take().expect("stdout"));
    assert!(told.lines().map_while(Result::ok).any(|line| line == LISTENING));
    kill(app.0.id(), "-STOP");

    let start = Instant::now();
    let held = cat_in_background(&daemon.key(), ADA);
    // Each of these is told to the app, which takes none of it.
    for _ in 0..100 {
        let before = Instant::now();
        assert!(was_denied(&cat(&history, ADA)));
        assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
    }
    let held = held.wait_with_output().expect("cat");
    assert!(was_denied(&held), "{held:?}");
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(3) && waited < Duration::from_secs(6), "{waited:?}");
    let event = event_about(&mut daemon.connect(), &daemon.key());
    assert_eq!(event.action, Action::Denied);
    assert!(event.why.contains("nobody answered in time"), "{}", event.why);
}
