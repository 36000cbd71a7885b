//! The rehearsal that a user can start, against the real daemon.

use doorward_tests::{Daemon, fixtures, sandboxed};

#[test]
fn a_drill_raises_the_alert_and_leaves_nothing() {
    sandboxed("guard", "drill::a_drill_raises_the_alert_and_leaves_nothing", |sandbox| {
        fixtures::place_secrets(sandbox);
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        let text = sandbox.ok(&mut daemon.doorward(&["drill", "--json"]));
        let outcome: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(outcome["alerted"], true, "{text}");
        assert_eq!(outcome["event"]["action"], "denied", "{text}");
        let decoy = sandbox.home().join(".ssh/id_doorward_drill");
        assert_eq!(outcome["event"]["secret"]["path"], decoy.to_str().expect("a plain path"), "{text}");
        assert!(!decoy.exists(), "the decoy is still there");
    });
}

#[test]
fn where_nothing_is_guarded_the_drill_says_so() {
    sandboxed("guard", "drill::where_nothing_is_guarded_the_drill_says_so", |sandbox| {
        sandbox.folder("unguarded/.ssh");
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        let mut drill = daemon.doorward(&["drill", "--wait", "1"]);
        let run = sandbox.run(drill.env("HOME", sandbox.home().join("unguarded")));
        assert_eq!(run.code, 1, "{run}");
        assert!(run.stdout.contains("does not guard this home's SSH keys"), "{run}");
    });
}
