//! Catalog files of the administrator: what they add, and what happens to those with mistakes.

mod support;

use doorward_protocol::Event;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use support::{ADA, Connection, Daemon, cat, kill, soon, was_denied, write_owned};

const TILL: &str = "[[secret]]\nid = \"till\"\ntitle = \"till's token\"\ntier = 1\npaths = [\".till/token\"]\nreaders = [\"till\"]\n\n\
                    [[reader]]\nid = \"till\"\ntitle = \"the till\"\nexe = [\"/usr/bin/head\"]\n\
                    [[reader.usage]]\nnamed_by = [\"*\"]\n";

#[test]
fn catalog_files_count_at_once_and_one_with_a_mistake_changes_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("till.toml");
    let wrong = TILL.replace("tier = 1", "tier = 9");
    fs::write(&file, &wrong).expect("write");
    let daemon = Daemon::start(&format!("mode = \"block\"\ncatalog_dir = {:?}\n", folder.path()));
    let mut connection = daemon.connect();

    let told = event_with(&mut connection, "there is no tier 9");
    assert!(told.why.contains(&format!("{}, line 4", file.display())), "{}", told.why);
    assert!(told.why.contains("tiers are 1, 2 and 3"), "a hint: {}", told.why);
    assert!(told.why.contains("Only the catalog that is built in is in force"), "{}", told.why);
    assert!(was_denied(&cat(&daemon.key(), ADA)), "the rest is guarded");

    let token = daemon.home().join(".till/token");
    fs::create_dir(token.parent().expect("folder")).expect("folder");
    write_owned(&token, "made up\n", ADA);
    fs::set_permissions(token.parent().expect("folder"), fs::Permissions::from_mode(0o755)).expect("open");
    assert_eq!(cat(&token, ADA).stdout, b"made up\n", "nobody knows it yet");

    fs::write(&file, TILL).expect("write");
    reload(&daemon);
    event_with(&mut connection, "The catalog was read again");
    soon("the token is guarded", || was_denied(&cat(&token, ADA)).then_some(()));
    assert_eq!(head(&token), b"made up\n", "its own reader may");

    fs::write(&file, "[[reader]]\nid = \"r\"\ntitle = \"R\"\nexe = [\"/usr/bin/python3\"]\n").expect("write");
    reload(&daemon);
    let told = event_with(&mut connection, "every script would be this reader");
    assert!(
        told.why.contains("line 4") && told.why.contains("The catalog from before is in force"),
        "{}",
        told.why
    );
    assert!(was_denied(&cat(&token, ADA)));
    assert_eq!(head(&token), b"made up\n");

    fs::write(&file, TILL).expect("write");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("mode");
    reload(&daemon);
    event_with(&mut connection, "somebody other than root could change it");
}

fn reload(daemon: &Daemon) {
    kill(daemon.child.id(), "-USR1");
}

fn event_with(connection: &mut Connection, text: &str) -> Event {
    soon(text, || connection.events().into_iter().rev().find(|event| event.why.contains(text)))
}

fn head(path: &Path) -> Vec<u8> {
    let mut command = Command::new("/usr/bin/head");
    command.arg(path).uid(ADA).gid(ADA).current_dir("/").output().expect("run head").stdout
}
