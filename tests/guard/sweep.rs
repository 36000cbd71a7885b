//! One program that goes through several kinds of secrets.

use doorward_protocol::{Action, Event, EventKind, Importance};
use doorward_tests::{Daemon, Sandbox, fixtures, need, sandboxed};

/// Three kinds of tier 1, then one that is observed even in block mode.
const SCRIPT: &str =
    "cat .ssh/id_ed25519 .aws/credentials .config/solana/id.json .ssh/known_hosts >/dev/null; :";

#[test]
fn a_sweep_is_one_alarm_and_the_rest_is_blocked() {
    sandboxed("guard", "sweep::a_sweep_is_one_alarm_and_the_rest_is_blocked", |sandbox| {
        let (daemon, events) = swept(sandbox, "block");
        let rest = events.iter().find(|event| event.secret.class == "ssh-meta").expect("the fourth read");
        assert_eq!(rest.action, Action::Denied, "{rest:?}");
        let run = sandbox.run(sandbox.command("cat").arg(".ssh/known_hosts"));
        assert_eq!(run.code, 0, "another program is not part of it: {run}\n{}", daemon.log());
    });
}

#[test]
fn a_sweep_is_only_told_while_the_guard_observes() {
    sandboxed("guard", "sweep::a_sweep_is_only_told_while_the_guard_observes", |sandbox| {
        let (_daemon, events) = swept(sandbox, "observe");
        let reads = events.iter().filter(|event| event.kind == EventKind::Read);
        assert!(reads.clone().count() >= 4 && reads.clone().all(|event| event.action == Action::Allowed));
    });
}

#[test]
fn programs_that_read_their_own_files_are_no_sweep() {
    sandboxed("guard", "sweep::programs_that_read_their_own_files_are_no_sweep", |sandbox| {
        for program in ["ssh-keygen", "aws", "npm"] {
            need(program);
        }
        fixtures::place_secrets(sandbox);
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        let script = "ssh-keygen -y -f .ssh/id_ed25519; /usr/bin/aws configure list; npm config get registry; cat .aws/credentials; :";
        sandbox.run(sandbox.command("sh").args(["-c", script]));
        let events =
            daemon.wait_for("the last read", |events| events.iter().any(|event| event.secret.class == "aws"));
        assert!(events.iter().all(|event| event.sweep.is_empty()), "{events:?}");
    });
}

/// Runs the script and returns the events once there is one about all of it.
fn swept<'a>(sandbox: &'a Sandbox, mode: &str) -> (Daemon<'a>, Vec<Event>) {
    fixtures::place_secrets(sandbox);
    sandbox.write(".ssh/known_hosts", "127.0.0.1 ssh-ed25519 AAAA made-up\n");
    let daemon = Daemon::start(sandbox, &format!("mode = {mode:?}"));
    sandbox.ok(sandbox.command("sh").args(["-c", SCRIPT]));
    let events = daemon.wait_for("the sweep", |events| events.iter().any(|event| event.sweep.len() == 4));
    let loud: Vec<&Event> = events.iter().filter(|event| event.importance > Importance::Quiet).collect();
    let [alarm] = loud.as_slice() else { panic!("not one event but {}: {loud:?}", loud.len()) };
    assert_eq!(alarm.importance, Importance::Alarm);
    for title in ["SSH private key", "AWS", "Solana"] {
        assert!(alarm.why.contains(title), "{title}: {}", alarm.why);
    }
    assert!(alarm.why.starts_with("cat went through your "), "{}", alarm.why);
    (daemon, events)
}
