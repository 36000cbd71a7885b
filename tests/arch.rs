//! The rules of the architecture that a compiler does not hold: who may depend on whom, what may be
//! written where, and how large things may get.

use doorward_tests::repository;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which packages of ours each package may depend on.
const MAY_USE: &[(&str, &[&str])] = &[
    ("doorward-protocol", &[]),
    ("doorward-guard", &["doorward-protocol"]),
    ("doorward-scan", &["doorward-protocol"]),
    ("doorward-watch", &["doorward-protocol"]),
    ("doorward-vault", &["doorward-protocol"]),
    ("doorward-store", &["doorward-protocol"]),
    ("doorward-decoy", &["doorward-protocol"]),
    ("doorward-cli", ENGINES),
    ("doorward-app", ENGINES),
];

const ENGINES: &[&str] = &[
    "doorward-protocol",
    "doorward-scan",
    "doorward-watch",
    "doorward-vault",
    "doorward-store",
    "doorward-decoy",
];

/// The root daemon's tree stays small enough to read.
const DAEMON_PACKAGES: usize = 60;

/// Nobody reads a file longer than this.
const LONGEST_FILE: usize = 600;

#[test]
fn packages_depend_only_on_what_the_table_allows() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    for (package, uses) in dependencies() {
        if package == "doorward-tests" {
            continue;
        }
        let allowed =
            allowed.get(package.as_str()).unwrap_or_else(|| panic!("{package} is not in the table"));
        for used in uses.iter().filter(|name| name.starts_with("doorward-")) {
            assert!(allowed.contains(&used.as_str()), "{package} must not depend on {used}");
        }
    }
}

#[test]
fn tauri_stays_in_the_app() {
    for (package, uses) in dependencies() {
        let tauri: Vec<_> = uses.iter().filter(|name| name.starts_with("tauri")).collect();
        assert!(package == "doorward-app" || tauri.is_empty(), "{package} depends on {tauri:?}");
    }
    for path in tracked().iter().filter(|path| path.starts_with("ui/src")) {
        let allowed = ["ui/src/backend/tauri.ts", "ui/src/backend/tauri.test.ts"]
            .iter()
            .any(|door| path == Path::new(door));
        let mentions = text(path).is_some_and(|text| text.contains("@tauri-apps/"));
        assert!(
            allowed || !mentions,
            "{} speaks to Tauri; only ui/src/backend/tauri.ts and its test may",
            path.display()
        );
    }
}

#[test]
fn the_daemon_stays_small() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "-p", "doorward-guard", "-e", "normal", "--prefix", "none", "--no-dedupe", "--locked"])
        .current_dir(repository())
        .output()
        .expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).expect("text");
    let packages: BTreeSet<&str> = listed.lines().filter_map(|line| line.split(" (").next()).collect();
    assert!(packages.len() < DAEMON_PACKAGES, "doorwardd resolves {} packages: {packages:?}", packages.len());
    for banned in
        ["tokio", "async-io", "zbus", "rusqlite", "rustls", "openssl", "oxc_parser", "flate2", "tar", "zip"]
    {
        let found = packages.iter().find(|package| package.split(' ').next() == Some(banned));
        assert!(found.is_none(), "doorwardd must not carry {found:?}");
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    let long: Vec<String> = sources()
        .iter()
        .filter_map(|path| text(path).map(|text| (path, text.lines().count())))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| format!("{}: {lines} lines", path.display()))
        .collect();
    assert!(long.is_empty(), "longer than {LONGEST_FILE} lines:\n{}", long.join("\n"));
}

#[test]
fn no_registry_is_named() {
    // Put together here, so that this file does not name them itself.
    let hosts: Vec<String> = [
        ["registry.", "npmjs.org"],
        ["registry.", "yarnpkg.com"],
        ["files.python", "hosted.org"],
        ["pypi", ".org"],
        ["crates", ".io/api"],
        ["static.", "crates.io"],
        ["index.", "crates.io"],
    ]
    .map(|halves| halves.concat())
    .to_vec();
    for path in tracked() {
        // Cargo writes its own source's address, which is not the registry's host, into its lockfile.
        let Some(text) = text(&path) else { continue };
        for host in &hosts {
            assert!(!text.contains(host.as_str()), "{} names {host}", path.display());
        }
    }
}

#[test]
fn unsafe_code_stays_where_it_is_allowed() {
    for path in sources().iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs")) {
        let allowed = path.starts_with("crates/guard/src/sys")
            || path == Path::new("crates/scan/src/worker/sys.rs")
            || path == Path::new("crates/scan/src/sys.rs");
        let text = text(path).unwrap_or_default();
        let uses = text.lines().map(code_of).any(|line| {
            ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"].iter().any(|form| line.contains(form))
        });
        let own = path == Path::new("tests/arch.rs");
        assert!(allowed || own || !uses, "{} has unsafe code", path.display());
    }
}

#[test]
fn every_library_module_says_what_it_is_for() {
    for path in sources() {
        let library = path.starts_with("crates") || path.starts_with("src-tauri/src");
        let root = path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
        if library && root {
            let text = text(&path).unwrap_or_default();
            let first = text.lines().next().unwrap_or_default();
            assert!(first.starts_with("//! "), "{} does not begin with what it is for", path.display());
        }
    }
}

#[test]
fn no_test_is_switched_off() {
    let marks = [["#[", "ignore"], ["todo", "!("], ["unimplemented", "!("]].map(|halves| halves.concat());
    for path in sources() {
        let text = text(&path).unwrap_or_default();
        for mark in &marks {
            assert!(
                !text.lines().map(code_of).any(|line| line.contains(mark)),
                "{} has {mark}",
                path.display()
            );
        }
    }
}

/// Every workspace package with the names of its dependencies, of every kind.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked"])
        .current_dir(repository())
        .output()
        .expect("cargo metadata runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    packages
        .iter()
        .map(|package| {
            let uses = package["dependencies"].as_array().expect("dependencies").iter().map(name).collect();
            (name(package), uses)
        })
        .collect()
}

/// Files that git knows, relative to the repository.
fn tracked() -> Vec<PathBuf> {
    let output =
        Command::new("git").args(["ls-files", "-z"]).current_dir(repository()).output().expect("git runs");
    assert!(
        output.status.success(),
        "this test reads the list of files from git: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let names = String::from_utf8(output.stdout).expect("names");
    let paths = names.split_terminator('\0').map(PathBuf::from);
    paths.filter(|path| repository().join(path).is_file()).collect()
}

/// Tracked files that people write and read.
fn sources() -> Vec<PathBuf> {
    let written = |path: &PathBuf| {
        let made = path.ends_with("ui/src/backend/protocol.ts");
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        !made && ["rs", "ts", "svelte", "css", "sh", "c", "py"].contains(&extension.as_str())
    };
    tracked().into_iter().filter(written).collect()
}

/// A tracked file's content, where it is text.
fn text(path: &Path) -> Option<String> {
    fs::read_to_string(repository().join(path)).ok()
}

/// A line without its comment.
fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}
