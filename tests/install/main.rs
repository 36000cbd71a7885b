//! What is installed beside the programs: the unit, the desktop's files, the maintainer scripts.

mod run;

use doorward_tests::{Run, need, repository, skipped};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

fn linux(name: &str) -> PathBuf {
    repository().join("installer/linux").join(name)
}

fn run(command: &mut Command) -> Run {
    Run::from(command.output().unwrap_or_else(|error| panic!("{command:?}: {error}")))
}

/// The unit with a program that exists here, as it does once the package is installed.
fn unit() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = fs::read_to_string(linux("doorwardd.service")).expect("the unit");
    assert!(text.contains("ExecStart=/usr/libexec/doorward/doorwardd"), "{text}");
    let path = folder.path().join("doorwardd.service");
    fs::write(&path, text.replace("/usr/libexec/doorward/doorwardd", "/bin/true")).expect("a copy");
    (folder, path)
}

#[test]
fn systemd_accepts_the_unit() {
    if skipped("install") {
        return;
    }
    need("systemd-analyze");
    let (_folder, unit) = unit();
    let verified = run(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&unit));
    assert!(verified.code == 0 && verified.stderr.is_empty(), "{verified}");
}

#[test]
fn the_unit_is_confined() {
    if skipped("install") {
        return;
    }
    need("systemd-analyze");
    let (_folder, unit) = unit();
    let rated = run(Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=45", "--no-pager"])
        .arg(&unit));
    assert_eq!(rated.code, 0, "more exposed than 4.5: {rated}");
}

#[test]
fn the_unit_keeps_what_the_guard_needs() {
    let unit = fs::read_to_string(linux("doorwardd.service")).expect("the unit");
    // A mount namespace of its own would hide the users' files from the marks.
    for setting in ["ProtectSystem=", "ProtectHome=", "PrivateTmp=", "PrivateMounts=", "ReadOnlyPaths="] {
        assert!(!unit.lines().any(|line| line.starts_with(setting)), "{setting} makes a mount namespace");
    }
    for needed in ["Type=notify", "RuntimeDirectory=doorward", "StateDirectory=doorward", "Restart="] {
        assert!(unit.lines().any(|line| line.starts_with(needed)), "{needed} is missing");
    }
}

#[test]
fn desktop_files_are_valid() {
    if skipped("install") {
        return;
    }
    need("desktop-file-validate");
    for name in ["org.doorward.app.desktop", "org.doorward.app.autostart.desktop"] {
        let checked = run(Command::new("desktop-file-validate").arg(linux(name)));
        assert!(checked.code == 0 && checked.stdout.is_empty(), "{name}: {checked}");
    }
    let autostart = fs::read_to_string(linux("org.doorward.app.autostart.desktop")).expect("autostart");
    assert!(autostart.contains("--background"), "it must start in the tray");
}

#[test]
fn the_description_for_software_centres_is_valid() {
    if skipped("install") {
        return;
    }
    need("appstreamcli");
    let path = linux("org.doorward.app.metainfo.xml");
    let checked = run(Command::new("appstreamcli").args(["validate", "--no-net", "--no-color"]).arg(path));
    assert_eq!(checked.code, 0, "{checked}");
}

#[test]
fn the_policy_asks_for_an_administrator() {
    if skipped("install") {
        return;
    }
    need("xmllint");
    let path = linux("org.doorward.policy");
    let checked = run(Command::new("xmllint").args(["--noout", "--nonet"]).arg(&path));
    assert_eq!(checked.code, 0, "{checked}");
    let query =
        |expression: &str| run(Command::new("xmllint").args(["--xpath", expression]).arg(&path)).stdout;
    assert_eq!(query("string(//action/@id)").trim(), "org.doorward.control");
    assert_eq!(query("string(//allow_active)").trim(), "auth_admin_keep");
    assert_eq!(query("string(//allow_any)").trim(), "no");
    assert_eq!(query("string(//allow_inactive)").trim(), "no");
}

#[test]
fn scripts_are_sound() {
    if skipped("install") {
        return;
    }
    need("shellcheck");
    let scripts = scripts();
    assert!(scripts.len() >= 6, "{scripts:?}");
    for script in &scripts {
        let text = fs::read_to_string(script).expect("a script");
        assert!(
            text.lines().any(|line| line.starts_with("set -eu")),
            "{} goes on after errors",
            script.display()
        );
        let mode = fs::metadata(script).expect("a file").permissions().mode();
        assert!(mode & 0o111 == 0o111, "{} is not executable", script.display());
    }
    let checked = run(Command::new("shellcheck").arg("--external-sources").args(&scripts));
    assert_eq!(checked.code, 0, "{checked}");
}

/// The maintainer scripts change only what they are told to: run twice in a made-up root, they end well.
#[test]
fn maintainer_scripts_can_run_twice_and_purge_only_their_own() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let state = root.path().join("var/lib/doorward");
    let other = root.path().join("var/lib/other/kept");
    for folder in [&state, &other] {
        fs::create_dir_all(folder).expect("a folder");
    }
    let script = |name: &str, argument: &str| {
        for _ in 0..2 {
            let mut command = Command::new(linux(name));
            let ran = run(command.arg(argument).env("DPKG_ROOT", root.path()));
            assert_eq!(ran.code, 0, "{name} {argument}: {ran}");
        }
    };
    script("postinst", "configure");
    script("prerm", "remove");
    script("postrm", "remove");
    assert!(state.is_dir(), "the state outlives a removal");
    script("postrm", "purge");
    assert!(!state.exists(), "the state goes with a purge");
    assert!(other.is_dir(), "nothing else goes");
}

/// Everything below `installer/` and `.ci/` that a shell runs.
fn scripts() -> Vec<PathBuf> {
    let mut found = vec![repository().join(".ci/run")];
    let mut folders = vec![repository().join("installer")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if is_shell(&path) {
                found.push(path);
            }
        }
    }
    found
}

fn is_shell(path: &Path) -> bool {
    fs::read(path)
        .is_ok_and(|bytes| bytes.starts_with(b"#!/bin/sh") || bytes.starts_with(b"#!/usr/bin/env bash"))
}
