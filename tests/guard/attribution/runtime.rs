//! Code that a program imports runs inside the interpreter: the project is named, and the packages that it
//! may have been are offered.

use super::python::{pip, venv};
use super::{SECRET, denied, guarded};
use doorward_protocol::{Candidates, Stage};
use doorward_tests::{Sandbox, need, sandboxed};
use std::path::Path;

#[test]
fn a_required_package_is_offered_with_its_project() {
    sandboxed("guard", "attribution::runtime::a_required_package_is_offered_with_its_project", |sandbox| {
        need("node");
        sandbox.write("shop/node_modules/left-pad/index.js", "");
        std::thread::sleep(std::time::Duration::from_millis(20));
        let read = format!("try {{ require('fs').readFileSync(process.env.HOME + '/{SECRET}') }} catch {{}}");
        sandbox.write("shop/node_modules/evil-dep/index.js", &read);
        sandbox.write("shop/main.js", "require('evil-dep')");
        let daemon = guarded(sandbox);
        sandbox.ok(sandbox.command("node").arg("shop/main.js"));
        let event = denied(&daemon, sandbox, |event| event.candidates.is_some());
        assert_eq!(event.package, None, "{event:?}");
        offered(event.candidates.as_ref(), &["evil-dep", "left-pad"], &sandbox.home().join("shop"));
        assert!(event.why.contains("a package of shop; added last: evil-dep"), "{}", event.why);
    });
}

#[test]
fn an_imported_package_is_offered_with_its_project() {
    sandboxed("guard", "attribution::runtime::an_imported_package_is_offered_with_its_project", |sandbox| {
        let (wheel, venv) = (wheel(sandbox, "evil_dep.py"), venv(sandbox));
        sandbox.ok(pip(sandbox, &venv).arg(wheel));
        let daemon = guarded(sandbox);
        sandbox.ok(sandbox.command(venv.join("bin/python")).args(["-c", "import evil_dep"]));
        let event = denied(&daemon, sandbox, |event| event.candidates.is_some());
        newest(event.candidates.as_ref(), "evil_dep 1.2.3", &sandbox.home().join("shop"));
    });
}

#[test]
fn a_pth_file_that_runs_at_every_start_is_offered_too() {
    sandboxed(
        "guard",
        "attribution::runtime::a_pth_file_that_runs_at_every_start_is_offered_too",
        |sandbox| {
            let (wheel, venv) = (wheel(sandbox, "evil_dep.pth"), venv(sandbox));
            sandbox.ok(pip(sandbox, &venv).arg(wheel));
            let daemon = guarded(sandbox);
            sandbox.ok(sandbox.command(venv.join("bin/python")).args(["-c", "pass"]));
            let event = denied(&daemon, sandbox, |event| event.candidates.is_some());
            newest(event.candidates.as_ref(), "evil_dep 1.2.3", &sandbox.home().join("shop"));
        },
    );
}

fn offered(among: Option<&Candidates>, names: &[&str], project: &Path) {
    let among = among.expect("candidates");
    let packages: Vec<String> =
        among.packages.iter().map(ToString::to_string).map(|name| name.trim().into()).collect();
    assert_eq!(packages, names);
    assert_eq!((among.stage, among.project.as_deref()), (Stage::Runtime, Some(project)));
}

/// The first of those offered: `venv` itself brings pip along.
fn newest(among: Option<&Candidates>, name: &str, project: &Path) {
    let among = among.expect("candidates");
    assert_eq!(among.packages.first().map(ToString::to_string).as_deref(), Some(name), "{among:?}");
    assert_eq!(among.project.as_deref(), Some(project));
}

/// A wheel with one file, which reads the secret when it is run.
fn wheel(sandbox: &Sandbox, file: &str) -> std::path::PathBuf {
    let path = sandbox.home().join("evil_dep-1.2.3-py3-none-any.whl");
    let code = r#"import os, sys, zipfile
read = "import os\ntry: open(os.path.expanduser('~/SECRET')).read()\nexcept OSError: pass\n"
text = read if sys.argv[2].endswith(".py") else "import os; exec(" + repr(read) + ")\n"
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr(sys.argv[2], text)
    info = "evil_dep-1.2.3.dist-info/"
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: evil-dep\nVersion: 1.2.3\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr(info + "RECORD", "")
"#;
    let mut python = sandbox.command("/usr/bin/python3");
    sandbox.ok(python.args(["-c", &code.replace("SECRET", SECRET)]).arg(&path).arg(file));
    path
}
