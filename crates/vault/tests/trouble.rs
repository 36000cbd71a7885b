//! What must not be sealed is not, what cannot be sealed stays untouched, and nothing is overwritten.

mod trees;

use doorward_protocol::SealedState;
use doorward_vault::{KeySource, Vault, VaultError};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use trees::{package, picture, reason};

fn vault(dir: &Path) -> Vault {
    Vault::open(dir.join("vault"), KeySource::File).expect("a vault")
}

#[test]
fn what_is_no_package_is_refused_with_a_hint() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut vault = vault(dir.path());
    let mut refused = |path: &Path| -> VaultError {
        let error = vault.seal(path, None, reason()).expect_err("must be refused");
        assert!(!error.hint.is_empty(), "{error}");
        assert_eq!(vault.list().expect("a list"), []);
        error
    };
    assert!(refused(Path::new("/")).why.contains("names no"));
    assert!(refused(Path::new("/usr")).why.contains("far more"));
    let home = std::env::home_dir().expect("a home");
    assert!(refused(&home).why.contains("far more"));
    assert!(refused(dir.path()).why.contains("quarantine itself"));
    assert!(refused(&dir.path().join("vault/key")).why.contains("quarantine itself"));
    assert!(refused(&dir.path().join("absent")).why.contains("nothing"));

    let real = dir.path().join("real");
    fs::create_dir(&real).expect("a folder");
    symlink(&real, dir.path().join("link")).expect("a link");
    let error = refused(&dir.path().join("link"));
    assert!(error.hint.contains(&real.display().to_string()), "{}", error.hint);
    let _socket = UnixListener::bind(dir.path().join("socket")).expect("a socket");
    assert!(refused(&dir.path().join("socket")).why.contains("neither"));
    let _inner = UnixListener::bind(real.join("socket")).expect("a socket");
    assert!(refused(&real).why.contains("socket"));
    assert!(real.join("socket").exists());
}

#[test]
fn a_link_inside_is_never_followed() {
    let dir = tempfile::tempdir().expect("a folder");
    let outside = dir.path().join("outside");
    fs::create_dir(&outside).expect("a folder");
    fs::write(outside.join("precious"), "mine").expect("a file");
    let root = dir.path().join("p/odd");
    fs::create_dir_all(&root).expect("a folder");
    symlink(&outside, root.join("trap")).expect("a link");
    let mut vault = vault(dir.path());
    let item = vault.seal(&root, None, reason()).expect("sealed");
    assert_eq!((item.entries, item.bytes), (1, 0));
    assert_eq!(fs::read_to_string(outside.join("precious")).expect("untouched"), "mine");
}

#[test]
fn a_restore_overwrites_nothing_and_needs_its_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("p/odd");
    package(&root);
    let before = picture(&root);
    let mut vault = vault(dir.path());
    let id = vault.seal(&root, None, reason()).expect("sealed").id;
    fs::create_dir(&root).expect("something new");
    fs::write(root.join("new"), "new").expect("a file");
    let error = vault.restore(&id).expect_err("it is occupied");
    assert!(error.why.contains("something is there") && !error.hint.is_empty(), "{error}");
    assert_eq!(fs::read_to_string(root.join("new")).expect("untouched"), "new");
    fs::remove_dir_all(dir.path().join("p")).expect("removed");
    let error = vault.restore(&id).expect_err("no folder");
    assert!(error.why.contains("gone") && !error.hint.is_empty(), "{error}");
    assert_eq!(vault.list().expect("a list")[0].state, SealedState::Sealed);
    fs::create_dir(dir.path().join("p")).expect("a folder");
    vault.restore(&id).expect("restored");
    assert_eq!(picture(&root), before);
}

#[test]
fn a_damaged_copy_is_noticed_and_the_item_stays() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("p/odd");
    package(&root);
    let mut vault = vault(dir.path());
    let id = vault.seal(&root, None, reason()).expect("sealed").id;
    let content = dir.path().join("vault").join(&id).join("content.sealed");
    let good = fs::read(&content).expect("the copy");
    let mut bad = good.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    for bad in [bad.as_slice(), &good[..good.len() - 100], b""] {
        fs::write(&content, bad).expect("damaged");
        let error = vault.restore(&id).expect_err("it is damaged");
        assert!(error.why.contains("damaged"), "{error}");
        assert!(!root.exists());
        assert_eq!(fs::read_dir(dir.path().join("p")).expect("a folder").count(), 0, "nothing half restored");
        assert_eq!(vault.list().expect("a list")[0].state, SealedState::Sealed);
    }
    fs::write(&content, &good).expect("repaired");
    vault.restore(&id).expect("restored");
}

#[test]
fn a_damaged_manifest_hides_neither_its_item_nor_the_others() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut vault = vault(dir.path());
    let mut seal = |name: &str| {
        let root = dir.path().join("p").join(name);
        fs::create_dir_all(&root).expect("a folder");
        fs::write(root.join("index.js"), name).expect("a file");
        vault.seal(&root, None, reason()).expect("sealed").id
    };
    let (broken, fine) = (seal("one"), seal("two"));
    fs::write(dir.path().join("vault").join(&broken).join("manifest.json"), "{ nonsense").expect("damaged");
    let mut vault = Vault::open(dir.path().join("vault"), KeySource::File).expect("opens all the same");
    let list = vault.list().expect("a list");
    let state = |id: &str| list.iter().find(|item| item.id == id).expect("listed").state;
    assert_eq!((state(&broken), state(&fine)), (SealedState::Interrupted, SealedState::Sealed));
    assert!(vault.restore(&broken).expect_err("damaged").why.contains("damaged"));
    vault.restore(&fine).expect("restored");
}

#[test]
fn an_item_whose_key_is_out_of_reach_says_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("p/odd");
    package(&root);
    let id = vault(dir.path()).seal(&root, None, reason()).expect("sealed").id;
    fs::rename(dir.path().join("vault/key"), dir.path().join("key-elsewhere")).expect("moved");
    let mut vault = vault(dir.path());
    let error = vault.restore(&id).expect_err("no key");
    assert!(error.why.contains("out of reach") && error.hint.contains("keyring"), "{error}");
    assert_eq!(vault.list().expect("a list").len(), 1);
}

/// A small file system of its own.
struct Disk(tempfile::TempDir);

impl Disk {
    fn of(size: &str) -> Self {
        let disk = Self(tempfile::tempdir().expect("a folder"));
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=755"), "tmpfs"])
            .arg(disk.0.path())
            .status();
        assert!(mount.expect("mount").success(), "this test mounts a small file system and so needs root");
        disk
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_leaves_the_original_alone_and_no_rubbish_behind() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("p/odd");
    package(&root);
    let before = picture(&root);
    let disk = Disk::of("256k");
    let mut vault = vault(disk.0.path());
    let error = vault.seal(&root, None, reason()).expect_err("it does not fit");
    assert!(error.hint.contains("room"), "{error}: {}", error.hint);
    assert!(error.path.starts_with(disk.0.path()), "{error}");
    assert_eq!(picture(&root), before);
    assert_eq!(vault.list().expect("a list"), []);
    let folders = fs::read_dir(disk.0.path().join("vault")).expect("a folder");
    assert_eq!(folders.filter(|entry| entry.as_ref().expect("an entry").path().is_dir()).count(), 0);
    let small = dir.path().join("p/small");
    fs::create_dir(&small).expect("a folder");
    fs::write(small.join("index.js"), "1").expect("a file");
    vault.seal(&small, None, reason()).expect("what fits is sealed");
}

#[test]
fn a_full_disk_while_restoring_leaves_the_item_sealed() {
    let disk = Disk::of("900k");
    let dir = tempfile::tempdir().expect("a folder");
    let root = disk.0.path().join("p/odd");
    package(&root);
    let before = picture(&root);
    let mut vault = vault(dir.path());
    let id = vault.seal(&root, None, reason()).expect("sealed across file systems").id;
    fs::write(disk.0.path().join("filler"), vec![1; 800 * 1024]).expect("filled");
    let error = vault.restore(&id).expect_err("it does not fit");
    assert!(error.hint.contains("room"), "{error}");
    assert_eq!(fs::read_dir(disk.0.path().join("p")).expect("a folder").count(), 0);
    fs::remove_file(disk.0.path().join("filler")).expect("room made");
    vault.restore(&id).expect("restored");
    assert_eq!(picture(&root), before);
}

#[test]
fn another_file_system_inside_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let disk = Disk::of("64k");
    let root = dir.path().join("p/odd");
    fs::create_dir_all(root.join("inner")).expect("a folder");
    let bind = Command::new("mount").arg("--bind").arg(disk.0.path()).arg(root.join("inner")).status();
    assert!(bind.expect("mount").success(), "this test binds a folder and so needs root");
    let outcome = vault(dir.path()).seal(&root, None, reason());
    let _ = Command::new("umount").arg("-l").arg(root.join("inner")).status();
    assert!(outcome.expect_err("refused").why.contains("file system"));
}

#[test]
fn two_vaults_on_one_folder_take_turns() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(vault(dir.path()));
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let dir = dir.path();
            scope.spawn(move || {
                for n in 0..5 {
                    let mut vault = vault(dir);
                    let root = dir.join(format!("p{thread}/odd{n}"));
                    package(&root);
                    let before = picture(&root);
                    let id = vault.seal(&root, None, reason()).expect("sealed").id;
                    vault.restore(&id).expect("restored");
                    assert_eq!(picture(&root), before);
                }
            });
        }
    });
    let list = vault(dir.path()).list().expect("a list");
    assert_eq!(list.len(), 10);
    assert!(list.iter().all(|item| item.state == SealedState::Restored));
}
