//! A crash at every step: afterwards the package is where it was, or sealed and whole, and never neither.

#[path = "../tests/trees/mod.rs"]
mod trees;

use crate::step::Step;
use crate::{KeySource, Vault};
use doorward_protocol::SealedState;
use std::cell::Cell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use trees::{package, picture, reason};

thread_local! {
    /// Where this thread's process "dies", and how many times it gets past there first.
    static CRASH: Cell<Option<(Step, u32)>> = const { Cell::new(None) };
}

fn die_there(step: Step) {
    match CRASH.get() {
        Some((at, 0)) if at == step => panic!("a crash at {step:?}"),
        Some((at, more)) if at == step => CRASH.set(Some((at, more - 1))),
        _ => {}
    }
}

struct Scene {
    dir: tempfile::TempDir,
    root: PathBuf,
    before: trees::Picture,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("p/odd");
        package(&root);
        let before = picture(&root);
        Self { dir, root, before }
    }

    fn open(&self) -> Vault {
        let mut vault = Vault::open(self.dir.path().join("vault"), KeySource::File).expect("a vault");
        vault.reached = die_there;
        vault
    }

    fn crash<T>(&self, at: Step, past: u32, action: impl FnOnce(&mut Vault) -> T) {
        let mut vault = self.open();
        CRASH.set(Some((at, past)));
        let outcome = catch_unwind(AssertUnwindSafe(|| action(&mut vault)));
        CRASH.set(None);
        assert!(outcome.is_err(), "the step {at:?} was never reached");
    }

    fn beside(&self) -> Vec<PathBuf> {
        let parent = self.root.parent().expect("a parent");
        fs::read_dir(parent).expect("a folder").map(|entry| entry.expect("an entry").path()).collect()
    }

    fn item_folders(&self) -> usize {
        let folder = fs::read_dir(self.dir.path().join("vault")).expect("the vault");
        folder.filter(|entry| entry.as_ref().expect("an entry").path().is_dir()).count()
    }
}

fn seal(vault: &mut Vault, root: &Path) -> String {
    vault.seal(root, None, reason()).expect("sealed").id
}

#[test]
fn a_crash_before_the_original_moves_undoes_the_sealing() {
    for step in [Step::Planned, Step::Written, Step::Proven] {
        let scene = Scene::new();
        scene.crash(step, 0, |vault| seal(vault, &scene.root));
        assert_eq!(picture(&scene.root), scene.before, "{step:?}");
        let mut vault = scene.open();
        assert_eq!(vault.list().expect("a list"), [], "{step:?}");
        assert_eq!(scene.item_folders(), 0, "{step:?}");
        assert_eq!(picture(&scene.root), scene.before, "{step:?}");
        let id = seal(&mut vault, &scene.root);
        vault.restore(&id).expect("restored");
        assert_eq!(picture(&scene.root), scene.before, "{step:?}");
    }
}

#[test]
fn a_crash_after_the_original_moved_finishes_the_sealing() {
    let steps = [
        (Step::MovedAway, 0),
        (Step::EntryRemoved, 0),
        (Step::EntryRemoved, 4),
        (Step::EntryRemoved, 9),
        (Step::Removed, 0),
    ];
    for (step, past) in steps {
        let scene = Scene::new();
        scene.crash(step, past, |vault| seal(vault, &scene.root));
        assert!(!scene.root.exists(), "{step:?}");
        let mut vault = scene.open();
        let list = vault.list().expect("a list");
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].state, SealedState::Sealed, "{step:?}");
        assert!(scene.beside().is_empty(), "{step:?}");
        vault.restore(&list[0].id).expect("restored");
        assert_eq!(picture(&scene.root), scene.before, "{step:?} {past}");
    }
}

#[test]
fn a_crash_while_restoring_loses_nothing() {
    for step in [Step::RestorePlanned, Step::Unpacked, Step::Identified, Step::PutInPlace] {
        let scene = Scene::new();
        let id = seal(&mut scene.open(), &scene.root);
        scene.crash(step, 0, |vault| vault.restore(&id).map(|_| ()));
        let mut vault = scene.open();
        let state = vault.list().expect("a list")[0].state;
        if step == Step::PutInPlace {
            assert_eq!(state, SealedState::Restored);
        } else {
            assert_eq!(state, SealedState::Sealed, "{step:?}");
            assert!(scene.beside().is_empty(), "{step:?}");
            vault.restore(&id).expect("restored");
        }
        assert_eq!(picture(&scene.root), scene.before, "{step:?}");
        assert_eq!(scene.beside(), std::slice::from_ref(&scene.root), "{step:?}");
    }
}

#[test]
fn a_crash_while_deleting_leaves_no_content() {
    let scene = Scene::new();
    let id = seal(&mut scene.open(), &scene.root);
    scene.crash(Step::KeyErased, 0, |vault| vault.delete(&id).map(|_| ()));
    let vault = scene.open();
    assert_eq!(vault.list().expect("a list")[0].state, SealedState::Deleted);
    assert!(!vault.shelf.content(&id).exists());
}

#[test]
fn what_appears_under_the_hidden_name_after_a_crash_is_not_removed() {
    let scene = Scene::new();
    scene.crash(Step::MovedAway, 0, |vault| seal(vault, &scene.root));
    let hidden = scene.beside().pop().expect("the hidden name");
    fs::write(hidden.join("empty/new"), "written after the copy").expect("a file");
    let vault = scene.open();
    let item = &vault.list().expect("a list")[0];
    assert_eq!(item.state, SealedState::Sealed);
    assert_eq!(fs::read_to_string(hidden.join("empty/new")).expect("kept"), "written after the copy");
    assert!(!hidden.join("package.json").exists());
    let notes = vault.notes(&item.id).expect("notes");
    assert!(notes[0].contains(&hidden.display().to_string()), "{notes:?}");
}

#[test]
fn a_change_during_the_copy_stops_the_sealing_and_the_package_stays() {
    fn meddle(step: Step) {
        if step == Step::Proven {
            let root = MEDDLE.with_borrow(Clone::clone);
            fs::write(root.join("lib/deep/er/x.js"), "changed meanwhile").expect("a change");
        }
    }
    thread_local! {
        static MEDDLE: std::cell::RefCell<PathBuf> = const { std::cell::RefCell::new(PathBuf::new()) };
    }
    let scene = Scene::new();
    MEDDLE.set(scene.root.clone());
    let mut vault = scene.open();
    vault.reached = meddle;
    let error = vault.seal(&scene.root, None, reason()).expect_err("it changed");
    assert!(error.why.contains("changed"), "{error}");
    assert!(error.path.ends_with("lib/deep/er/x.js"), "{error}");
    assert_eq!(fs::read_to_string(scene.root.join("lib/deep/er/x.js")).expect("kept"), "changed meanwhile");
    assert_eq!(vault.list().expect("a list"), []);
    assert_eq!(scene.beside(), std::slice::from_ref(&scene.root));
}

#[test]
fn half_a_journal_line_spoils_no_other() {
    let scene = Scene::new();
    let id = seal(&mut scene.open(), &scene.root);
    let journal = scene.dir.path().join("vault/journal.jsonl");
    let mut bytes = fs::read(&journal).expect("the journal");
    bytes.extend_from_slice(b"{\"time\":\"20");
    fs::write(&journal, bytes).expect("half a line");
    scene.open().restore(&id).expect("restored");
    let text = fs::read_to_string(&journal).expect("the journal");
    let whats: Vec<String> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .map(|line| line["what"].as_str().expect("a word").to_owned())
        .collect();
    assert_eq!(whats, ["planned", "copied", "sealed", "restoring", "restoring", "restored"]);
}
