//! Compiled programs are ordinary where they belong, and a finding where they hide or are started unasked.

use crate::common::{scan_one, write};
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
        let (_folder, path) = crate::common::archive(
            "made_up-1.0.0-cp311-cp311-manylinux_2_17_x86_64.whl",
            &crate::common::zip(&files),
        );
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
        let (_folder, path) =
            crate::common::archive("made_up-1.0.0-py3-none-any.whl", &crate::common::zip(&files));
        scan_one(&path)
    };
    has(&wheel(true, "any"), "O-14", Severity::Medium);
    assert_eq!(wheel(false, "any").verdict, Verdict::Clean);
    assert_eq!(wheel(true, "manylinux2014_x86_64").verdict, Verdict::Clean);
    let folder = tempfile::tempdir().expect("a folder");
    let metadata = "Metadata-Version: 2.1\nName: made-up\nVersion: 1.0.0\n";
    let setup = "from setuptools import setup\nsetup(name='made-up')\n";
    crate::common::write(folder.path(), &[("PKG-INFO", metadata), ("setup.py", setup)]);
    std::fs::write(folder.path().join("made_up.pyd"), program("")).expect("write");
    has(&scan_one(folder.path()), "O-14", Severity::High);
}

#[test]
fn payloads_under_the_names_of_modules_markers_and_certificates_are_told() {
    // Bytes that are no text, and the head of an archive with as much behind it.
    let scrambled: Vec<u8> = (0u32..4096).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let archive = [b"PK\x03\x04".as_slice(), &scrambled].concat();
    let compiled = [b"\xa7\x0d\x0d\x0a".as_slice(), &scrambled].concat();
    let told = |path: &str, content: &[u8]| {
        let folder = tempfile::tempdir().expect("a folder");
        let metadata = "Metadata-Version: 2.1\nName: made-up\nVersion: 1.0.0\n";
        write(folder.path(), &[("PKG-INFO", metadata), ("made_up/__init__.py", "VALUE = 1\n")]);
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        std::fs::write(file, content).expect("written");
        let report = scan_one(folder.path());
        report.findings.iter().find(|finding| finding.rule == "O-07").map(|finding| finding.severity)
    };
    for path in ["made_up/part.py", "made_up/py.typed", "made_up/__pycache__/part.pyc"] {
        assert_eq!(told(path, &scrambled), Some(Severity::Critical), "{path}");
        assert_eq!(told(path, &archive), Some(Severity::Critical), "{path}");
    }
    assert_eq!(told("made_up/server.crt", &archive), Some(Severity::Critical));
    assert_eq!(told("made_up/notes.md", &archive), Some(Severity::High));
    // What the names promise, and what they promise nothing of.
    let chinese =
        [b"# -*- coding: gbk -*-\n".as_slice(), &b"# \xb1\xe0\xc2\xeb\xb5\xc4\xd7\xa2\xca\xcd\n".repeat(300)]
            .concat();
    assert_eq!(told("made_up/part.py", &chinese), None);
    let latin =
        "größe = 'viele Wörter, und noch mehr'\n".chars().map(|letter| letter as u8).cycle().take(4096);
    assert_eq!(told("made_up/part.py", &latin.collect::<Vec<u8>>()), None);
    assert_eq!(told("made_up/py.typed", b"partial\n"), None);
    assert_eq!(told("made_up/__pycache__/part.pyc", &compiled), None);
    assert_eq!(told("made_up/server.crt", &scrambled), None, "certificates may be binary");
    assert_eq!(told("made_up/data.bin", &scrambled), None);
    assert_eq!(told("tests/broken.py", &scrambled), None, "test data may be anything");
}
