//! Compiled programs are ordinary where they belong, and a finding where they hide or are started unasked.

mod common;

use common::{scan_one, write};
use doorward_protocol::{PackageReport, Severity, Verdict};
use std::fs;

/// The start of a Linux program, with these words somewhere in it.
fn program(words: &str) -> Vec<u8> {
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0".to_vec();
    bytes.resize(6000, 0);
    bytes.extend_from_slice(words.as_bytes());
    bytes.resize(12_000, 0);
    bytes
}

fn npm(hook: &str, script: &str, file: &str, bytes: &[u8]) -> PackageReport {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = format!("{{\"name\": \"made-up\", \"version\": \"1.0.0\", \"scripts\": {{{hook}}}}}");
    write(folder.path(), &[("package.json", &manifest), ("install.js", script), (file, "")]);
    fs::write(folder.path().join(file), bytes).expect("write the program");
    scan_one(folder.path())
}

const HOOK: &str = "\"postinstall\": \"node install.js\"";

fn starting(file: &str) -> String {
    format!(
        "require('child_process').execFileSync(require('path').join(__dirname, '{file}'), ['--version']);\n"
    )
}

#[track_caller]
fn has(report: &PackageReport, rule: &str, severity: Severity) {
    let found = report.findings.iter().any(|finding| finding.rule == rule && finding.severity == severity);
    assert!(found, "{rule}: {report:#?}");
}

#[test]
fn a_program_under_the_name_of_a_picture_is_found_and_worse_where_it_is_started() {
    let report = npm("", "", "assets/logo.png", &program(""));
    assert_eq!(report.verdict, Verdict::Suspicious, "{report:#?}");
    has(&report, "O-07", Severity::High);
    let report = npm(HOOK, &starting("assets/logo.png"), "assets/logo.png", &program(""));
    assert_eq!(report.verdict, Verdict::Malicious, "{report:#?}");
    has(&report, "O-07", Severity::Critical);
}

#[test]
fn a_program_started_on_installation_counts_by_what_it_holds() {
    let calm = npm(HOOK, &starting("bin/tool"), "bin/tool", &program("usage: tool"));
    assert!(calm.verdict <= Verdict::Notable, "{calm:#?}");
    let report =
        npm(HOOK, &starting("bin/tool"), "bin/tool", &program("/.ssh/id_rsa\0https://webhook.site/x"));
    assert_eq!(report.verdict, Verdict::Malicious, "{report:#?}");
    has(&report, "I-05", Severity::Critical);
    let report = npm(HOOK, &starting("bin/tool"), "bin/tool", &[&program("")[..], b"UPX!"].concat());
    has(&report, "I-05", Severity::Critical);
}

#[test]
fn a_native_wheel_is_clean_and_a_packed_library_is_a_note() {
    let wheel = |bytes: &[u8]| {
        let metadata = b"Metadata-Version: 2.1\nName: made-up\nVersion: 1.0.0\n";
        let files: [(&str, &[u8]); 3] = [
            ("made_up/__init__.py", b"from . import _native\n"),
            ("made_up/_native.cpython-311-x86_64-linux-gnu.so", bytes),
            ("made_up-1.0.0.dist-info/METADATA", metadata),
        ];
        let (_folder, path) =
            common::archive("made_up-1.0.0-cp311-cp311-manylinux_2_17_x86_64.whl", &common::zip(&files));
        scan_one(&path)
    };
    assert_eq!(wheel(&program("")).verdict, Verdict::Clean);
    let packed = wheel(&[&program("")[..], b"UPX!"].concat());
    assert_eq!(packed.verdict, Verdict::Notable, "{packed:#?}");
    has(&packed, "O-12", Severity::Medium);
}

#[test]
fn sources_that_hold_nothing_but_a_library_are_suspicious_and_a_wheel_for_any_machine_is_a_note() {
    let wheel = |pure: bool, machine: &str| {
        let tags = format!("Wheel-Version: 1.0\nRoot-Is-Purelib: {pure}\nTag: py3-none-{machine}\n");
        let metadata = b"Metadata-Version: 2.1\nName: made-up\nVersion: 1.0.0\n";
        let files: [(&str, &[u8]); 4] = [
            ("made_up/__init__.py", b"from . import _native\n"),
            ("made_up/_native.cpython-311-x86_64-linux-gnu.so", &program("")),
            ("made_up-1.0.0.dist-info/METADATA", metadata),
            ("made_up-1.0.0.dist-info/WHEEL", tags.as_bytes()),
        ];
        let (_folder, path) = common::archive("made_up-1.0.0-py3-none-any.whl", &common::zip(&files));
        scan_one(&path)
    };
    has(&wheel(true, "any"), "O-14", Severity::Medium);
    assert_eq!(wheel(false, "any").verdict, Verdict::Clean);
    assert_eq!(wheel(true, "manylinux2014_x86_64").verdict, Verdict::Clean);
    let folder = tempfile::tempdir().expect("a folder");
    let metadata = "Metadata-Version: 2.1\nName: made-up\nVersion: 1.0.0\n";
    let setup = "from setuptools import setup\nsetup(name='made-up')\n";
    common::write(folder.path(), &[("PKG-INFO", metadata), ("setup.py", setup)]);
    std::fs::write(folder.path().join("made_up.pyd"), program("")).expect("write");
    has(&scan_one(folder.path()), "O-14", Severity::High);
}
