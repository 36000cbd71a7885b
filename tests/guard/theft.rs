//! A package's script wants six secrets while the package is installed or built.

use doorward_protocol::{Action, Ecosystem, Event, EventKind, Importance, Stage};
use doorward_tests::fixtures::{self, NAME, RESULTS, SECRETS, VERSION};
use doorward_tests::{Daemon, Sandbox, need, sandboxed};
use std::path::PathBuf;

/// What the thief and the daemon should agree on.
struct Expected {
    ecosystem: Ecosystem,
    stage: Stage,
    script: &'static str,
    program: &'static str,
}

#[test]
fn npm_postinstall_is_denied_in_block_mode() {
    sandboxed("guard", "theft::npm_postinstall_is_denied_in_block_mode", |sandbox| {
        npm(sandbox, Action::Denied)
    });
}

#[test]
fn npm_postinstall_is_named_in_observe_mode() {
    sandboxed("guard", "theft::npm_postinstall_is_named_in_observe_mode", |sandbox| {
        npm(sandbox, Action::Allowed)
    });
}

#[test]
fn setup_py_is_denied_in_block_mode() {
    sandboxed("guard", "theft::setup_py_is_denied_in_block_mode", |sandbox| pip(sandbox, Action::Denied));
}

#[test]
fn setup_py_is_named_in_observe_mode() {
    sandboxed("guard", "theft::setup_py_is_named_in_observe_mode", |sandbox| pip(sandbox, Action::Allowed));
}

#[test]
fn build_rs_is_denied_in_block_mode() {
    sandboxed("guard", "theft::build_rs_is_denied_in_block_mode", |sandbox| cargo(sandbox, Action::Denied));
}

#[test]
fn build_rs_is_named_in_observe_mode() {
    sandboxed("guard", "theft::build_rs_is_named_in_observe_mode", |sandbox| cargo(sandbox, Action::Allowed));
}

fn npm(sandbox: &Sandbox, action: Action) {
    need("npm");
    let tarball = fixtures::npm_tarball(sandbox);
    let project = sandbox.folder("shop");
    sandbox.write("shop/package.json", "{\"name\":\"shop\",\"version\":\"0.1.0\"}\n");
    let daemon = guarded(sandbox, action);
    let mut install = sandbox.command("npm");
    install.args(["install", "--offline", "--no-audit", "--no-fund", "--no-update-notifier"]);
    install.arg(tarball).current_dir(&project).env(RESULTS, results(sandbox));
    sandbox.ok(&mut install);
    let answer =
        sandbox.ok(sandbox.command("node").args(["-p", "require('evil-dep')"]).current_dir(&project));
    assert_eq!(answer.trim(), "42", "the package is installed and works");
    let script =
        Expected { ecosystem: Ecosystem::Npm, stage: Stage::Install, script: "postinstall", program: "node" };
    check(sandbox, &daemon, action, &script);
}

fn pip(sandbox: &Sandbox, action: Action) {
    let python = "/usr/bin/python3";
    let sdist = fixtures::python_sdist(sandbox);
    let venv = sandbox.home().join("venv");
    // Debian's own setuptools, so that nothing is fetched.
    sandbox.ok(sandbox.command(python).args(["-m", "venv", "--system-site-packages"]).arg(&venv));
    let daemon = guarded(sandbox, action);
    let mut install = sandbox.command(venv.join("bin/python"));
    install.args([
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--no-cache-dir",
    ]);
    install.arg("--disable-pip-version-check").arg(sdist).env(RESULTS, results(sandbox));
    sandbox.ok(&mut install);
    let mut import = sandbox.command(venv.join("bin/python"));
    let answer = sandbox.ok(import.args(["-c", "import evil_dep; print(evil_dep.ANSWER)"]));
    assert_eq!(answer.trim(), "42", "the package is installed and works");
    let script =
        Expected { ecosystem: Ecosystem::Pypi, stage: Stage::Build, script: "setup.py", program: "python3" };
    check(sandbox, &daemon, action, &script);
}

fn cargo(sandbox: &Sandbox, action: Action) {
    need("cc");
    let project = fixtures::cargo_project(sandbox);
    let bin = sandbox.toolchain();
    let daemon = guarded(sandbox, action);
    let mut build = sandbox.command(bin.join("cargo"));
    build.args(["run", "--offline", "--quiet"]).current_dir(&project).env(RESULTS, results(sandbox));
    build.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let answer = sandbox.ok(&mut build);
    assert_eq!(answer.trim(), "42", "the package is built and works");
    let script = Expected {
        ecosystem: Ecosystem::Cargo,
        stage: Stage::Build,
        script: "build.rs",
        program: "build-script-build",
    };
    check(sandbox, &daemon, action, &script);
}

fn guarded(sandbox: &Sandbox, action: Action) -> Daemon<'_> {
    fixtures::place_secrets(sandbox);
    let mode = if action == Action::Denied { "block" } else { "observe" };
    Daemon::start(sandbox, &format!("mode = {mode:?}"))
}

fn results(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join("results")
}

/// The thief got what the mode grants, and each attempt has its event.
fn check(sandbox: &Sandbox, daemon: &Daemon<'_>, action: Action, expected: &Expected) {
    let outcome = if action == Action::Denied { "EPERM" } else { "read" };
    let found = fixtures::results(&results(sandbox));
    for secret in SECRETS {
        assert_eq!(found.get(secret).map(String::as_str), Some(outcome), "{secret}: {found:?}");
    }
    let theft = |event: &Event, secret: &str| {
        event.kind == EventKind::Read
            && event.secret.path == sandbox.home().join(secret)
            && event.package.is_some()
    };
    let events = daemon.wait_for("an event with the package for each secret", |events| {
        SECRETS.iter().all(|secret| events.iter().any(|event| theft(event, secret)))
            && events.iter().any(|event| event.sweep.len() == SECRETS.len())
    });
    for secret in SECRETS {
        let event = events.iter().find(|event| theft(event, secret)).expect("waited for");
        let package = event.package.as_ref().expect("waited for");
        assert_eq!(package.package.ecosystem, expected.ecosystem, "{event:?}");
        assert_eq!(
            (package.package.name.as_str(), package.package.version.as_str()),
            (NAME, VERSION),
            "{event:?}"
        );
        assert_eq!((package.stage, package.script.as_str()), (expected.stage, expected.script), "{event:?}");
        assert_eq!((event.action, event.owner), (action, sandbox.uid()), "{event:?}");
        let program = event.reader.exe.file_name().expect("a file name").to_string_lossy();
        assert!(program.starts_with(expected.program), "{program} is not {}: {event:?}", expected.program);
        assert_eq!(event.reader.uid, sandbox.uid(), "{event:?}");
        assert!(!event.secret.title.is_empty() && !event.why.is_empty(), "{event:?}");
        assert!(event.why.contains(NAME), "{event:?}");
    }
    // Six secrets within a moment are one sweep, and one alarm.
    let alarms: Vec<&Event> = events.iter().filter(|event| event.importance == Importance::Alarm).collect();
    let [alarm] = alarms.as_slice() else { panic!("{} alarms: {alarms:?}", alarms.len()) };
    assert_eq!(alarm.sweep.len(), SECRETS.len(), "{alarm:?}");
    // The package manager's own reads are no news.
    for event in events.iter().filter(|event| event.package.is_none()) {
        assert!(event.importance == Importance::Quiet && event.action == Action::Allowed, "{event:?}");
    }
}
