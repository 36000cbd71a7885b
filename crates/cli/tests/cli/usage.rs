//! Help, mistakes, completions and manual pages.

use crate::home::Home;

/// Every command that a person may type.
const COMMANDS: &[&[&str]] = &[
    &["scan"],
    &["status"],
    &["events"],
    &["guard", "status"],
    &["guard", "mode"],
    &["guard", "allow"],
    &["guard", "deny"],
    &["guard", "rules"],
    &["guard", "remove"],
    &["guard", "answer"],
    &["guard", "pause"],
    &["guard", "resume"],
    &["quarantine", "list"],
    &["quarantine", "seal"],
    &["quarantine", "review"],
    &["quarantine", "show"],
    &["quarantine", "restore"],
    &["quarantine", "delete"],
    &["projects", "list"],
    &["projects", "add"],
    &["projects", "remove"],
    &["projects", "discover"],
    &["projects", "scan"],
    &["drill"],
    &["completions"],
];

#[test]
fn every_command_explains_itself_with_an_example() {
    let home = Home::new();
    for command in COMMANDS {
        let help = home.ok(&[command, &["--help"][..]].concat());
        let example = format!("doorward {}", command.join(" "));
        let (_, examples) =
            help.split_once("Example").unwrap_or_else(|| panic!("{command:?} has no example"));
        assert!(examples.contains(&example), "{command:?}: {help}");
        let listed = home.ok(&[&command[..command.len() - 1], &["--help"]].concat());
        assert!(listed.contains(command[command.len() - 1]), "{command:?} is not listed");
    }
    let top = home.ok(&["--help"]);
    assert!(!top.contains("__thief") && !top.contains("  man "), "{top}");
}

#[test]
fn scanning_what_is_not_there_fails_with_a_hint() {
    let home = Home::new();
    for format in ["text", "json", "sarif"] {
        let outcome = home.run(&["scan", "no-such-folder", "--format", format]);
        assert_eq!(outcome.code, 2);
        assert_eq!(outcome.stdout, "");
        assert!(outcome.stderr.starts_with("doorward: scanning: "), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("no-such-folder"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("\nhint: "), "{}", outcome.stderr);
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused() {
    let home = Home::new();
    for args in [
        &["scan"][..],
        &["scan", ".", "--fail-on", "clean"],
        &["guard", "mode", "block", "--tier", "4"],
        &["guard", "mode", "block", "--tier", "1", "--packages"],
        &["guard", "allow", "/bin/sh"],
        &["guard", "allow", "/bin/sh", "--class", "ssh-key", "--for", "process"],
        &["guard", "allow", "/bin/sh", "--class", "ssh-key", "--for", "once"],
        &["guard", "allow", "/no/such/program", "--class", "ssh-key"],
        &["guard", "pause", "0"],
        &["events", "--limit", "1001"],
    ] {
        let outcome = home.run(args);
        assert_eq!(outcome.code, 2, "{args:?}");
        assert!(!outcome.stderr.is_empty() && outcome.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn completions_and_manual_pages_cover_the_commands() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        assert!(home.ok(&["completions", shell]).contains("quarantine"), "{shell}");
    }
    home.ok(&["man", "man"]);
    for page in ["doorward.1", "doorward-scan.1", "doorward-guard-allow.1"] {
        let text = std::fs::read_to_string(home.path().join("man").join(page)).expect(page);
        assert!(text.contains(".TH doorward"), "{page}");
    }
    assert!(!home.path().join("man/doorward-__thief.1").exists());
}
