//! What is locked away comes back byte for byte, can be looked at meanwhile, and is gone when deleted.

mod trees;

use doorward_protocol::{Ecosystem, PackageRef, SealedState};
use doorward_vault::{KeyPlace, KeySource, Vault};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use trees::{all_bytes, package, picture, reason};

fn vault(dir: &tempfile::TempDir) -> Vault {
    Vault::open(dir.path().join("vault"), KeySource::File).expect("a vault")
}

#[test]
fn a_package_comes_back_byte_for_byte() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("project/node_modules/odd");
    package(&root);
    let before = picture(&root);
    let mut vault = vault(&dir);
    let name = PackageRef { ecosystem: Ecosystem::Npm, name: "odd".into(), version: "1.0.0".into() };
    let item = vault.seal(&root, Some(name.clone()), reason()).expect("sealed");
    assert_eq!(item.state, SealedState::Sealed);
    assert_eq!(item.origin, root);
    assert_eq!(item.package, Some(name));
    assert_eq!(item.entries as usize, before.len() - 1);
    assert_eq!(item.bytes, 300_000 + 64 * 1024 + 15 + 25 + 8);
    let beside: Vec<_> = fs::read_dir(root.parent().expect("a parent")).expect("a folder").collect();
    assert!(beside.is_empty(), "{beside:?}");
    assert_eq!(vault.list().expect("a list"), std::slice::from_ref(&item));

    drop(vault);
    let mut vault = Vault::open(dir.path().join("vault"), KeySource::File).expect("the vault again");
    let restored = vault.restore(&item.id).expect("restored");
    assert_eq!(restored.state, SealedState::Restored);
    let after = picture(&root);
    for (path, what) in &before {
        assert_eq!(after.get(path), Some(what), "{}", path.display());
    }
    assert_eq!(after.len(), before.len());
    assert_eq!(vault.list().expect("a list")[0].state, SealedState::Restored);
    let again = vault.restore(&item.id).expect_err("it is there already");
    assert!(again.why.contains("put back"), "{again}");
}

#[test]
fn an_archive_comes_back_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("cache/odd-1.0.0.crate");
    fs::create_dir(dir.path().join("cache")).expect("a folder");
    fs::write(&file, b"not really an archive").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).expect("a mode");
    let before = picture(&file);
    let mut vault = vault(&dir);
    let item = vault.seal(&file, None, reason()).expect("sealed");
    assert!(!file.exists());
    assert_eq!((item.entries, item.bytes), (1, 21));
    let inside = vault.review(&item.id).expect("a review");
    assert_eq!((inside.len(), inside[0].path.as_str()), (1, "odd-1.0.0.crate"));
    let text = vault.read(&item.id, "odd-1.0.0.crate").expect("its text");
    assert_eq!(text.lines, ["not really an archive"]);
    vault.restore(&item.id).expect("restored");
    assert_eq!(picture(&file), before);
}

#[test]
fn a_review_shows_everything_as_harmless_text() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("p/odd");
    package(&root);
    let long = "x".repeat(5_000) + "\n" + &"line\n".repeat(6_000);
    fs::write(root.join("long.txt"), long).expect("a file");
    fs::write(root.join("\u{1b}[31mred"), "\u{1b}[2J\u{200B}").expect("a file");
    let mut vault = vault(&dir);
    let id = vault.seal(&root, None, reason()).expect("sealed").id;
    let entries = vault.review(&id).expect("a review");
    let find = |path: &str| entries.iter().find(|entry| entry.path == path).expect(path);
    assert_eq!(find("lib").kind, "folder");
    assert_eq!(find("lib/link").target.as_deref(), Some("../package.json"));
    assert_eq!((find("lib/big.bin").bytes, find("lib/big.bin").mode), (300_000, 0o444));
    assert!(entries.iter().all(|entry| !entry.path.contains('\u{1b}')));

    let text = vault.read(&id, "lib/deep/er/x.js").expect("its text");
    assert_eq!(text.lines, ["let a = 1;", "let \\u{202E}b = 2;"]);
    assert!(!text.more);
    assert_eq!(vault.read(&id, "\\u{001B}[31mred").expect("its text").lines, ["\\u{001B}[2J\\u{200B}"]);
    let long = vault.read(&id, "long.txt").expect("its text");
    assert_eq!((long.lines[0].len(), long.lines.len(), long.more), (2_000, 5_000, true));
    assert!(vault.read(&id, "lib/deep/again.bin").is_ok());
    assert_eq!(vault.read(&id, "lib").expect_err("a folder").why, "it is no file");
    assert!(vault.read(&id, "../../etc/passwd").expect_err("outside").why.contains("no such file"));
    assert!(vault.review("nosuchid").expect_err("unknown").why.contains("no such item"));
    assert!(vault.review("../vault").expect_err("a path").why.contains("no such item"));
}

#[test]
fn what_is_deleted_cannot_be_read_by_anybody_and_nothing_is_in_plain_sight_before() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("p/odd");
    fs::create_dir_all(&root).expect("a folder");
    fs::write(root.join("payload.js"), "THE-PAYLOAD-ITSELF ".repeat(100)).expect("a file");
    let mut vault = vault(&dir);
    let id = vault.seal(&root, None, reason()).expect("sealed").id;
    let folder = dir.path().join("vault");
    let holds = |needle: &[u8]| all_bytes(&folder).windows(needle.len()).any(|window| window == needle);
    assert!(!holds(b"THE-PAYLOAD"));
    assert!(!holds(b"payload.js"));
    let manifest = fs::read_to_string(folder.join(&id).join("manifest.json")).expect("a manifest");
    let key =
        manifest.split("\"sealed\": \"").find_map(|part| part.split('"').next().filter(|s| s.len() == 96));
    let key = key.expect("the item's wrapped key").to_owned();
    assert!(holds(key.as_bytes()));

    assert_eq!(vault.delete(&id).expect("deleted").state, SealedState::Deleted);
    assert!(!holds(key.as_bytes()), "the key must be gone everywhere");
    assert!(!folder.join(&id).join("content.sealed").exists());
    assert_eq!(vault.list().expect("a list")[0].state, SealedState::Deleted);
    for outcome in
        [vault.restore(&id).map(|_| ()), vault.review(&id).map(|_| ()), vault.delete(&id).map(|_| ())]
    {
        assert!(outcome.expect_err("it is gone").why.contains("deleted"));
    }
    assert!(!root.exists());
}

#[test]
fn the_key_file_is_private_and_says_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let vault = vault(&dir);
    let KeyPlace::File { path, warning } = vault.key_place() else { panic!("a key file was asked for") };
    assert!(warning.contains(&path.display().to_string()), "{warning}");
    let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(path), 0o600);
    assert_eq!(mode(&dir.path().join("vault")), 0o700);
    let key = fs::read(path).expect("the key");
    drop(vault);
    let again = Vault::open(dir.path().join("vault"), KeySource::File).expect("again");
    assert_eq!(fs::read(dir.path().join("vault/key")).expect("the key"), key);
    drop(again);
    fs::write(dir.path().join("vault/key"), "nonsense").expect("written");
    let error = Vault::open(dir.path().join("vault"), KeySource::File).expect_err("no key");
    assert!(error.why.contains("no key") && !error.hint.is_empty(), "{error}");
}

#[test]
fn hard_links_to_elsewhere_are_noted_and_stay() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("p/odd");
    fs::create_dir_all(&root).expect("a folder");
    fs::write(dir.path().join("store-file"), "shared").expect("a file");
    fs::hard_link(dir.path().join("store-file"), root.join("a.js")).expect("a link");
    fs::hard_link(dir.path().join("store-file"), root.join("b.js")).expect("a link");
    let mut vault = vault(&dir);
    let id = vault.seal(&root, None, reason()).expect("sealed").id;
    let notes = vault.notes(&id).expect("notes");
    assert!(notes.len() == 1 && notes[0].starts_with("1 other"), "{notes:?}");
    assert_eq!(fs::read_to_string(dir.path().join("store-file")).expect("still there"), "shared");
}

#[test]
fn a_vault_can_move_between_threads() {
    fn is_send<T: Send>() {}
    is_send::<Vault>();
}
