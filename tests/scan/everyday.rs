//! Twenty everyday packages of each ecosystem, fetched with their own clients and never run, are
//! neither suspicious nor malicious by their content alone.

use crate::contract::report;
use doorward_protocol::{Ecosystem, Verdict};
use doorward_tests::need;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

const NPM: [&str; 20] = [
    "@babel/core",
    "axios",
    "chalk",
    "commander",
    "core-js",
    "debug",
    "electron",
    "esbuild",
    "eslint",
    "express",
    "husky",
    "lodash",
    "node-gyp",
    "puppeteer",
    "react",
    "rxjs",
    "sharp",
    "typescript",
    "webpack",
    "ws",
];

const PYPI: [&str; 20] = [
    "aiohttp",
    "attrs",
    "boto3",
    "botocore",
    "certifi",
    "click",
    "cryptography",
    "django",
    "flask",
    "jinja2",
    "keyring",
    "numpy",
    "paramiko",
    "pip",
    "pydantic",
    "pytest",
    "requests",
    "rich",
    "setuptools",
    "urllib3",
];

const CARGO: [&str; 20] = [
    "anyhow",
    "bitflags",
    "cc",
    "clap",
    "hyper",
    "itertools",
    "libc",
    "log",
    "openssl-sys",
    "proc-macro2",
    "rand",
    "rayon",
    "regex",
    "ring",
    "rustls",
    "serde",
    "serde_derive",
    "syn",
    "tokio",
    "ureq",
];

#[test]
fn npm_packages() {
    need("npm");
    let folder = tempfile::tempdir().expect("make a folder");
    fs::write(folder.path().join("package.json"), r#"{"name":"everyday","version":"1.0.0","private":true}"#)
        .expect("write package.json");
    let flags = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"];
    fetch(Command::new("npm").args(flags).args(NPM).current_dir(folder.path()));
    innocent(&folder.path().join("node_modules"), Ecosystem::Npm, &NPM);
}

#[test]
fn python_packages() {
    need("python3");
    let folder = tempfile::tempdir().expect("make a folder");
    let flags = ["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--target"];
    fetch(Command::new("python3").args(flags).arg(folder.path()).args(PYPI));
    innocent(folder.path(), Ecosystem::Pypi, &PYPI);
}

#[test]
fn rust_crates() {
    need("cargo");
    let folder = tempfile::tempdir().expect("make a folder");
    let wanted: String = CARGO.iter().map(|name| format!("{name} = \"*\"\n")).collect();
    let manifest = format!(
        "[package]\nname = \"everyday\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[workspace]\n[dependencies]\n{wanted}"
    );
    fs::create_dir(folder.path().join("src")).expect("make src");
    fs::write(folder.path().join("src/lib.rs"), "").expect("write lib.rs");
    fs::write(folder.path().join("Cargo.toml"), manifest).expect("write Cargo.toml");
    let vendored = folder.path().join("vendor");
    fetch(Command::new("cargo").args(["vendor", "--quiet"]).arg(&vendored).current_dir(folder.path()));
    innocent(&vendored, Ecosystem::Cargo, &CARGO);
}

#[track_caller]
fn fetch(command: &mut Command) {
    let output = command.output().expect("start the client");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the packages could not be fetched; this test needs the network: {told}"
    );
}

/// Every package below the folder is at most notable, and those asked for are among them.
#[track_caller]
fn innocent(folder: &Path, ecosystem: Ecosystem, wanted: &[&str]) {
    let packages = report(folder).packages;
    let canonical = |name: &str| name.to_lowercase().replace('_', "-");
    let seen: BTreeSet<String> = packages
        .iter()
        .filter(|package| package.ecosystem == ecosystem)
        .map(|package| canonical(&package.name))
        .collect();
    let missing: Vec<_> = wanted.iter().filter(|name| !seen.contains(&canonical(name))).collect();
    assert!(missing.is_empty(), "not scanned: {missing:?}");
    let accused: Vec<_> = packages.iter().filter(|package| package.verdict >= Verdict::Suspicious).collect();
    assert!(accused.is_empty(), "{accused:#?}");
}
