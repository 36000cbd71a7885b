//! Files that appear later, are replaced, linked or moved away are guarded all the same.

mod support;

use doorward_protocol::CoverageLevel;
use std::fs;
use std::os::unix::fs::chown;
use support::{ADA, Daemon, KEY, cat, event_about, sh, soon, was_denied, write_owned};

const BLOCK: &str = "mode = \"block\"";

#[test]
fn a_key_that_appears_later_is_guarded() {
    let daemon = Daemon::start(BLOCK);
    let later = daemon.home().join(".ssh/id_rsa");
    write_owned(&later, KEY, ADA);
    assert!(was_denied(&cat(&later, ADA)));
}

#[test]
fn a_folder_that_appears_later_is_guarded() {
    let daemon = Daemon::start(BLOCK);
    let made = sh("mkdir .aws && printf secret > .aws/credentials", ADA, &daemon.home());
    assert!(made.status.success(), "{made:?}");
    let file = daemon.home().join(".aws/credentials");
    soon("the file is guarded", || was_denied(&cat(&file, ADA)).then_some(()));
    let deep = sh("mkdir -p .config/solana && printf secret > .config/solana/id.json", ADA, &daemon.home());
    assert!(deep.status.success(), "{deep:?}");
    let wallet = daemon.home().join(".config/solana/id.json");
    soon("the wallet is guarded", || was_denied(&cat(&wallet, ADA)).then_some(()));
}

#[test]
fn a_folder_moved_into_place_is_guarded() {
    let daemon = Daemon::start(BLOCK);
    let old = daemon.root().join("elsewhere");
    fs::create_dir(&old).expect("make folder");
    chown(&old, Some(ADA), Some(ADA)).expect("chown");
    write_owned(&old.join("credentials"), "secret", ADA);
    fs::rename(&old, daemon.home().join(".aws")).expect("move");
    let file = daemon.home().join(".aws/credentials");
    soon("the file is guarded", || was_denied(&cat(&file, ADA)).then_some(()));
}

#[test]
fn atomic_replacement_never_leaves_the_key_open() {
    let daemon = Daemon::start(BLOCK);
    for round in 0..50 {
        let fresh = daemon.home().join(format!(".ssh/tmp{round}"));
        write_owned(&fresh, KEY, ADA);
        fs::rename(&fresh, daemon.key()).expect("replace");
        assert!(was_denied(&cat(&daemon.key(), ADA)), "round {round}");
    }
}

#[test]
fn hard_links_and_moves_out_do_not_lose_the_key() {
    let daemon = Daemon::start(BLOCK);
    let link = daemon.root().join("link");
    fs::hard_link(daemon.key(), &link).expect("link");
    assert!(was_denied(&cat(&link, ADA)));
    let out = daemon.root().join("moved");
    fs::rename(daemon.key(), &out).expect("move");
    assert!(was_denied(&cat(&out, ADA)));
    assert_eq!(event_about(&mut daemon.connect(), &daemon.key()).secret.class, "ssh-key");
}

#[test]
fn a_temporary_file_moved_in_and_out_again_is_guarded() {
    let daemon = Daemon::start(BLOCK);
    for round in 0..50 {
        let outside = daemon.root().join(format!("outside{round}"));
        write_owned(&outside, KEY, ADA);
        let inside = daemon.home().join(".ssh/id_dsa");
        fs::rename(&outside, &inside).expect("in");
        fs::rename(&inside, &outside).expect("out");
        // Renamed away before the guard looked: the name was never read, so only a mark that was
        // set in time holds. What is asked of the guard is that a read under the name is denied.
        fs::rename(&outside, &inside).expect("in again");
        assert!(was_denied(&cat(&inside, ADA)), "round {round}");
        fs::remove_file(&inside).expect("remove");
    }
}

#[test]
fn a_link_to_a_system_file_does_not_hold_up_the_system() {
    let daemon = Daemon::start(BLOCK);
    let linked = sh("ln -s /etc/passwd .ssh/id_ecdsa", ADA, &daemon.home());
    assert!(linked.status.success(), "{linked:?}");
    assert!(cat(std::path::Path::new("/etc/passwd"), ADA).status.success());
}

#[test]
fn coverage_says_what_is_guarded() {
    let daemon = Daemon::start(BLOCK);
    let state = daemon.connect().hello.state;
    let line = state.coverage.iter().find(|line| line.path == daemon.key()).expect("a line for the key");
    assert_eq!((line.class.as_str(), line.tier), ("ssh-key", 1));
    let expected = if state.kernel.pre_content { CoverageLevel::Full } else { CoverageLevel::Opens };
    assert_eq!(line.level, expected, "{}", line.note);
    assert!(state.counters.secrets >= 1);
    assert!(!state.coverage.iter().any(|line| line.path.ends_with("id_ed25519.pub")));
}

#[test]
fn a_descriptor_passed_on_by_another_program_is_no_way_in() {
    let daemon = Daemon::start("mode = \"observe\"");
    // The shell opens the key (allowed and told), then cat reads the shell's descriptor (told too).
    let read = sh(&format!("exec 3<{}; exec cat <&3", daemon.key().display()), ADA, &daemon.home());
    assert_eq!(read.stdout, KEY.as_bytes());
    let mut connection = daemon.connect();
    soon("both readers are named", || {
        let events = connection.events();
        let named = |name: &str| events.iter().any(|event| event.reader.exe.to_string_lossy().contains(name));
        (named("cat") && (named("dash") || named("sh"))).then_some(())
    });
}
