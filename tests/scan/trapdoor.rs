//! Look-alikes of each TrapDoor leg are called malicious with the right line shown; their innocent
//! twins, which share their words, are not.

use crate::contract::{report, sample};
use doorward_protocol::{PackageReport, Severity, Verdict, visible};
use std::fs;

fn judged(name: &str, expected_file: &str) {
    let folder = sample(&format!("malicious/{name}"));
    let packages = report(&folder).packages;
    let package = packages
        .iter()
        .find(|package| package.verdict == Verdict::Malicious)
        .unwrap_or_else(|| panic!("{name} is not called malicious: {packages:#?}"));
    let strong = |package: &PackageReport| {
        package
            .findings
            .iter()
            .any(|finding| finding.severity >= Severity::High && finding.path == expected_file)
    };
    assert!(strong(package), "{expected_file} is not named: {:#?}", package.findings);
    for finding in package.findings.iter().filter(|finding| finding.line > 0) {
        let path = package.path.join(&finding.path);
        let text = String::from_utf8_lossy(
            &fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
        )
        .into_owned();
        let line = text
            .lines()
            .nth(finding.line as usize - 1)
            .unwrap_or_else(|| panic!("{finding:?}: no such line"));
        let shown = finding.snippet.trim_matches(['…', ' ']);
        let needle: String = shown.chars().take(24).collect();
        assert!(visible(line).contains(&needle), "{finding:?} is not at that line: {line}");
    }
}

#[test]
fn npm_postinstall() {
    judged("npm-postinstall", "lib/worker.js");
}

#[test]
fn python_import_time() {
    judged("python-import", "sample_import/__init__.py");
}

#[test]
fn cargo_build_script() {
    judged("build-rs", "build.rs");
}

#[test]
fn poisoned_agent_instructions() {
    judged("poisoned-agents", "CLAUDE.md");
}

#[test]
fn innocent_twins_are_not_called_malicious() {
    for entry in fs::read_dir(sample("benign")).expect("samples").flatten() {
        for package in report(&entry.path()).packages {
            assert!(package.verdict < Verdict::Suspicious, "{}: {package:#?}", entry.path().display());
        }
    }
}
