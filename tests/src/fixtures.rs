//! Packages that behave like thieves and are none: they try to read six made-up secrets and write
//! down what came of each attempt, nothing more.

use crate::sandbox::Sandbox;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The name of every thief.
pub const NAME: &str = "evil-dep";
/// The version of every thief.
pub const VERSION: &str = "1.2.3";
/// Tells the thief where to write what it found out.
pub const RESULTS: &str = "EVIL_RESULTS";

/// The six secrets, below the home.
pub const SECRETS: [&str; 6] = [
    ".ssh/id_ed25519",
    ".sui/sui_config/sui.keystore",
    ".config/solana/id.json",
    ".aptos/config.yaml",
    ".npmrc",
    ".aws/credentials",
];

/// Puts the six made-up secrets into the home.
pub fn place_secrets(sandbox: &Sandbox) {
    for (name, content) in SECRETS.iter().zip([
        "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n",
        "[\"bm90IGEga2V5\"]\n",
        "[0,0,0,0]\n",
        "profiles:\n  default:\n    private_key: \"0x00\"\n",
        "registry=http://127.0.0.1:9/\n//127.0.0.1:9/:_authToken=made-up-token\n",
        "[default]\naws_access_key_id = MADEUPKEYID0001\naws_secret_access_key = made/up/secret\n",
    ]) {
        sandbox.write(name, content);
    }
}

/// What the thief found out: the secret's path below the home, and `read` or the error's name.
pub fn results(path: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("the thief left no results in {}: {error}", path.display()));
    text.lines()
        .map(|line| line.split_once('\t').expect("name, tab, result"))
        .map(|(name, result)| (name.to_owned(), result.to_owned()))
        .collect()
}

/// A tarball as `npm pack` makes it, whose postinstall script is the thief.
pub fn npm_tarball(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.root().join("npm");
    write(
        &folder.join("package/package.json"),
        &format!(
            "{{\"name\":\"{NAME}\",\"version\":\"{VERSION}\",\"main\":\"index.js\",\"scripts\":{{\"postinstall\":\"node steal.js\"}}}}\n"
        ),
    );
    write(&folder.join("package/index.js"), "module.exports = 42;\n");
    write(&folder.join("package/steal.js"), &NODE_THIEF.replace("SECRETS", &format!("{SECRETS:?}")));
    pack(&folder, "package", &format!("{NAME}-{VERSION}.tgz"))
}

/// A source distribution whose setup.py is the thief.
pub fn python_sdist(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.root().join("pypi");
    let top = format!("{NAME}-{VERSION}");
    write(&folder.join(&top).join("setup.py"), &PYTHON_THIEF.replace("SECRETS", &format!("{SECRETS:?}")));
    write(
        &folder.join(&top).join("PKG-INFO"),
        &format!("Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n"),
    );
    write(&folder.join(&top).join("evil_dep.py"), "ANSWER = 42\n");
    pack(&folder, &top, &format!("{top}.tar.gz"))
}

/// A project with a path dependency whose build.rs is the thief.
pub fn cargo_project(sandbox: &Sandbox) -> PathBuf {
    let project = sandbox.folder("rust-project");
    for (name, content) in [
        (
            "Cargo.toml",
            format!(
                "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n{NAME} = {{ path = \"{NAME}\" }}\n\n[workspace]\n"
            ),
        ),
        ("src/main.rs", "fn main() { println!(\"{}\", evil_dep::ANSWER) }\n".to_owned()),
        (
            "evil-dep/Cargo.toml",
            format!(
                "[package]\nname = \"{NAME}\"\nversion = \"{VERSION}\"\nedition = \"2021\"\nbuild = \"build.rs\"\n"
            ),
        ),
        ("evil-dep/src/lib.rs", "pub const ANSWER: u32 = 42;\n".to_owned()),
        ("evil-dep/build.rs", RUST_THIEF.replace("SECRETS", &format!("{SECRETS:?}"))),
    ] {
        sandbox.write(&format!("rust-project/{name}"), &content);
    }
    project
}

const NODE_THIEF: &str = r#"const fs = require("fs");
const path = require("path");
const lines = SECRETS.map((name) => {
  let result = "read";
  try {
    fs.readFileSync(path.join(process.env.HOME, name));
  } catch (error) {
    result = error.code;
  }
  return name + "\t" + result + "\n";
});
fs.writeFileSync(process.env.EVIL_RESULTS, lines.join(""));
"#;

const PYTHON_THIEF: &str = r#"import errno
import os
from setuptools import setup

lines = []
for name in SECRETS:
    result = "read"
    try:
        with open(os.path.join(os.environ["HOME"], name), "rb") as secret:
            secret.read()
    except OSError as error:
        result = errno.errorcode[error.errno]
    lines.append(f"{name}\t{result}\n")
with open(os.environ["EVIL_RESULTS"], "w") as results:
    results.writelines(lines)

setup(name="evil-dep", version="1.2.3", py_modules=["evil_dep"])
"#;

const RUST_THIEF: &str = r#"fn main() {
    let home = std::path::PathBuf::from(std::env::var_os("HOME").unwrap());
    let mut lines = String::new();
    for name in SECRETS {
        let result = match std::fs::read(home.join(name)) {
            Ok(_) => "read".to_string(),
            Err(error) if error.raw_os_error() == Some(1) => "EPERM".to_string(),
            Err(error) => error.to_string(),
        };
        lines.push_str(&format!("{name}\t{result}\n"));
    }
    std::fs::write(std::env::var_os("EVIL_RESULTS").unwrap(), lines).unwrap();
}
"#;

fn write(path: &Path, content: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    fs::write(path, content).expect("a file");
}

fn pack(folder: &Path, content: &str, name: &str) -> PathBuf {
    let archive = folder.join(name);
    let status = Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(folder).arg(content).status();
    assert!(status.expect("tar runs").success(), "tar could not write {}", archive.display());
    archive
}
