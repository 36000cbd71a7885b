//! Broken and hostile containers: each is reported, none stops a scan.

use crate::common::{Tar, archive, reasons, scan_one, try_scan, write, zip};
use doorward_protocol::Verdict;
use std::fs;
use std::process::Command;

const MANIFEST: &[u8] = br#"{"name":"bad","version":"1.0.0"}"#;

fn package() -> Tar {
    Tar::new().file("package/package.json", MANIFEST)
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
    .take(length)
    .collect()
}

#[track_caller]
fn assert_unscanned(name: &str, bytes: &[u8], expected: &str) -> doorward_protocol::PackageReport {
    let (_folder, path) = archive(name, bytes);
    let report = scan_one(&path);
    assert!(reasons(&report).contains(expected), "no {expected:?} in:\n{}", reasons(&report));
    report
}

#[test]
fn truncated_archives_are_read_as_far_as_they_go() {
    let whole = package().file("package/a.js", &noise(200_000)).gz();
    let report = assert_unscanned("bad-1.0.0.tgz", &whole[..whole.len() / 2], "damaged or ends early");
    assert_eq!((report.name.as_str(), report.version.as_str()), ("bad", "1.0.0"));
    let whole = zip(&[("a.py", &noise(2000))]);
    assert_unscanned("bad-1.0-py3-none-any.whl", &whole[..whole.len() / 2], "damaged or ends early");
    assert_unscanned("empty.tgz", b"", "empty");
}

#[test]
fn an_oversized_file_is_named_and_the_rest_is_read() {
    let bytes = package().file("package/big.bin", &noise(17 * 1024 * 1024)).gz();
    let report = assert_unscanned("bad-1.0.0.tgz", &bytes, "big.bin: larger than the 16 MiB");
    assert_eq!(report.name, "bad");
}

#[test]
fn bombs_are_put_down_early() {
    let zeros = vec![0; 48 * 1024 * 1024];
    let bytes = package().file("package/zeros", &zeros).gz();
    assert!(bytes.len() < 200_000);
    assert_unscanned("bad-1.0.0.tgz", &bytes, "times its size");

    let zeros = &zeros[..12 * 1024 * 1024];
    let many: Vec<(String, &[u8])> = (0..8).map(|number| (format!("{number}.bin"), zeros)).collect();
    let files: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    assert_unscanned("bad-1.0-py3-none-any.whl", &zip(&files), "times its size");
}

#[test]
fn names_that_climb_are_evidence_and_are_read_all_the_same() {
    for name in ["../../.bashrc", "/etc/profile.d/x.sh", "package/../../../x", "..\\..\\x"] {
        let bytes = package().file(name, b"echo").gz();
        let report = assert_unscanned("bad-1.0.0.tgz", &bytes, "leads out of the package");
        assert!(report.findings.iter().any(|finding| finding.rule == "ARCHIVE"), "{name}: {report:#?}");
    }
    let report =
        assert_unscanned("bad-1.0-py3-none-any.whl", &zip(&[("../../x.pth", b"import os")]), "leads out");
    assert!(report.findings.iter().any(|finding| finding.path.contains("x.pth")));
}

#[test]
fn links_out_devices_and_duplicates_are_named() {
    let bytes = package().link("package/keys", "../../../home/user/.ssh").gz();
    assert_unscanned("bad-1.0.0.tgz", &bytes, "a link out of the package");
    let bytes = package().link("package/lib/same", "../package.json").gz();
    let (_folder, path) = archive("fine-1.0.0.tgz", &bytes);
    assert!(scan_one(&path).unscanned.is_empty(), "a link inside is no fault");
    let bytes = package().entry(b"package/dev", tar::EntryType::Char, "", b"").gz();
    assert_unscanned("bad-1.0.0.tgz", &bytes, "a device or pipe");
    let bytes = package().file("package/a.js", b"1").file("package/a.js", b"2").gz();
    assert_unscanned("bad-1.0.0.tgz", &bytes, "appears more than once");
}

#[test]
fn names_that_are_no_text_are_read_under_another_name() {
    let bytes = package().file(b"package/\xff\xfe.js", b"1").gz();
    assert_unscanned("bad-1.0.0.tgz", &bytes, "not UTF-8");
    let bytes = package().file("package/a\\b.js", b"1").gz();
    assert_unscanned("bad-1.0.0.tgz", &bytes, "backslash");
    let deep = "d/".repeat(45) + "x";
    let bytes = package().file(&deep, b"1").gz();
    let (_folder, path) = archive("deep-1.0.0.tgz", &bytes);
    assert!(scan_one(&path).unscanned.is_empty(), "45 folders are allowed");
    let deep = "d/".repeat(70);
    assert_unscanned("bad-1.0-py3-none-any.whl", &zip(&[(&(deep + "x"), b"1")]), "too long or too deep");
}

#[test]
fn an_archive_of_another_kind_than_its_name_is_read_and_said_to_be_so() {
    let report =
        assert_unscanned("bad-1.0.0.tgz", &zip(&[("package/package.json", MANIFEST)]), "is a zip archive");
    assert_eq!(report.name, "bad");
    let report = assert_unscanned("bad-1.0.zip", &package().gz(), "is a gzipped tar archive");
    assert_eq!(report.name, "bad");
    let report = assert_unscanned("bad-1.0.0.tgz", &package().plain(), "is a plain tar archive");
    assert_eq!(report.name, "bad");
    assert_unscanned("bad-1.0.0.tgz", b"<html>not found</html>", "neither a gzip, a tar nor a zip");
}

#[test]
fn manifests_of_nonsense_are_unscanned_and_the_file_name_names_the_package() {
    for content in [&b"{\"name\": \"x\", "[..], b"[1, 2]", b"\xff\xfe{}", b""] {
        let bytes = Tar::new().file("package/package.json", content).gz();
        let report =
            assert_unscanned("named-3.2.1.tgz", &bytes, "package.json: the manifest cannot be understood");
        assert_eq!((report.name.as_str(), report.version.as_str()), ("named", "3.2.1"));
    }
    let bytes = Tar::new().file("odd-0.1.0/Cargo.toml", b"[package\nname=").gz();
    assert_unscanned("odd-0.1.0.crate", &bytes, "Cargo.toml: the manifest cannot be understood");
}

#[test]
fn lockfiles_of_nonsense_are_unscanned() {
    for (name, content) in [("package-lock.json", "{]"), ("Cargo.lock", "[[package"), ("uv.lock", "= =")] {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &[("package.json", r#"{"name":"p","version":"1.0.0"}"#), (name, content)]);
        let report = scan_one(folder.path());
        assert!(
            reasons(&report).contains(&format!("{name}: the lockfile cannot be understood")),
            "{}",
            reasons(&report)
        );
    }
}

#[test]
fn a_lockfile_that_names_known_malware_is_evidence_without_an_install() {
    let folder = tempfile::tempdir().expect("a folder");
    let lock = "{\"packages\":{\n\"node_modules/chain-key-validator\":{\"version\":\"0.2.3\"},\n\"node_modules/fine\":{\"version\":\"1.0.0\"}}}";
    write(
        folder.path(),
        &[("package.json", r#"{"name":"p","version":"1.0.0"}"#), ("package-lock.json", lock)],
    );
    let report = try_scan(folder.path()).expect("scan");
    assert_eq!(report.summary.malicious, 1, "{report:#?}");
    let found = report.packages.iter().find(|package| package.verdict == Verdict::Malicious).expect("one");
    assert_eq!(found.purl, "pkg:npm/chain-key-validator@0.2.3");
    assert_eq!((found.findings[0].rule.as_str(), found.findings[0].line), ("FEED", 2));
}

#[test]
fn pipes_sockets_and_links_out_of_a_folder_are_named_and_never_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let outside = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[("package.json", r#"{"name":"p","version":"1.0.0"}"#)]);
    write(outside.path(), &[("secret", "x")]);
    std::os::unix::fs::symlink(outside.path().join("secret"), folder.path().join("stolen")).expect("link");
    std::os::unix::fs::symlink("package.json", folder.path().join("inside")).expect("link");
    assert!(Command::new("mkfifo").arg(folder.path().join("pipe")).status().expect("mkfifo").success());
    let report = scan_one(folder.path());
    let reasons = reasons(&report);
    assert!(reasons.contains("stolen: a symbolic link out of the package"), "{reasons}");
    assert!(reasons.contains("pipe: a device, pipe or socket"), "{reasons}");
    assert_eq!(report.unscanned.len(), 2, "{reasons}");
}

#[test]
fn a_folder_that_cannot_be_read_as_text_is_noted_not_fatal() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("node_modules");
    write(&tree, &[("a/package.json", r#"{"name":"a","version":"1.0.0"}"#)]);
    let odd = tree.join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    fs::create_dir(&odd).expect("make a folder");
    fs::write(odd.join("package.json"), "{}").expect("write");
    let report = try_scan(&tree).expect("scan");
    let notes: String = report.packages.iter().map(reasons).collect();
    assert!(notes.contains("not UTF-8"), "{notes}");
    assert!(report.packages.iter().any(|package| package.name == "a"));
}

/// Found by fuzzing: where a string ends was told in two ways.
#[test]
fn a_setup_script_of_odd_bytes_is_read_to_its_end() {
    const ODD: &[u8] = b"exec(b\x9b\xc9\xcb\xd1\x9d\x8c\x8b\x97\xb2\xb2\xb21\xb2\xb2\xb2\xb2\xb2\xb2m(\x22e\x0a\x22xec(bas]64=bste\xb2retup\x0aexec(base65base64\xff\xff\xff\xff\xff\xff\xff\x0etup\x0aexec(base65base64\x0a";
    let bytes = Tar::new().file("bad-1.0.0/setup.py", ODD).gz();
    let (_folder, path) = archive("bad-1.0.0.tar.gz", &bytes);
    let reasons = reasons(&scan_one(&path));
    assert!(!reasons.contains("the scanner failed"), "{reasons}");
}

#[test]
fn a_word_that_stands_everywhere_is_asked_about_once() {
    // Whoever looked through the file at each of them would be ended long before the last.
    let lines = [
        ("x = 'powershell'\n", 400_000, 1),
        ("x = 'https://api.telegram.org/bot'\n", 400_000, 1),
        ("f.write('curl a b')\n", 95_000, 8),
    ];
    for (line, times, modules) in lines {
        let folder = tempfile::tempdir().expect("a folder");
        let metadata = "Metadata-Version: 2.1\nName: made-up\nVersion: 1.0\n";
        write(folder.path(), &[("PKG-INFO", metadata)]);
        let module = format!("import requests\nf = open('a', 'w')\n{}", line.repeat(times));
        for number in 0..modules {
            write(folder.path(), &[(&format!("made_up/m{number}.py"), &module)]);
        }
        let report = scan_one(folder.path());
        assert!(report.unscanned.is_empty(), "{line}: {}", reasons(&report));
    }
}
