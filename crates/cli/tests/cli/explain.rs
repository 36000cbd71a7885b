use crate::home::Home;

#[test]
fn a_finding_of_a_report_has_a_page_that_says_what_to_do() {
    let home = Home::new();
    home.write(
        "evil/package.json",
        r#"{"name":"evil","version":"1.0.0","scripts":{"preinstall":"node setup.js"}}"#,
    );
    home.write("evil/setup.js", "console.log('hello')");
    let report: serde_json::Value =
        serde_json::from_str(&home.ok(&["scan", "evil", "--format", "json", "--no-cache"])).expect("JSON");
    let rule = report["packages"][0]["findings"][0]["rule"].as_str().expect("a finding").to_owned();
    let page = home.ok(&["explain", &rule.to_lowercase()]);
    assert!(page.starts_with(&rule), "{page}");
    for section in ["Where", "Why it matters", "What to do"] {
        assert!(page.contains(section), "{page}");
    }
}

#[test]
fn every_finding_is_listed_and_an_unknown_one_is_refused() {
    let home = Home::new();
    let all = home.ok(&["explain"]);
    assert!(all.lines().count() > 60 && all.contains("I-06") && all.contains("FEED"), "{all}");
    let refused = home.run(&["explain", "Z-99"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("Z-99") && refused.stderr.contains("doorward explain"),
        "{}",
        refused.stderr
    );
}
