//! Files that nobody needs, and whoever reads them all the same.

use doorward_protocol::{Action, Decoy, DecoyState, Event, Importance};
use doorward_tests::{Daemon, Sandbox, fixtures, need, sandboxed};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

#[test]
fn any_read_of_a_decoy_is_an_alarm_that_names_the_reader() {
    sandboxed("guard", "decoys::any_read_of_a_decoy_is_an_alarm_that_names_the_reader", |sandbox| {
        let daemon = Daemon::start(sandbox, "mode = \"ask\"");
        let told = sandbox.ok(&mut daemon.doorward(&["guard", "decoy", "add"]));
        let decoys = list(sandbox, &daemon);
        assert_eq!(decoys.len(), 6, "{told}");
        for decoy in &decoys {
            let metadata = decoy.path.metadata().expect("it is there");
            assert_eq!((metadata.uid(), metadata.permissions().mode() & 0o777), (sandbox.uid(), 0o600));
            assert_eq!(decoy.state, DecoyState::Intact, "{decoy:?}");
            assert_ne!(sandbox.run(sandbox.command("cat").arg(&decoy.path)).code, 0, "{decoy:?}");
            let event = alarm(&daemon, &decoy.path);
            assert_eq!((event.action, event.importance), (Action::Denied, Importance::Alarm), "{event:?}");
            assert!(event.reader.exe.ends_with("cat") && event.why.contains("a decoy"), "{event:?}");
        }
    });
}

#[test]
fn not_even_ssh_may_read_one_and_ssh_does_not_try() {
    sandboxed("guard", "decoys::not_even_ssh_may_read_one_and_ssh_does_not_try", |sandbox| {
        need("ssh-keygen");
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        let decoy = plant(sandbox, &daemon, "ssh");
        // Nothing listens there; the keys that ssh would offer are looked at before it connects.
        sandbox.run(sandbox.command("ssh").args(["-G", "127.0.0.1"]));
        sandbox.run(sandbox.command("ssh").args(["-o", "BatchMode=yes", "-p", "9", "127.0.0.1", "true"]));
        assert!(daemon.events().iter().all(|event| event.secret.path != decoy), "{:?}", daemon.events());
        let read = sandbox.run(sandbox.command("ssh-keygen").arg("-y").arg("-f").arg(&decoy));
        assert_ne!(read.code, 0, "{read}");
        assert_eq!(alarm(&daemon, &decoy).action, Action::Denied);
    });
}

#[test]
fn a_package_that_reads_one_is_named_and_cannot_learn_where_they_are() {
    let name = "decoys::a_package_that_reads_one_is_named_and_cannot_learn_where_they_are";
    sandboxed("guard", name, |sandbox| {
        let daemon = Daemon::start(sandbox, "mode = \"observe\"");
        let decoy = plant(sandbox, &daemon, "solana");
        let package = sandbox.folder("shop/node_modules/evil-dep");
        let mut thief = sandbox.command("sh");
        let script = format!("cat {decoy:?} >/dev/null; exec \"$0\" guard decoy list; :");
        thief.args(["-c", &script]).arg(sandbox.program("doorward")).current_dir(package);
        let told = sandbox.ok(thief.env("DOORWARD_SOCKET", daemon.socket()));
        assert!(told.starts_with("No decoys"), "{told}");
        let event = alarm(&daemon, &decoy);
        assert_eq!((event.action, event.importance), (Action::Allowed, Importance::Alarm), "{event:?}");
        assert_eq!(event.package.expect("the package").package.name, "evil-dep");
    });
}

#[test]
fn decoys_survive_a_restart_and_go_only_with_consent() {
    sandboxed("guard", "decoys::decoys_survive_a_restart_and_go_only_with_consent", |sandbox| {
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        let (kept, changed) = (plant(sandbox, &daemon, "aws"), plant(sandbox, &daemon, "sui"));
        drop(daemon);
        fs::write(&changed, "something of the user's own").expect("write");
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        let states: Vec<DecoyState> = list(sandbox, &daemon).iter().map(|decoy| decoy.state).collect();
        assert_eq!(states, [DecoyState::Intact, DecoyState::Changed]);
        assert_ne!(sandbox.run(sandbox.command("cat").arg(&kept)).code, 0);
        assert_eq!(alarm(&daemon, &kept).action, Action::Denied);

        let remove = |path: &Path| {
            let path = path.to_str().expect("a plain path").to_owned();
            daemon.doorward(&["guard", "decoy", "remove", &path])
        };
        let refused = sandbox.run(&mut remove(&kept));
        assert!(refused.code == 2 && kept.is_file(), "{refused}");
        for path in [&kept, &changed] {
            let mut command = std::process::Command::new(sandbox.program("doorward"));
            command.args(["guard", "decoy", "remove"]).arg(path).env("DOORWARD_SOCKET", daemon.socket());
            sandbox.ok(&mut command);
        }
        assert!(!kept.exists(), "an unchanged decoy goes with its file");
        assert!(changed.is_file(), "what the user wrote stays");
        assert!(list(sandbox, &daemon).is_empty());
    });
}

#[test]
fn a_file_that_was_there_before_cannot_become_a_decoy() {
    sandboxed("guard", "decoys::a_file_that_was_there_before_cannot_become_a_decoy", |sandbox| {
        fixtures::place_secrets(sandbox);
        let daemon = Daemon::start(sandbox, "mode = \"block\"");
        let add = ["guard", "decoy", "add", "--kind", "ssh", ".ssh/id_ed25519"];
        let refused = sandbox.run(&mut daemon.doorward(&add));
        assert!(refused.code == 2 && refused.stderr.contains("nothing is ever overwritten"), "{refused}");
        let outside =
            sandbox.run(&mut daemon.doorward(&["guard", "decoy", "add", "--kind", "ssh", "/tmp/id_x"]));
        assert!(outside.code == 2 && outside.stderr.contains("below your home folder"), "{outside}");
        assert!(!Path::new("/tmp/id_x").exists(), "a decoy that nobody watches was left behind");
    });
}

fn plant(sandbox: &Sandbox, daemon: &Daemon<'_>, kind: &str) -> PathBuf {
    sandbox.ok(&mut daemon.doorward(&["guard", "decoy", "add", "--kind", kind]));
    list(sandbox, daemon).pop().expect("the decoy").path
}

fn list(sandbox: &Sandbox, daemon: &Daemon<'_>) -> Vec<Decoy> {
    let lines = sandbox.ok(&mut daemon.doorward(&["guard", "decoy", "list", "--json"]));
    lines.lines().map(|line| serde_json::from_str(line).expect("a decoy on each line")).collect()
}

fn alarm(daemon: &Daemon<'_>, decoy: &Path) -> Event {
    let about = |event: &&Event| event.secret.path == decoy && event.secret.class == "decoy";
    let events = daemon.wait_for("the alarm", |events| events.iter().any(|event| about(&event)));
    events.iter().find(about).expect("waited for").clone()
}
