//! Formats and exit codes, which others script against.

use doorward_protocol::{ScanReport, Verdict};
use doorward_tests::{Run, binary, repository};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn sample(name: &str) -> PathBuf {
    repository().join("tests/samples").join(name)
}

/// `doorward scan` with a data folder of the test's own.
pub(crate) fn scan(path: &Path, further: &[&str]) -> Run {
    let data = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(binary("doorward"));
    command.arg("scan").arg(path).args(further).env("DOORWARD_DATA_DIR", data.path());
    Run::from(command.output().expect("doorward runs"))
}

pub(crate) fn report(path: &Path) -> ScanReport {
    let run = scan(path, &["--format", "json", "--no-feed"]);
    assert!(run.code < 2, "{run}");
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run}"))
}

#[test]
fn exit_codes_follow_the_threshold() {
    let malicious = sample("malicious/npm-postinstall");
    let benign = sample("benign/emoji");
    assert_eq!(scan(&malicious, &[]).code, 1);
    assert_eq!(scan(&malicious, &["--fail-on", "notable"]).code, 1);
    assert_eq!(scan(&benign, &[]).code, 0);
    assert_eq!(scan(&sample("no-such-sample"), &[]).code, 2);
}

#[test]
fn json_is_one_object_that_counts_what_it_lists() {
    let run = scan(&sample("malicious/npm-postinstall"), &["--format", "json"]);
    let value: Value = serde_json::from_str(&run.stdout).expect("one JSON object");
    assert_eq!(value["schema"], 1);
    let packages = value["packages"].as_array().expect("packages");
    assert_eq!(value["summary"]["packages"], packages.len());
    for key in ["purl", "ecosystem", "name", "version", "path", "verdict", "score", "findings", "unscanned"] {
        assert!(packages[0].get(key).is_some(), "{key} is missing");
    }
    for key in ["rule", "title", "severity", "path", "line", "column", "snippet", "why"] {
        assert!(packages[0]["findings"][0].get(key).is_some(), "{key} is missing");
    }
    assert!(value["summary"]["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{value}");
}

#[test]
fn sarif_points_at_the_evidence() {
    let folder = sample("malicious/npm-postinstall");
    let run = scan(&folder, &["--format", "sarif"]);
    let value: Value = serde_json::from_str(&run.stdout).expect("one JSON object");
    assert_eq!(value["version"], "2.1.0");
    let results = value["runs"][0]["results"].as_array().expect("results");
    let rules = value["runs"][0]["tool"]["driver"]["rules"].as_array().expect("rules");
    assert!(!results.is_empty());
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(rules[index]["id"], result["ruleId"]);
        let location = &result["locations"][0]["physicalLocation"];
        let uri = location["artifactLocation"]["uri"].as_str().expect("an address");
        let path = uri
            .strip_prefix("file://")
            .map_or_else(|| std::env::current_dir().expect("here").join(uri), PathBuf::from);
        assert!(path.starts_with(&folder) && path.exists(), "{uri}");
        assert!(location["region"]["startLine"].as_u64().is_some_and(|line| line > 0), "{result}");
    }
}

#[test]
fn an_archive_is_judged_like_its_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let archive = folder.path().join("sample.tgz");
    let packed = Command::new("tar")
        .args(["-czf"])
        .arg(&archive)
        .arg("-C")
        .arg(sample("malicious"))
        .args(["--transform", "s/^npm-postinstall/package/", "npm-postinstall"])
        .status();
    assert!(packed.expect("tar runs").success());
    let packages = report(&archive).packages;
    assert_eq!(packages.len(), 1);
    assert_eq!(packages[0].verdict, Verdict::Malicious, "{packages:#?}");
    assert_eq!(packages[0].path, archive.canonicalize().expect("a path"));
}

#[test]
fn text_is_for_people() {
    let run = scan(&sample("malicious/npm-postinstall"), &[]);
    assert!(run.stdout.starts_with("malicious  "), "{run}");
    assert!(run.stdout.contains(" malicious") && run.stdout.contains("doorward quarantine seal"), "{run}");
    assert!(!run.stdout.contains('\u{1b}'), "colour without a terminal: {run}");
    assert_eq!(run.stderr, "");
}
