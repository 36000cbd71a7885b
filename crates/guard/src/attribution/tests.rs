use super::*;
use crate::identity::held::{Held, Trap};
use std::path::Path;
use std::process::Command;

/// Stands where npm stands: a Node process under npm's title that starts a package's script in its
/// folder, with the environment that npm gives it.
const LIKE_NPM: &str = "
  const [script, folder, name, event] = process.argv.slice(2);
  process.title = 'npm install';
  require('child_process').spawnSync('sh', ['-c', script], { cwd: folder, env: { ...process.env,
    npm_package_name: name, npm_package_version: '1.2.3', npm_lifecycle_event: event,
    npm_package_json: folder + '/package.json' } });
";

fn like_npm(trap: &Trap, folder: &str, name: &str, event: &str, script: &str) -> Held {
    let npm = trap.home.path().join("npm.js");
    std::fs::write(&npm, LIKE_NPM).expect("write");
    let folder = trap.folder(folder);
    trap.hold(
        Command::new("node").arg(npm).arg(script).arg(folder).args([name, event]).env("SECRET", &trap.secret),
    )
}

fn named(found: Option<Attribution>) -> Option<(String, String)> {
    found.map(|found| (found.package.name, found.package.version))
}

fn some(name: &str, version: &str) -> Option<(String, String)> {
    Some((name.into(), version.into()))
}

#[test]
fn a_lifecycle_script_is_named_by_what_npm_gave_it() {
    let trap = Trap::new();
    let held = like_npm(&trap, "app/node_modules/evil-dep", "evil-dep", "postinstall", "cat \"$SECRET\"; :");
    let reader = held.reader(&trap.secret);
    let found = attribute(&reader).expect("attributed");
    assert_eq!(found.package.purl(), "pkg:npm/evil-dep@1.2.3");
    assert_eq!((found.stage.as_str(), found.script.as_str()), ("install", "postinstall"));
    let home = std::fs::canonicalize(trap.home.path()).expect("canonical");
    assert_eq!(found.path, Some(home.join("app/node_modules/evil-dep")));
    assert_eq!(found.project, Some(home.join("app")));
    assert_eq!(manager_of(&reader), Some("npm".into()));
    assert!(manages(&held.itself().process));
    assert_eq!(attribute(&held.itself()), None, "npm itself is no package's script");
}

#[test]
fn a_lie_below_the_script_changes_nothing() {
    let trap = Trap::new();
    let lie =
        "npm_package_name=lodash npm_package_json=/x/node_modules/lodash/package.json cat \"$SECRET\"; :";
    let held = like_npm(&trap, "app/node_modules/evil-dep", "evil-dep", "postinstall", lie);
    assert_eq!(named(attribute(&held.reader(&trap.secret))), some("evil-dep", "1.2.3"));
}

#[test]
fn a_pretended_npm_below_the_script_changes_nothing() {
    let trap = Trap::new();
    trap.folder("app/node_modules/lodash");
    let pretend = "exec -a 'npm install' node -e \"process.title='npm install';require('child_process').spawnSync('cat',[process.env.SECRET],{cwd:'../lodash'})\"; :";
    let held = like_npm(
        &trap,
        "app/node_modules/evil-dep",
        "evil-dep",
        "postinstall",
        &format!("bash -c '{}'; :", pretend.replace('\'', "'\\''")),
    );
    assert_eq!(named(attribute(&held.reader(&trap.secret))), some("evil-dep", "1.2.3"));
}

#[test]
fn a_script_that_leaves_everything_behind_is_still_named() {
    let trap = Trap::new();
    let flee = "env -i SECRET=\"$SECRET\" setsid sh -c 'sleep 0.3; cat \"$SECRET\"; :' & exit";
    let held = like_npm(&trap, "app/node_modules/@s/evil", "@s/evil", "postinstall", flee);
    let reader = held.reader(&trap.secret);
    assert_eq!(named(attribute(&reader)), some("@s/evil", ""));
    assert_eq!(manager_of(&reader), Some("npm".into()));
}

#[test]
fn what_was_seen_once_is_remembered_when_the_folder_is_left_too() {
    let lineage = crate::lineage::Lineage::open().expect("lineage");
    let trap = Trap::new();
    let held = like_npm(&trap, "app/node_modules/evil", "evil", "postinstall", "cat \"$SECRET\"; :");
    let mut reader = held.reader(&trap.secret);
    assert_eq!(named(lineage.attribute(&reader)), some("evil", "1.2.3"));
    reader.ancestry.clear();
    reader.process.cwd = Some("/".into());
    reader.process.environ.clear();
    assert_eq!(attribute(&reader), None);
    assert_eq!(named(lineage.attribute(&reader)), some("evil", "1.2.3"));
    reader.process.start_time += 1;
    assert_eq!(lineage.attribute(&reader), None, "another process with the same number");
}

#[test]
fn a_script_that_the_user_runs_in_their_own_project_is_no_package() {
    let trap = Trap::new();
    let held = like_npm(&trap, "app", "app", "deploy", "cat \"$SECRET\"; :");
    assert_eq!(attribute(&held.reader(&trap.secret)), None);
    let trap = Trap::new();
    let held = like_npm(&trap, "app", "app", "postinstall", "cat \"$SECRET\"; :");
    assert_eq!(
        named(attribute(&held.reader(&trap.secret))),
        some("app", "1.2.3"),
        "but its install script is"
    );
}

#[test]
fn a_python_build_is_named_by_pips_command_line() {
    let trap = Trap::new();
    let pip = trap.home.path().join("pip");
    let code = "import os,subprocess,sys\nsubprocess.run([sys.executable,'-c','exec(\"setup.py\" and \"import os; open(os.environ[\\\\\"SECRET\\\\\"]).read()\")'],cwd=os.environ['BUILD'])\n";
    std::fs::write(&pip, code).expect("write");
    let build = trap.folder("pip-req-build-x1y2z3");
    let held = trap.hold(
        Command::new("/usr/bin/python3")
            .arg(&pip)
            .args(["install", "./evil-py-1.2.3.tar.gz"])
            .env("BUILD", build)
            .env("SECRET", &trap.secret),
    );
    let reader = held.reader(&trap.secret);
    let found = attribute(&reader).expect("attributed");
    assert_eq!(found.package.purl(), "pkg:pypi/evil-py@1.2.3");
    assert_eq!((found.stage.as_str(), found.script.as_str()), ("build", "setup.py"));
    assert_eq!(manager_of(&reader), Some("pip".into()));
}

#[test]
fn a_build_script_is_named_by_its_folder_and_what_cargo_gave_it() {
    let trap = Trap::new();
    let cargo = copy("/bin/sh", &trap.folder("toolchain").join("cargo"));
    let unit = trap.folder("app/target/debug/build/evil-rs-0123456789abcdef");
    let script = copy("/bin/cat", &unit.join("build-script-build"));
    let manifest = trap.folder("vendor/evil-rs");
    let start = "cd \"$1\" && CARGO_PKG_NAME=evil-rs CARGO_PKG_VERSION=0.7.7 CARGO_MANIFEST_DIR=\"$1\" \"$2\" \"$3\"; :";
    let held = trap.hold(
        Command::new(&cargo).args(["-c", start, "cargo"]).arg(&manifest).arg(&script).arg(&trap.secret),
    );
    let found = attribute(&held.reader(&trap.secret)).expect("attributed");
    assert_eq!(found.package.purl(), "pkg:cargo/evil-rs@0.7.7");
    assert_eq!(found.path, Some(manifest));
    assert_eq!(manager_of(&held.reader(&trap.secret)), Some("cargo".into()));
}

#[test]
fn a_reader_outside_any_package_has_none() {
    let trap = Trap::new();
    let held = trap.hold(Command::new("cat").arg(&trap.secret).current_dir(trap.home.path()));
    let reader = held.itself();
    // The test itself may well run below `cargo test`, which only runs it.
    assert_eq!(attribute(&reader), None);
    assert_eq!(manager_of(&reader), None);
}

fn copy(from: &str, to: &Path) -> std::path::PathBuf {
    std::fs::copy(from, to).expect("copy");
    to.to_owned()
}
