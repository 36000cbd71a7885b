//! Commands that talk to the daemon.

use crate::daemon::{Script, event, listen};
use crate::home::Home;
use doorward_protocol::{
    Action, Asked, Control, ErrorCode, Event, Expiry, Mode, Policy, RequestBody, RuleVerdict, ServerMessage,
    Timestamp, What, WireError,
};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

#[test]
fn without_a_daemon_every_command_says_so_and_what_to_do() {
    let home = Home::new();
    for args in [&["events"][..], &["guard", "rules"], &["guard", "resume"], &["drill"]] {
        let outcome = home.run(args);
        assert_eq!(outcome.code, 2, "{args:?}");
        assert!(outcome.stderr.starts_with("doorward: connecting to doorwardd: "), "{}", outcome.stderr);
        assert!(
            outcome.stderr.contains("the daemon is not running\nhint: start it with"),
            "{}",
            outcome.stderr
        );
        assert_eq!(outcome.stdout, "");
    }
    let status = home.run(&["status"]);
    assert_eq!(status.code, 1);
    assert!(status.stdout.starts_with("Not guarded: packages can be scanned"), "{}", status.stdout);
    let json: serde_json::Value =
        serde_json::from_str(&home.run(&["status", "--json"]).stdout).expect("JSON");
    assert_eq!(json["running"], false);
    assert_eq!(json["schema"], 1);
}

#[test]
fn status_shows_coverage_modes_and_held_reads() {
    let home = Home::new();
    let held = Event { action: Action::Asked, ..event(17) };
    let asked = Asked { event: held, deadline: Timestamp::now(), default_allow: false };
    let _requests = listen(&home.socket(), Script { asked: vec![asked], ..Script::default() });
    let text = home.ok(&["status"]);
    for expected in [
        "Guarded: 1 file or pattern.",
        "SSH private key (ssh-key, tier 1)",
        "guarded      /home/ada/.ssh/id_ed25519",
        "scripts of packages             block (deny and tell)",
        "Waiting for your answer",
        "    17  2026-05-24T11:19:00.000Z  asked",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing in:\n{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&home.ok(&["status", "--json"])).expect("JSON");
    assert_eq!(json["state"]["coverage"][0]["class"], "ssh-key");
    assert_eq!(json["asked"][0]["event"]["id"], 17);
}

#[test]
fn events_are_json_lines_or_sentences_and_never_escape_codes() {
    let home = Home::new();
    let script = Script { events: (1..=5).map(event).collect(), ..Script::default() };
    let _requests = listen(&home.socket(), script);
    let lines = home.ok(&["events", "--json", "--limit", "2"]);
    let events: Vec<Event> =
        lines.lines().map(|line| serde_json::from_str(line).expect("an event")).collect();
    assert_eq!(events, [event(4), event(5)]);
    let text = home.ok(&["events", "--limit", "1"]);
    assert!(
        text.contains("denied   evil-dep 1.2.3 (npm, postinstall) → /home/ada/.ssh/id_ed25519"),
        "{text}"
    );
    assert!(text.contains("/usr/bin/no\\u{001B}[31mde pid 99"), "{text}");
}

#[test]
fn follow_tells_each_event_once_and_a_question_again_when_it_is_settled() {
    let home = Home::new();
    let held = Event { action: Action::Asked, ..event(3) };
    let told = vec![
        ServerMessage::Event(Box::new(event(2))),
        ServerMessage::Asked(Box::new(Asked {
            event: held,
            deadline: Timestamp::now(),
            default_allow: false,
        })),
        ServerMessage::Settled(Box::new(event(3))),
    ];
    let _requests =
        listen(&home.socket(), Script { events: vec![event(1), event(2)], told, ..Script::default() });
    let mut child = home
        .command(&["events", "--follow", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("doorward runs");
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let seen: Vec<(u64, Action)> = lines
        .take(4)
        .map(|line| serde_json::from_str::<Event>(&line.expect("a line")).expect("an event"))
        .map(|event| (event.id, event.action))
        .collect();
    child.kill().expect("end doorward");
    child.wait().expect("doorward ends");
    let denied = Action::Denied;
    assert_eq!(seen, [(1, denied), (2, denied), (3, Action::Asked), (3, denied)]);
}

#[test]
fn guard_commands_ask_for_what_they_say() {
    let home = Home::new();
    let requests = listen(&home.socket(), Script::default());
    let asked = |args: &[&str]| {
        home.ok(args);
        match requests.try_iter().last() {
            Some(RequestBody::Control(control)) => control,
            other => panic!("{args:?} sent {other:?}"),
        }
    };
    assert_eq!(
        asked(&["guard", "mode", "block", "--tier", "2"]),
        Control::SetPolicy(Policy { tier2: Some(Mode::Block), ..Policy::default() })
    );
    assert_eq!(asked(&["guard", "pause", "15"]), Control::Pause { seconds: 900 });
    assert_eq!(asked(&["guard", "resume"]), Control::Resume);
    assert_eq!(asked(&["guard", "remove", "3"]), Control::RemoveRule(3));
    assert_eq!(
        asked(&["guard", "answer", "17", "deny"]),
        Control::Answer { event: 17, allow: false, expiry: Expiry::Once }
    );
    let Control::AddRule(rule) = asked(&["guard", "deny", "/bin/sh", "--class", "ssh-key", "--for", "day"])
    else {
        panic!("no rule")
    };
    assert_eq!((rule.verdict, rule.expiry), (RuleVerdict::Deny, Expiry::Day));
    assert_eq!(rule.what, What::Class("ssh-key".into()));
    assert_eq!(rule.who.exe.as_deref(), std::fs::canonicalize("/bin/sh").ok().as_deref());
}

#[test]
fn a_refusal_is_told_with_its_hint() {
    let home = Home::new();
    let refusal = WireError {
        code: ErrorCode::NotAuthorised,
        message: "changing the modes: the administrator did not consent".into(),
        hint: "ask again and enter the password".into(),
    };
    let _requests = listen(&home.socket(), Script { refusal: Some(refusal), ..Script::default() });
    let outcome = home.run(&["guard", "mode", "observe"]);
    assert_eq!(outcome.code, 2);
    assert_eq!(
        outcome.stderr,
        "doorward: changing the modes: the administrator did not consent\nhint: ask again and enter the password\n"
    );
}

#[test]
fn a_daemon_of_another_version_is_not_talked_to() {
    let home = Home::new();
    let requests = listen(&home.socket(), Script { protocol: Some(99), ..Script::default() });
    let outcome = home.run(&["guard", "resume"]);
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains("version 99 of the protocol"), "{}", outcome.stderr);
    assert_eq!(requests.try_iter().count(), 0);
}

#[test]
fn a_drill_nobody_notices_fails_and_leaves_no_decoy() {
    let home = Home::new();
    let key = home.write(".ssh/config", "");
    let _requests = listen(&home.socket(), Script::default());
    let outcome = home.run(&["drill", "--wait", "1"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("No alert came within 1 s."), "{}", outcome.stdout);
    let left: Vec<_> = std::fs::read_dir(key.parent().expect("a folder")).expect("list").flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
