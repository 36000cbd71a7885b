//! The cache: what has not changed is not read again, what has changed is.

use crate::common::{options, write};
use doorward_protocol::ScanReport;
use doorward_scan::{Cancel, ScanOptions, excerpt, scan};
use std::fs;
use std::path::Path;

fn scan_with(path: &Path, options: &ScanOptions) -> ScanReport {
    scan(&[path.into()], options, &Cancel::default(), &mut |_| {}).expect("scan")
}

#[test]
fn an_unchanged_tree_is_not_read_again_and_a_changed_package_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("node_modules");
    write(
        &tree,
        &[
            ("a/package.json", r#"{"name":"a","version":"1.0.0"}"#),
            ("b/package.json", r#"{"name":"b","version":"1.0.0"}"#),
        ],
    );
    let options = ScanOptions { cache: Some(folder.path().join("data/scan-cache.json")), ..options() };
    let cold = scan_with(&tree, &options);
    assert_eq!(cold.summary.bytes, 60);
    let warm = scan_with(&tree, &options);
    assert_eq!(warm.summary.bytes, 0);
    assert_eq!(warm.packages, cold.packages);

    write(&tree, &[("b/package.json", r#"{"name":"b","version":"2.0.0"}"#)]);
    let changed = scan_with(&tree, &options);
    assert_eq!(changed.summary.bytes, 30);
    assert_eq!(changed.packages[1].version, "2.0.0");

    // The same content elsewhere is known by its hash and reported where it lies.
    let copy = folder.path().join("copy/node_modules");
    write(&copy, &[("a/package.json", r#"{"name":"a","version":"1.0.0"}"#)]);
    let known = scan_with(&copy, &options);
    assert_eq!(known.summary.bytes, 0);
    assert_eq!(known.packages[0].path, copy.join("a").canonicalize().expect("path"));
}

#[test]
fn verdicts_with_and_without_the_list_are_kept_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("node_modules");
    write(&tree, &[("defi-env-auditor/package.json", r#"{"name":"defi-env-auditor","version":"0.3.2"}"#)]);
    let with = ScanOptions { cache: Some(folder.path().join("cache.json")), ..options() };
    let without = ScanOptions { feed: false, ..with.clone() };
    for _ in 0..2 {
        assert_eq!(scan_with(&tree, &with).summary.malicious, 1);
        assert_eq!(scan_with(&tree, &without).summary.malicious, 0);
    }
}

#[test]
fn a_damaged_cache_is_started_afresh() {
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        &[("p/package.json", r#"{"name":"p","version":"1.0.0"}"#), ("cache.json", "garbage")],
    );
    let options = ScanOptions { cache: Some(folder.path().join("cache.json")), ..options() };
    assert_eq!(scan_with(&folder.path().join("p"), &options).summary.bytes, 30);
    assert_eq!(scan_with(&folder.path().join("p"), &options).summary.bytes, 0);
    assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 2, "no drafts are left behind");
}

#[test]
fn the_lines_around_a_finding_can_be_shown_from_folders_and_archives() {
    let folder = tempfile::tempdir().expect("a folder");
    let text: String = (1..=30).map(|line| format!("line {line}\u{202e}\n")).collect();
    write(folder.path(), &[("p/package.json", r#"{"name":"p"}"#), ("p/a.js", &text)]);
    let shown = excerpt(&folder.path().join("p"), "a.js", 20).expect("excerpt");
    assert_eq!((shown.first_line, shown.lines.len(), shown.more), (12, 17, true));
    assert_eq!(shown.lines[8], "line 20\\u{202E}");
    assert!(excerpt(&folder.path().join("p"), "a.js", 40).is_err());
    assert!(excerpt(&folder.path().join("p"), "../p/a.js", 1).is_err());
    assert!(excerpt(&folder.path().join("p"), "missing.js", 1).is_err());

    let bytes = crate::common::Tar::new()
        .file("package/package.json", b"{}")
        .file("package/b.js", b"one\ntwo\n")
        .gz();
    let (_folder, path) = crate::common::archive("p-1.tgz", &bytes);
    let shown = excerpt(&path, "b.js", 2).expect("excerpt");
    assert_eq!((shown.lines, shown.more), (vec!["one".to_owned(), "two".to_owned()], false));
}

#[test]
fn the_files_of_an_installed_python_package_can_be_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("lib/python3.11/site-packages");
    write(
        &base,
        &[
            ("made_up/__init__.py", "import os\n"),
            ("made_up-2.0.dist-info/METADATA", "Name: made-up\nVersion: 2.0\n"),
            ("made_up-2.0.dist-info/RECORD", "made_up/__init__.py,,\n"),
        ],
    );
    let report = scan_with(&base, &options());
    let package = report.packages.iter().find(|package| package.name == "made-up").expect("found");
    assert_eq!(excerpt(&package.path, "made_up/__init__.py", 1).expect("excerpt").lines, ["import os"]);
}
