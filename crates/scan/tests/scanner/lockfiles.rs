//! Every kind of lockfile is read for names known to be bad, and for entries that lead elsewhere.

use crate::common::{reasons, try_scan, write};
use doorward_protocol::{Severity, Verdict};

#[test]
fn a_known_name_is_found_in_every_kind_of_lockfile_at_its_line() {
    for (file, text, name, line) in [
        (
            "yarn.lock",
            "# yarn lockfile v1\n\nchain-key-validator@^1.0.0:\n  version \"9.0.0\"\n",
            "chain-key-validator",
            3,
        ),
        (
            "yarn.lock",
            "__metadata:\n  version: 8\n\n\"chain-key-validator@npm:^9\":\n  version: 9.0.0\n  resolution: \"chain-key-validator@npm:9.0.0\"\n",
            "chain-key-validator",
            4,
        ),
        (
            "pnpm-lock.yaml",
            "lockfileVersion: '9.0'\n\npackages:\n\n  chain-key-validator@9.0.0:\n    resolution: {}\n",
            "chain-key-validator",
            5,
        ),
        (
            "bun.lock",
            "{\"packages\": {\n \"chain-key-validator\": [\"chain-key-validator@9.0.0\", \"\"],\n}}",
            "chain-key-validator",
            2,
        ),
        ("uv.lock", "[[package]]\nname = \"env-loader-cli\"\nversion = \"9.0\"\n", "env-loader-cli", 2),
        ("poetry.lock", "[[package]]\nname = \"env-loader-cli\"\nversion = \"9.0\"\n", "env-loader-cli", 2),
        (
            "Pipfile.lock",
            "{\"default\": {\n\"env-loader-cli\": {\"version\": \"==9.0\"}}}",
            "env-loader-cli",
            2,
        ),
        ("requirements.txt", "requests==2.0\nenv_loader_cli==9.0\n", "env_loader_cli", 2),
        ("requirements-dev.txt", "env-loader-cli\n", "env-loader-cli", 1),
        (
            "Cargo.lock",
            "[[package]]\nname = \"move-compiler-tools\"\nversion = \"9.0.0\"\nsource = \"registry\"\n",
            "move-compiler-tools",
            2,
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &[(".git/HEAD", ""), ("package.json", "{\"name\": \"own\"}"), (file, text)]);
        let report = try_scan(folder.path()).expect("the scan works");
        let package = report.packages.iter().find(|package| package.name == name);
        let package = package.unwrap_or_else(|| panic!("{file}: {:#?}", report.packages));
        assert_eq!(package.verdict, Verdict::Malicious, "{file}");
        assert_eq!((package.findings[0].path.as_str(), package.findings[0].line), (file, line));
    }
}

#[test]
fn a_lockfile_that_cannot_be_understood_is_named_with_its_reason() {
    for (file, text) in [
        ("yarn.lock", "what is this\n"),
        ("pnpm-lock.yaml", "packages:\n"),
        ("bun.lock", "{\"packages\": {"),
        ("Pipfile.lock", "[]"),
        ("uv.lock", "[[package"),
        ("package-lock.json", "<<<<<<< HEAD\n{}\n"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &[(".git/HEAD", ""), ("package.json", "{\"name\": \"own\"}"), (file, text)]);
        let report = try_scan(folder.path()).expect("the scan works");
        let told = reasons(&report.packages[0]);
        assert!(told.contains(file) && told.contains("create it again"), "{file}: {told}");
    }
}

#[test]
fn entries_that_lead_elsewhere_are_told_and_a_mirror_is_not() {
    let entry = |name: &str, address: &str| {
        format!("{name}@^1.0.0:\n  version \"1.0.0\"\n  resolved \"{address}\"\n\n")
    };
    let usual: String = (0..20)
        .map(|n| entry(&format!("p{n}"), &format!("https://mirror.invalid/p{n}/-/p{n}-1.0.0.tgz#x")))
        .collect();
    let judge = |more: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = format!("# yarn lockfile v1\n\n{usual}{more}");
        write(
            folder.path(),
            &[(".git/HEAD", ""), ("package.json", "{\"name\": \"own\"}"), ("yarn.lock", &lock)],
        );
        try_scan(folder.path()).expect("the scan works").packages.remove(0)
    };
    assert_eq!(judge("").verdict, Verdict::Clean);
    let report = judge(&entry("left", "https://mirror.invalid/right/-/right-1.0.0.tgz"));
    let finding = &report.findings[0];
    assert_eq!(
        (finding.rule.as_str(), finding.severity, finding.line),
        ("I-18", Severity::High, 83),
        "{finding:#?}"
    );
    assert!(finding.why.contains("right"), "{finding:#?}");
    let report = judge(&entry("left", "http://elsewhere.invalid/left-1.0.0.tgz"));
    assert_eq!((report.verdict, report.findings[0].severity), (Verdict::Suspicious, Severity::High));
    let report = judge(&entry("left", "https://elsewhere.invalid/left/-/left-1.0.0.tgz"));
    assert_eq!((report.verdict, report.findings[0].severity), (Verdict::Notable, Severity::Medium));
}
