//! Rows 25, 27 and 28: programs that may read a secret, at work for somebody who may not.

use super::{Arena, Attempt, BLOCK, Row, all_blocked};
use doorward_protocol::{Action, Event, Importance};
use doorward_tests::{Daemon, Run, Sandbox, need, sandboxed};
use std::fs;
use std::path::Path;
use std::process::Command;

const INTERPRETERS: &[Row] = &[
    Row::new(27, "node, the program that npm runs in", |arena, secret| {
        let line = "try { require('fs').readFileSync(process.argv[1]) } catch (error) { \
                    process.exit(error.code === 'EPERM' ? 13 : 2) }";
        arena.attempt(arena.sandbox.command("node").args(["-e", line]).arg(secret))
    }),
    Row::new(27, "python, the program that ansible runs in", |arena, secret| {
        let line = "import sys\ntry: open(sys.argv[1]).read()\nexcept PermissionError: sys.exit(13)";
        arena.attempt(arena.sandbox.command("/usr/bin/python3").args(["-c", line]).arg(secret))
    }),
    Row::new(27, "a script of the user's named as an allowed one", |arena, secret| {
        let script = arena.outside(secret, "ansible");
        let text = "import sys\ntry: open(sys.argv[1]).read()\nexcept PermissionError: sys.exit(13)\n";
        fs::write(&script, text).expect("a script");
        arena.attempt(arena.sandbox.command("/usr/bin/python3").arg(&script).arg(secret))
    }),
];

/// Each line is one thing a script of a package asks a program for that may read the key by itself.
const ERRANDS: [(&str, &str); 3] = [
    ("ssh-keygen", "ssh-keygen -y -f \"$HOME/.ssh/id_ed25519\""),
    (
        "cp",
        "{ ssh -o ProxyCommand='cp \"$HOME/.ssh/id_ed25519\" \"$RESULTS.taken\"' nowhere; test -s \"$RESULTS.taken\"; }",
    ),
    ("git", "git diff --no-index /dev/null \"$HOME/.ssh/id_ed25519\" | grep -q BEGIN"),
];

#[test]
fn an_interpreter_is_nobody() {
    sandboxed("guard", "bypass::errands::an_interpreter_is_nobody", |sandbox| {
        need("node");
        all_blocked(sandbox, INTERPRETERS);
    });
}

#[test]
fn a_package_cannot_send_an_allowed_program() {
    sandboxed("guard", "bypass::errands::a_package_cannot_send_an_allowed_program", |sandbox| {
        need("npm");
        need("ssh");
        let key = sandbox.folder(".ssh").join("id_ed25519");
        let mut make = sandbox.command("ssh-keygen");
        sandbox.ok(make.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key));
        let package = package(sandbox);
        assert_eq!(install(sandbox, &package, "free"), "0 0 0", "unguarded");
        let daemon = Daemon::start(sandbox, BLOCK);
        let codes = install(sandbox, &package, "guarded");
        assert!(codes.split(' ').all(|code| code != "0"), "{codes}");
        let of = |events: &[Event], program: &str| {
            let mut sent = events.iter().filter(|event| event.reader.exe.ends_with(program));
            sent.find(|event| event.secret.path == key && event.action == Action::Denied).cloned()
        };
        let events = daemon.wait_for("one event for each errand", |events| {
            ERRANDS.iter().all(|(program, _)| of(events, program).is_some())
        });
        for (program, _) in ERRANDS {
            let event = of(&events, program).expect("just found");
            let found = event.package.as_ref().expect("the package behind it").package.to_string();
            println!("{program}: {}", event.why);
            assert_eq!((found.as_str(), event.importance), ("errand-dep 1.0.0", Importance::Alarm));
        }
    });
}

#[test]
fn whoever_reads_for_others_is_told_as_that() {
    sandboxed("guard", "bypass::errands::whoever_reads_for_others_is_told_as_that", |sandbox| {
        let arena = Arena::new(sandbox);
        // In this test's own namespace only: programs of a desktop that this machine need not have.
        let place = Path::new("/usr/libexec");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(place).output();
        assert_eq!(Run::from(mounted.expect("mount runs")).code, 0);
        for name in ["xdg-document-portal", "tracker-miner-fs-3"] {
            fs::copy(arena.program("reach"), place.join(name)).expect("a program");
        }
        let secret = arena.secret("row28");
        let daemon = Daemon::start(sandbox, BLOCK);
        // Named by a variable: a desktop's services are not told on their command line what to read.
        let read = |name: &str| {
            let mut service = sandbox.command(place.join(name));
            arena.attempt(service.args(["open", "-"]).env("SECRET", &secret))
        };
        assert_eq!(read("xdg-document-portal"), Attempt::Refused);
        assert_eq!([read("tracker-miner-fs-3"), read("tracker-miner-fs-3")], [Attempt::Got; 2]);
        let by = |events: &[Event], name: &str| -> Vec<Event> {
            events.iter().filter(|event| event.reader.exe.ends_with(name)).cloned().collect()
        };
        let both = ["xdg-document-portal", "tracker-miner-fs-3"];
        let events = daemon
            .wait_for("an event for each", |events| both.iter().all(|name| !by(events, name).is_empty()));
        for name in both {
            let told = by(&events, name);
            println!("{name}: {}", told[0].why);
            assert!(told[0].why.contains("that reads for other programs"), "{}", told[0].why);
            assert_eq!(told.len(), 1, "told once");
        }
        assert_eq!(by(&events, both[1])[0].importance, Importance::Quiet);
    });
}

/// A package whose install script sends programs and writes down what they ended with.
fn package(sandbox: &Sandbox) -> std::path::PathBuf {
    let folder = sandbox.root().join("errand");
    let lines: Vec<String> = ERRANDS
        .iter()
        .map(|(_, line)| format!("if {line} >/dev/null 2>&1; then echo 0; else echo 1; fi"))
        .collect();
    for (name, text) in [
        (
            "package/package.json",
            "{\"name\":\"errand-dep\",\"version\":\"1.0.0\",\"scripts\":{\"postinstall\":\"sh errands.sh > \\\"$RESULTS\\\"\"}}"
                .to_owned(),
        ),
        ("package/errands.sh", lines.join("\n")),
    ] {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        fs::write(path, text).expect("a file");
    }
    let archive = folder.join("errand-dep-1.0.0.tgz");
    let packed = Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(&folder).arg("package").output();
    assert_eq!(Run::from(packed.expect("tar runs")).code, 0);
    archive
}

/// Installs it into a project of its own; what each errand ended with.
fn install(sandbox: &Sandbox, package: &Path, project: &str) -> String {
    let folder = sandbox.folder(project);
    sandbox.write(&format!("{project}/package.json"), "{\"name\":\"shop\",\"version\":\"0.1.0\"}\n");
    let results = folder.join("results");
    let mut npm = sandbox.command("npm");
    npm.args(["install", "--offline", "--no-audit", "--no-fund", "--no-update-notifier"]);
    sandbox.ok(npm.arg(package).current_dir(&folder).env("RESULTS", &results));
    let text = fs::read_to_string(results).expect("what the errands came to");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
