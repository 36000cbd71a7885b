//! `doorward scan NEW --against OLD`.

use crate::home::Home;
use doorward_protocol::{ScanReport, Verdict};

#[test]
fn a_version_is_judged_beside_the_one_it_is_compared_with() {
    let home = Home::new();
    let manifest =
        |version: &str, more: &str| format!("{{\"name\":\"made-up\",\"version\":\"{version}\"{more}}}");
    let hook = ",\"scripts\":{\"postinstall\":\"node setup.js\"}";
    home.write("old/package.json", &manifest("1.0.0", ""));
    home.write("new/package.json", &manifest("1.0.1", hook));
    home.write("new/setup.js", "require('https').get('https://updates.invalid/x', () => {});\n");
    let judged = |args: &[&str]| -> ScanReport {
        serde_json::from_str(&home.ok(&[&["scan", "new", "--format", "json"], args].concat()))
            .expect("a report")
    };
    assert!(judged(&[]).packages[0].verdict <= Verdict::Notable);
    let report = judged(&["--against", "old"]);
    assert_eq!(report.packages[0].verdict, Verdict::Suspicious, "{report:#?}");
    let told = home.run(&["scan", "new", "--against", "old", "--fail-on", "suspicious"]);
    assert_eq!(told.code, 1);
    assert!(told.stdout.contains("Version 1.0.0 had no such thing"), "{}", told.stdout);
    let missing = home.run(&["scan", "new", "--against", "nowhere"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("nowhere") && missing.stderr.contains("hint: "), "{}", missing.stderr);
}
