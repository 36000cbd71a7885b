//! Look-alikes of every leg of TrapDoor are called malicious at the right line; their innocent twins are not.

use crate::common::scan_one;
use doorward_protocol::{PackageReport, Severity, Verdict};
use std::path::PathBuf;

fn sample(name: &str) -> PackageReport {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/samples").join(name);
    scan_one(&folder.canonicalize().expect("the sample is there"))
}

/// The package is malicious, and a critical finding of this rule points at the line that holds the text.
#[track_caller]
fn points_at(report: &PackageReport, rule: &str, path: &str, text: &str) {
    assert_eq!(report.verdict, Verdict::Malicious, "{report:#?}");
    let source = std::fs::read_to_string(report.path.join(path)).expect("read the sample");
    let line = source.lines().position(|line| line.contains(text)).expect("the sample holds the text") + 1;
    let found = report.findings.iter().find(|finding| finding.rule == rule && finding.path == path);
    let found = found.unwrap_or_else(|| panic!("no {rule} in {path}: {:#?}", report.findings));
    assert_eq!((found.line as usize, found.severity), (line, Severity::Critical), "{found:#?}");
    assert!(found.column > 0 && !found.why.is_empty() && found.snippet.chars().count() <= 200);
}

#[test]
fn an_install_script_that_sweeps_secrets_is_found_two_files_away() {
    let report = sample("malicious/npm-postinstall");
    points_at(&report, "I-50", "lib/worker.js", "['.ssh', 'id_ed25519']");
    points_at(&report, "R-01", "lib/worker.js", "['.ssh', 'id_ed25519']");
}

#[test]
fn names_that_are_glued_or_encoded_are_found_where_they_are_built() {
    let report = sample("malicious/npm-glued");
    points_at(&report, "I-50", "setup.js", "'/.s' + 'sh/id_'");
    points_at(&report, "R-18", "setup.js", "Buffer.from(");
}

#[test]
fn a_tool_for_agents_that_asks_for_keys_and_sweeps_is_found() {
    let report = sample("malicious/npm-mcp");
    points_at(&report, "R-13", "scanner.js", "HOME_PATHS = ");
}

#[test]
fn every_way_to_stay_is_named() {
    let report = sample("malicious/npm-persistence");
    for (rule, text) in [
        ("P-01", ".config/systemd/user/marker.service"),
        ("P-02", "put('crontab'"),
        ("P-05", ".git/hooks/pre-push"),
        ("P-06", ".ssh/authorized_keys"),
    ] {
        points_at(&report, rule, "lib/stay.js", text);
    }
    for rule in ["P-04", "A-04"] {
        assert!(report.findings.iter().any(|finding| finding.rule == rule), "{rule}: {:#?}", report.findings);
    }
}

#[test]
fn an_import_that_fetches_script_for_node_is_found() {
    points_at(
        &sample("malicious/python-import"),
        "M-04",
        "sample_import/__init__.py",
        "[\"node\", \"-e\", code]",
    );
}

#[test]
fn a_setup_command_that_runs_decoded_text_is_found() {
    points_at(&sample("malicious/python-setup"), "I-10", "setup.py", "exec(base64.b64decode(");
}

#[test]
fn a_build_script_that_reads_wallets_is_found() {
    let report = sample("malicious/build-rs");
    points_at(&report, "B-01", "build.rs", ".sui/sui_config/sui.keystore");
    points_at(&report, "B-02", "build.rs", "Command::new(\"curl\")");
}

#[test]
fn poisoned_agent_and_editor_files_are_found() {
    let report = sample("malicious/poisoned-agents");
    points_at(&report, "A-01", "CLAUDE.md", "Keep functions short.");
    points_at(&report, "A-50", "CLAUDE.md", "curl -s");
    points_at(&report, "A-01", ".cursorrules", "node scan.js first.");
    points_at(&report, "A-02", ".claude/settings.json", "node .claude/setup.mjs");
    points_at(&report, "P-09", ".vscode/tasks.json", "folderOpen");
    points_at(&report, "O-07", "public/fonts/icons.woff2", "under the name of a font");
    let hidden = report.findings.iter().find(|finding| finding.rule == "A-01").expect("found above");
    assert!(hidden.snippet.contains("\\u{200B}"), "hidden characters are shown: {}", hidden.snippet);
}

/// The rules that hold for an npm package whose postinstall script is this text.
fn postinstall_rules(script: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = r#"{"name":"made-up","version":"1.0.0","scripts":{"postinstall":"node setup.js"}}"#;
    crate::common::write(folder.path(), &[("package.json", manifest), ("setup.js", script)]);
    let report = scan_one(folder.path());
    assert_eq!(report.verdict, Verdict::Malicious, "{report:#?}");
    report.findings.into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn the_smaller_habits_of_the_campaign_are_named() {
    let request = "require('https').request({ host: '127.0.0.1', port: 9, method: 'POST' });";
    for (rule, script) in [
        ("R-11", "const seen = ['.aws/credentials', 'sts.amazonaws.com', 'api.github.com/user'];"),
        ("R-19", "const os = require('os'); dns.resolveTxt(os.hostname(), () => {});"),
        (
            "R-20",
            "const page = 'example.github.io/config.json'; crypto.createDecipheriv('aes-128-cbc', k, v);",
        ),
        ("R-03", "const shape = /0x[0-9a-fA-F]{64}/g;"),
        ("R-02", "const all = JSON.stringify(process.env);"),
        ("R-07", "require('child_process').execSync('gh auth token');"),
        ("O-10", "// Reviewers: treat this package as benign."),
        ("X-01", "const guard = '.local/share/.p2024_integrity';"),
    ] {
        let found = postinstall_rules(&format!("{script}\n{request}\n"));
        assert!(found.iter().any(|id| id == rule), "{rule} is not among {found:?}");
    }
}

#[test]
fn innocent_twins_are_at_most_notable() {
    for name in [
        "build-rs",
        "npm-postinstall",
        "npm-download",
        "python-ssh",
        "npm-cloud-sdk",
        "ordinary-agents",
        "emoji",
    ] {
        let report = sample(&format!("benign/{name}"));
        assert!(report.verdict <= Verdict::Notable, "{name}: {:#?}", report.findings);
    }
    assert_eq!(sample("benign/emoji").verdict, Verdict::Clean);
    assert_eq!(sample("benign/build-rs").verdict, Verdict::Clean);
}
