//! Who may see and change what; and peers that do not play by the rules.

mod support;

use doorward_protocol::{
    Control, ErrorCode, EventKind, Expiry, Mode, Observe, Policy, Reply, Request, RequestBody, RuleDraft,
    RuleVerdict, ServerMessage, What, Who, encode, read_frame,
};
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use support::{
    ADA, BOB, Connection, Daemon, KEY, cat, event_about, make_home, play_as, played, sh, was_denied,
};

fn rule(verdict: RuleVerdict, exe: &str, expiry: Expiry) -> Control {
    Control::AddRule(RuleDraft {
        verdict,
        who: Who { exe: Some(exe.into()), ..Who::default() },
        what: What::Class("ssh-key".into()),
        expiry,
    })
}

fn code(result: Result<Reply, doorward_protocol::WireError>) -> Option<ErrorCode> {
    result.err().map(|error| error.code)
}

#[test]
fn users_see_their_own_events_only() {
    let bobs_part = |connection: &mut Connection| {
        assert!(
            connection.hello.state.coverage.iter().all(|line| line.path.to_string_lossy().contains("/bob/"))
        );
        let events = connection.events();
        assert!(!events.is_empty() && events.iter().all(|event| event.owner == BOB));
    };
    if played(bobs_part) {
        return;
    }
    let folder = tempfile::Builder::new().prefix("doorward-guard-").tempdir().expect("folder");
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("open");
    make_home(&folder.path().join("ada"), ADA);
    make_home(&folder.path().join("bob"), BOB);
    let homes = format!("homes = [{:?}, {:?}]", folder.path().join("ada"), folder.path().join("bob"));
    let daemon = Daemon::start_in(folder, &format!("mode = \"block\"\n{homes}"));
    let bobs = daemon.root().join("bob/.ssh/id_ed25519");
    assert!(was_denied(&cat(&daemon.key(), ADA)));
    assert!(was_denied(&cat(&bobs, BOB)));
    event_about(&mut daemon.connect(), &bobs);

    play_as(BOB, &daemon);
}

#[test]
fn a_user_may_tighten_but_not_weaken_without_consent() {
    let adas_part = |connection: &mut Connection| {
        let of = |mode| Control::SetPolicy(Policy { mode, ..Policy::default() });
        assert_eq!(connection.control(of(Mode::Block)), Ok(Reply::Done));
        let Ok(Reply::Rule(id)) = connection.control(rule(RuleVerdict::Deny, "/usr/bin/cat", Expiry::Always))
        else {
            panic!("a denying rule is free");
        };
        for weaker in [
            of(Mode::Observe),
            Control::Pause { seconds: 60 },
            rule(RuleVerdict::Allow, "/usr/bin/cat", Expiry::Always),
            Control::RemoveRule(id),
        ] {
            assert_eq!(
                code(connection.control(weaker.clone())),
                Some(ErrorCode::NotAuthorised),
                "{weaker:?}"
            );
        }
    };
    if played(adas_part) {
        return;
    }
    let daemon = Daemon::start("mode = \"ask\"");
    play_as(ADA, &daemon);
    assert_eq!(daemon.connect().hello.state.policy.mode, Mode::Block);
}

#[test]
fn consent_of_an_administrator_makes_a_lasting_rule_count() {
    let adas_part = |connection: &mut Connection| {
        let allow = rule(RuleVerdict::Allow, "/usr/bin/cat", Expiry::Always);
        assert!(matches!(connection.control(allow), Ok(Reply::Rule(_))));
    };
    if played(adas_part) {
        return;
    }
    let daemon = Daemon::start("mode = \"block\"\npolkit = \"/bin/true\"");
    play_as(ADA, &daemon);
    assert_eq!(cat(&daemon.key(), ADA).stdout, KEY.as_bytes(), "the rule counts");
    assert!(daemon.connect().events().iter().all(|event| event.secret.path != daemon.key()));
}

#[test]
fn programs_that_are_not_named_may_look_but_not_answer() {
    let adas_part = |connection: &mut Connection| {
        connection.subscribe();
        let observe = Policy { mode: Mode::Observe, ..Policy::default() };
        assert_eq!(code(connection.control(Control::SetPolicy(observe))), Some(ErrorCode::Forbidden));
        assert_eq!(code(connection.control(Control::ServeGate)), Some(ErrorCode::Forbidden));
        assert!(matches!(connection.request(RequestBody::Observe(Observe::State)), Ok(Reply::State(_))));
    };
    if played(adas_part) {
        return;
    }
    let daemon = Daemon::start("mode = \"block\"\nclients = [\"/usr/bin/true\"]");
    play_as(ADA, &daemon);
}

#[test]
fn dangerous_and_senseless_rules_are_refused() {
    let daemon = Daemon::start("mode = \"block\"");
    let mut root = daemon.connect();
    let python = rule(RuleVerdict::Allow, "/usr/bin/python3", Expiry::Always);
    assert_eq!(code(root.control(python)), Some(ErrorCode::Invalid));
    let missing = rule(RuleVerdict::Allow, "/nowhere/at/all", Expiry::Always);
    assert_eq!(code(root.control(missing)), Some(ErrorCode::Invalid));
    let relative = rule(RuleVerdict::Deny, "cat", Expiry::Always);
    assert_eq!(code(root.control(relative)), Some(ErrorCode::Invalid));
    assert_eq!(code(root.control(Control::Pause { seconds: 100_000 })), Some(ErrorCode::Invalid));
    assert_eq!(code(root.control(Control::RemoveRule(99))), Some(ErrorCode::NotFound));
}

#[test]
fn a_pause_observes_and_ends() {
    let daemon = Daemon::start("mode = \"block\"");
    let mut root = daemon.connect();
    assert_eq!(root.control(Control::Pause { seconds: 60 }), Ok(Reply::Done));
    assert_eq!(cat(&daemon.key(), ADA).stdout, KEY.as_bytes());
    assert!(daemon.connect().hello.state.paused_until.is_some());
    assert_eq!(root.control(Control::Resume), Ok(Reply::Done));
    assert!(was_denied(&cat(&daemon.key(), ADA)));
}

#[test]
fn modes_and_rules_survive_a_restart() {
    let daemon = Daemon::start("mode = \"observe\"");
    let mut root = daemon.connect();
    let block = Policy { mode: Mode::Block, ..Policy::default() };
    assert_eq!(root.control(Control::SetPolicy(block)), Ok(Reply::Done));
    drop(root);
    let folder = daemon.stop();
    std::fs::write(folder.path().join("state/rules.json"), "nonsense").expect("break the rules");
    let daemon = Daemon::start_in(folder, "mode = \"observe\"");
    assert!(was_denied(&cat(&daemon.key(), ADA)));
    let told = daemon.connect().events().into_iter().any(|event| event.why.contains("rules.json, line 1"));
    assert!(told, "the broken file is reported");
}

#[test]
fn hostile_peers_are_told_and_turned_away_while_others_are_served() {
    let daemon = Daemon::start("mode = \"block\"");
    let huge = u32::MAX.to_le_bytes().to_vec();
    let nonsense = [&9_u32.to_le_bytes()[..], b"not json!"].concat();
    let unknown = encode(&serde_json::json!({"id": 1, "body": {"observe": "everything"}})).expect("encode");
    for bytes in [huge, nonsense, unknown] {
        let mut connection = daemon.connect();
        connection.send_raw(&bytes);
        let refused = connection.wait_for(|message| match message {
            ServerMessage::Reply { result, .. } => Some(code(result.clone())),
            _ => None,
        });
        assert_eq!(refused, Some(ErrorCode::Malformed));
        assert!(matches!(connection.stream.read(&mut [0]), Ok(0)), "and the connection is closed");
    }
    // One that begins a message and never ends it, and one that never reads.
    let mut half = daemon.connect();
    half.send_raw(&[40, 0, 0]);
    let silent = UnixStream::connect(daemon.socket()).expect("connect");
    silent.set_write_timeout(Some(Duration::from_millis(200))).expect("timeout");
    let request = encode(&Request { id: 1, body: RequestBody::Observe(Observe::State) }).expect("encode");
    for _ in 0..20_000 {
        if std::io::Write::write_all(&mut &silent, &request).is_err() {
            break;
        }
    }
    assert!(was_denied(&cat(&daemon.key(), ADA)), "reads are answered meanwhile");
    event_about(&mut daemon.connect(), &daemon.key());
    half.stream.set_read_timeout(Some(Duration::from_secs(10))).expect("timeout");
    let told: Option<ServerMessage> = read_frame(&mut half.stream).expect("told before it is closed");
    assert!(matches!(told, Some(ServerMessage::Reply { result: Err(_), .. })));
}

#[test]
fn one_user_cannot_take_every_connection() {
    let adas_part = |connection: &mut Connection| {
        let address = connection.stream.peer_addr().expect("address");
        let path = address.as_pathname().expect("a path").to_path_buf();
        let mut open = Vec::new();
        let refused = (0..64).find_map(|_| {
            let mut stream = UnixStream::connect(&path).expect("connect");
            match read_frame::<ServerMessage>(&mut stream) {
                Ok(Some(ServerMessage::Reply { result, .. })) => code(result),
                _ => {
                    open.push(stream);
                    None
                }
            }
        });
        assert_eq!(refused, Some(ErrorCode::Busy), "after {} connections", open.len());
    };
    if played(adas_part) {
        return;
    }
    let daemon = Daemon::start("mode = \"block\"");
    play_as(ADA, &daemon);
    Connection::open(&daemon.socket());
}

#[test]
fn long_command_lines_do_not_silence_the_daemon() {
    let daemon = Daemon::start("mode = \"block\"");
    // Each event tells of the reader and of this shell, whose arguments are 60,000 bytes long.
    let script = format!("for i in $(seq 300); do cat {} 2>&1; done #", daemon.key().display());
    sh(&format!("{script}{}", "x".repeat(60_000)), ADA, Path::new("/"));
    let mut connection = daemon.connect();
    assert!(!connection.hello.recent.is_empty());
    let events = connection.events();
    let reads: Vec<_> = events.iter().filter(|event| event.kind == EventKind::Read).collect();
    assert_eq!(reads.len(), 300);
    let shell = &reads[0].reader.ancestry[0].cmdline;
    assert!(shell[2].starts_with("for i in") && shell[2].ends_with('…'), "{shell:?}");
}
