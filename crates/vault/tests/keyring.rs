//! The key lives in a real keyring where there is one, and in a file where there is none. Each case is
//! a process of its own with a home and a session bus of its own.

mod trees;

use doorward_vault::{KeyPlace, KeySource, Vault};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use trees::{package, picture, reason};

const CHILD: &str = "DOORWARD_VAULT_TEST_HOME";

/// Runs one test of this file again, as a child, through a shell command that ends in `exec "$@"`.
fn child(test: &str, home: &Path, shell: &str) -> Output {
    let runtime = home.join("run");
    fs::create_dir_all(&runtime).expect("a folder");
    fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).expect("a mode");
    Command::new("sh")
        .args(["-c", shell, "sh"])
        .arg(std::env::current_exe().expect("this binary"))
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, home)
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_RUNTIME_DIR", &runtime)
        .env_remove("DBUS_SESSION_BUS_ADDRESS")
        .env_remove("DISPLAY")
        .output()
        .expect("a child")
}

fn open(home: &Path) -> Vault {
    Vault::open(home.join("vault"), KeySource::Keyring { service: "doorward-test".into() }).expect("a vault")
}

const WITH_KEYRING: &str = r#"exec dbus-run-session -- sh -c '
    printf %s test | gnome-keyring-daemon --unlock --components=secrets --foreground >/dev/null 2>&1 &
    keyring=$!
    sleep 1
    "$@"
    code=$?
    kill $keyring
    exit $code' sh "$@""#;

#[test]
fn with_a_keyring_the_key_is_there_and_nowhere_else() {
    if let Some(home) = std::env::var_os(CHILD) {
        let home = Path::new(&home);
        let mut vault = open(home);
        assert_eq!(vault.key_place(), &KeyPlace::Keyring);
        assert!(!home.join("vault/key").exists());
        let root = home.join("p/odd");
        package(&root);
        let before = picture(&root);
        let id = vault.seal(&root, None, reason()).expect("sealed").id;
        drop(vault);
        open(home).restore(&id).expect("restored with the key read back");
        assert_eq!(picture(&root), before);
        return;
    }
    let home = tempfile::tempdir().expect("a home");
    let test = "with_a_keyring_the_key_is_there_and_nowhere_else";
    let output = child(test, home.path(), WITH_KEYRING);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(home.path().join("vault/journal.jsonl").exists(), "the child did its work");
}

#[test]
fn without_a_keyring_a_file_holds_the_key_and_the_user_is_told() {
    if let Some(home) = std::env::var_os(CHILD) {
        let home = Path::new(&home);
        let mut vault = open(home);
        let KeyPlace::File { path, warning } = vault.key_place() else { panic!("there is no keyring here") };
        assert!(warning.contains("No keyring") && warning.contains("key of the quarantine"), "{warning}");
        assert_eq!(fs::metadata(path).expect("the key").permissions().mode() & 0o777, 0o600);
        let root = home.join("p/odd");
        package(&root);
        let id = vault.seal(&root, None, reason()).expect("sealed").id;
        fs::write(home.join("id"), id).expect("noted");
        return;
    }
    let home = tempfile::tempdir().expect("a home");
    let test = "without_a_keyring_a_file_holds_the_key_and_the_user_is_told";
    // No bus at all, then a bus without a keyring on it.
    for (n, shell) in [r#"exec "$@""#, r#"exec dbus-run-session --config-file="$HOME/bus.conf" -- "$@""#]
        .into_iter()
        .enumerate()
    {
        let home = home.path().join(n.to_string());
        fs::create_dir(&home).expect("a home");
        fs::write(home.join("bus.conf"), BARE_BUS).expect("a configuration");
        let output = child(test, &home, shell);
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(home.join("id").exists(), "the child did its work");
    }
}

#[test]
fn a_keyring_that_comes_later_is_found_by_the_same_process() {
    if let Some(home) = std::env::var_os(CHILD) {
        let home = Path::new(&home);
        let mut vault = open(home);
        assert!(matches!(vault.key_place(), KeyPlace::File { .. }), "{:?}", vault.key_place());
        let root = home.join("p/odd");
        package(&root);
        let before = picture(&root);
        let id = vault.seal(&root, None, reason()).expect("sealed").id;
        let mut keyring = Command::new("sh")
            .args([
                "-c",
                "printf test | exec gnome-keyring-daemon --unlock --components=secrets --foreground",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a keyring");
        let started = Instant::now();
        let mut vault = loop {
            let vault = open(home);
            if vault.key_place() == &KeyPlace::Keyring || started.elapsed() > Duration::from_secs(20) {
                break vault;
            }
            std::thread::sleep(Duration::from_millis(200));
        };
        let place = vault.key_place().clone();
        vault.restore(&id).expect("the old key is still within reach");
        keyring.kill().expect("the keyring ends");
        keyring.wait().expect("the keyring ended");
        assert_eq!(place, KeyPlace::Keyring);
        assert_eq!(picture(&root), before);
        return;
    }
    let home = tempfile::tempdir().expect("a home");
    fs::write(home.path().join("bus.conf"), BARE_BUS).expect("a configuration");
    let test = "a_keyring_that_comes_later_is_found_by_the_same_process";
    let output = child(test, home.path(), r#"exec dbus-run-session --config-file="$HOME/bus.conf" -- "$@""#);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(home.path().join("vault/journal.jsonl").exists(), "the child did its work");
}

/// A session bus that starts nothing by itself.
const BARE_BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"#;
