//! pip, uv, Poetry and pipx, all of which run the build back end that a source distribution brings along.

use super::{SECRET, guarded, named, text};
use doorward_protocol::{Ecosystem, Stage};
use doorward_tests::fixtures::{NAME, VERSION};
use doorward_tests::{Sandbox, sandboxed};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

#[test]
fn pip_builds_a_source_distribution() {
    sandboxed("guard", "attribution::python::pip_builds_a_source_distribution", |sandbox| {
        let (sdist, venv) = (sdist(sandbox), venv(sandbox));
        builds(sandbox, pip(sandbox, &venv).arg(sdist));
    });
}

#[test]
fn pip_builds_an_editable_installation() {
    sandboxed("guard", "attribution::python::pip_builds_an_editable_installation", |sandbox| {
        let (sdist, venv) = (sdist(sandbox), venv(sandbox));
        sandbox.ok(sandbox.command("tar").arg("-xzf").arg(sdist));
        builds(sandbox, pip(sandbox, &venv).args(["-e", &format!("./evil_dep-{VERSION}")]));
    });
}

#[test]
fn uv_builds_a_source_distribution() {
    sandboxed("guard", "attribution::python::uv_builds_a_source_distribution", |sandbox| {
        let (sdist, venv) = (sdist(sandbox), venv(sandbox));
        let mut uv = sandbox.command(sandbox.tools().join("python/bin/uv"));
        uv.args(["pip", "install", "--offline", "--python", text(&venv.join("bin/python"))]).arg(sdist);
        builds(sandbox, &mut uv);
    });
}

#[test]
fn poetry_builds_a_dependency() {
    sandboxed("guard", "attribution::python::poetry_builds_a_dependency", |sandbox| {
        let sdist = sdist(sandbox);
        let manifest = format!(
            "[project]\nname = \"shop\"\nversion = \"0.1.0\"\nrequires-python = \">=3.9\"\ndependencies = [\"{NAME} @ file://{}\"]\n\n[tool.poetry]\npackage-mode = false\n",
            sdist.display()
        );
        sandbox.write("shop/pyproject.toml", &manifest);
        let mut poetry = module(sandbox, "poetry");
        poetry.args(["install", "--no-interaction"]).current_dir(sandbox.home().join("shop"));
        builds(sandbox, &mut poetry);
    });
}

#[test]
fn pipx_builds_a_program() {
    sandboxed("guard", "attribution::python::pipx_builds_a_program", |sandbox| {
        let sdist = sdist(sandbox);
        let mut pipx = module(sandbox, "pipx");
        pipx.args(["install", text(&sdist)]).env("UV_OFFLINE", "1");
        builds(sandbox, &mut pipx);
    });
}

fn builds(sandbox: &Sandbox, command: &mut Command) {
    let daemon = guarded(sandbox);
    sandbox.ok(command);
    named(&daemon, sandbox, Ecosystem::Pypi, Stage::Build);
}

/// An environment of the user's own.
pub(super) fn venv(sandbox: &Sandbox) -> PathBuf {
    let venv = sandbox.home().join("shop/venv");
    sandbox.folder("shop");
    sandbox.ok(sandbox.command("/usr/bin/python3").args(["-m", "venv"]).arg(&venv));
    venv
}

pub(super) fn pip(sandbox: &Sandbox, venv: &std::path::Path) -> Command {
    let mut pip = sandbox.command(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--no-index", "--no-cache-dir", "--disable-pip-version-check"]);
    pip
}

fn module(sandbox: &Sandbox, name: &str) -> Command {
    let tools = sandbox.tools().join("python/bin");
    let mut command = sandbox.command(tools.join("python"));
    command.args(["-m", name]).env("PIP_NO_INDEX", "1");
    command.env("PATH", format!("{}:/usr/bin:/bin", tools.display()));
    // Nothing listens there: whoever wants the network is told so at once.
    command.env("https_proxy", "http://127.0.0.1:9").env("http_proxy", "http://127.0.0.1:9");
    command
}

/// A source distribution that needs nothing but itself to be built.
fn sdist(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.root().join("pypi");
    let top = folder.join(format!("evil_dep-{VERSION}"));
    fs::create_dir_all(&top).expect("a folder");
    let manifest = format!(
        "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n\n[project]\nname = {NAME:?}\nversion = {VERSION:?}\n"
    );
    for (name, content) in [
        ("pyproject.toml", manifest.as_str()),
        ("backend.py", &BACKEND.replace("SECRET", SECRET)),
        ("PKG-INFO", "Metadata-Version: 2.1\nName: evil-dep\nVersion: 1.2.3\n"),
    ] {
        fs::write(top.join(name), content).expect("a file");
    }
    let archive = folder.join(format!("evil_dep-{VERSION}.tar.gz"));
    let packed = Command::new("tar")
        .arg("-czf")
        .arg(&archive)
        .arg("-C")
        .arg(&folder)
        .arg(format!("evil_dep-{VERSION}"))
        .status();
    assert!(packed.expect("tar runs").success());
    archive
}

const BACKEND: &str = r#"import base64, hashlib, os, zipfile

try:
    open(os.path.expanduser("~/SECRET")).read()
except OSError:
    pass

FILES = {
    "evil_dep.py": "ANSWER = 42\n",
    "evil_dep-1.2.3.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil-dep\nVersion: 1.2.3\n",
    "evil_dep-1.2.3.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "evil_dep-1.2.3.dist-info/entry_points.txt": "[console_scripts]\nevil = evil_dep:main\n",
}


def build_wheel(folder, settings=None, metadata=None):
    name = "evil_dep-1.2.3-py3-none-any.whl"
    record = "evil_dep-1.2.3.dist-info/RECORD"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        lines = []
        for path, text in FILES.items():
            wheel.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            lines.append(f"{path},sha256={digest},{len(text)}\n")
        wheel.writestr(record, "".join(lines) + record + ",,\n")
    return name


build_editable = build_wheel
"#;
