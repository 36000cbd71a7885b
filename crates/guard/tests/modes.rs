//! What a user's programs experience in each mode, and what the daemon tells of it.

mod support;

use doorward_protocol::{Action, Control, CoverageLevel, EventKind, Expiry, Importance, RuleVerdict};
use std::fs;
use std::os::unix::fs::MetadataExt;
use support::{ADA, BOB, Connection, Daemon, KEY, cat, cat_in_background, event_about, kill, make_home, sh, soon, was_denied, write_owned};

#[test]
fn block_denies_names_the_reader_and_leaves_the_rest_alone() {
    let daemon = Daemon::start("mode = \"block\"");
    let denied = cat(&daemon.key(), ADA);
    assert!(was_denied(&denied), "{denied:?}");
    let public = cat(&daemon.home().join(".ssh/id_ed25519.pub"), ADA);
    assert!(public.status.success(), "{public:?}");

    let mut connection = daemon.connect();
    let event = event_about(&mut connection, &daemon.key());
    assert_eq!((event.kind, event.action), (EventKind::Read, Action::Denied));
    assert_eq!((event.owner, event.reader.uid), (ADA, ADA));
    assert_eq!(event.secret.class, "ssh-key");
    assert!(event.reader.exe.ends_with("cat"), "{:?}", event.reader);
    let meta = fs::metadata("/usr/bin/cat").expect("cat");
    assert_eq!(event.reader.inode, format!("{:x}:{:x}", meta.dev(), meta.ino()));
    assert_eq!(event.reader.sha256.len(), 64, "{:?}", event.reader);
    assert!(!event.reader.ancestry.is_empty());
    assert!(event.why.contains("blocked"), "{}", event.why);
}

#[test]
fn observe_lets_the_read_go_ahead_and_tells() {
    let daemon = Daemon::start("mode = \"observe\"");
    let mut connection = daemon.connect();
    connection.subscribe();
    assert_eq!(cat(&daemon.key(), ADA).stdout, KEY.as_bytes());
    let event = event_about(&mut connection, &daemon.key());
    assert_eq!((event.action, event.importance), (Action::Allowed, Importance::Attention));
    assert_eq!(event.reader.sha256.len(), 64);
    let about_key = connection.events().into_iter().filter(|event| event.secret.path == daemon.key()).count();
    assert_eq!(about_key, 1, "one read is one event");
}
