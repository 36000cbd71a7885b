//! Commands that need no daemon: projects and the quarantine.

use crate::home::Home;
use doorward_protocol::{Project, SealedItem, SealedState};

#[test]
fn a_project_is_added_listed_and_removed() {
    let home = Home::new();
    home.write("shop/package.json", r#"{"name":"shop","version":"1.0.0"}"#);
    home.ok(&["projects", "add", "shop"]);
    let listed: Project = serde_json::from_str(&home.ok(&["projects", "list", "--json"])).expect("a project");
    assert_eq!(listed.path, home.path().canonicalize().expect("a home").join("shop"));
    assert_eq!(listed.name, "shop");
    home.ok(&["projects", "remove", "shop"]);
    assert!(home.ok(&["projects", "list"]).starts_with("No project is watched."));
    let again = home.run(&["projects", "remove", "shop"]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("it is not watched\nhint: "), "{}", again.stderr);
    assert!(home.path().join("shop/package.json").is_file());
}

#[test]
fn a_package_is_sealed_reviewed_and_restored() {
    let home = Home::new();
    let file =
        home.write("shop/node_modules/evil/package.json", "{\"name\":\"evil\",\"version\":\"1.2.3\"}\n");
    let script = "console.log('\u{1b}[2J')\n";
    home.write("shop/node_modules/evil/index.js", script);
    home.ok(&["quarantine", "seal", "shop/node_modules/evil", "--reason", "It reads keys."]);
    assert!(!file.exists());
    let item: SealedItem =
        serde_json::from_str(&home.ok(&["quarantine", "list", "--json"])).expect("an item");
    assert_eq!((item.state, item.reason.text.as_str()), (SealedState::Sealed, "It reads keys."));
    assert!(home.ok(&["quarantine", "review", &item.id]).contains("index.js"));
    let shown = home.ok(&["quarantine", "show", &item.id, "index.js"]);
    assert!(shown.contains("1 │ console.log('\\u{001B}[2J')"), "{shown}");
    let unsure = home.run(&["quarantine", "delete", &item.id]);
    assert_eq!(unsure.code, 2);
    assert!(unsure.stderr.contains("hint: add --yes"), "{}", unsure.stderr);
    home.ok(&["quarantine", "restore", &item.id]);
    let restored = std::fs::read_to_string(file.with_file_name("index.js")).expect("the file is back");
    assert_eq!(restored, script);
    let none = home.run(&["quarantine", "restore", "no-such-item"]);
    assert_eq!(none.code, 2);
    assert!(none.stderr.starts_with("doorward: quarantine: "), "{}", none.stderr);
}
