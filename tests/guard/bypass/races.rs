//! Rows 3, 9 and 10 as races: the file comes and goes as fast as it can, ten thousand times.

use super::storage::{Disk, FileSystem};
use super::{Arena, BLOCK};
use doorward_tests::{Daemon, Sandbox, sandboxed};
use std::path::PathBuf;

const ROUNDS: u32 = 10_000;

/// What one race came to.
#[derive(Debug, PartialEq, Eq)]
struct Score {
    got: u32,
    refused: u32,
    gone: u32,
}

/// Paths below the home: the secret, what it is written as first, and where it goes.
struct Course {
    way: &'static str,
    name: &'static str,
    temporary: &'static str,
    other: &'static str,
}

#[test]
fn a_replaced_secret_is_never_read() {
    sandboxed("guard", "bypass::races::a_replaced_secret_is_never_read", |sandbox| {
        for (name, temporary) in [(".npmrc", ".npmrc.5.tmp"), (".ssh/id_race", "elsewhere/key")] {
            never_read(sandbox, &Course { way: "replaced", name, temporary, other: "elsewhere/taken" });
        }
    });
}

#[test]
fn a_secret_moved_in_and_out_is_never_read() {
    sandboxed("guard", "bypass::races::a_secret_moved_in_and_out_is_never_read", |sandbox| {
        let (name, temporary) = (".npmrc", ".npmrc.5.tmp");
        never_read(sandbox, &Course { way: "in-and-out", name, temporary, other: "elsewhere/taken" });
    });
}

#[test]
fn another_name_of_a_new_secret_is_never_read() {
    sandboxed("guard", "bypass::races::another_name_of_a_new_secret_is_never_read", |sandbox| {
        let (name, temporary) = (".npmrc", ".npmrc.5.tmp");
        never_read(sandbox, &Course { way: "aliased", name, temporary, other: "elsewhere/taken" });
    });
}

/// A file made outside could be read there before it came. Once a secret was moved through a folder,
/// that folder is looked at too; until then nothing tells the guard in time.
#[test]
fn a_folder_that_secrets_are_moved_through_is_learnt() {
    sandboxed("guard", "bypass::races::a_folder_that_secrets_are_moved_through_is_learnt", |sandbox| {
        let course = Course {
            way: "in-and-out",
            name: ".npmrc",
            temporary: "elsewhere/npmrc",
            other: "elsewhere/taken",
        };
        let arena = Arena::new(sandbox);
        sandbox.folder("elsewhere");
        let _daemon = guarded(sandbox);
        // It is learnt beside the race, so how soon depends on who gets a core when; a file that is met under the
        // secret's name is refused without that.
        let learnt = (0..100).any(|_| race(&arena, &course, 500).refused == 500);
        assert!(learnt, "it is never learnt");
        let later = race(&arena, &course, ROUNDS);
        println!("through a learnt folder: {later:?}");
        assert_eq!(later, Score { got: 0, refused: ROUNDS, gone: 0 });
    });
}

#[test]
fn a_secret_that_lives_for_a_moment_is_never_read() {
    sandboxed("guard", "bypass::races::a_secret_that_lives_for_a_moment_is_never_read", |sandbox| {
        let arena = Arena::new(sandbox);
        let course = Course { way: "short-lived", name: ".ssh/id_race", temporary: "-", other: "-" };
        sandbox.folder(".ssh");
        assert!(race(&arena, &course, 100).got > 0, "the race is no race");
        let _daemon = guarded(sandbox);
        let score = race(&arena, &course, ROUNDS);
        println!("short-lived: {score:?}");
        assert_eq!(score.got, 0, "{score:?}");
        assert!(score.refused > 0, "nobody was ever in time: {score:?}");
    });
}

/// ext3 gives numbers out again at once, and dates files by a clock that ticks once in some milliseconds.
#[test]
fn what_gets_the_number_of_a_secret_is_not_taken_for_it() {
    sandboxed("guard", "bypass::races::what_gets_the_number_of_a_secret_is_not_taken_for_it", |sandbox| {
        let _disk = Disk::below_home(sandbox, FileSystem::Ext3);
        let course = Course { way: "followed", name: ".npmrc", temporary: ".npmrc.5.tmp", other: "notes" };
        never_read(sandbox, &course);
    });
}

fn never_read(sandbox: &Sandbox, course: &Course) {
    let arena = Arena::new(sandbox);
    for folder in [".ssh", "elsewhere"] {
        sandbox.folder(folder);
    }
    assert_eq!(race(&arena, course, 10), Score { got: 10, refused: 0, gone: 0 }, "the race is no race");
    let _ = std::fs::remove_file(sandbox.home().join(course.name));
    let _daemon = guarded(sandbox);
    let score = race(&arena, course, ROUNDS);
    println!("{}, {} written as {}: {score:?}", course.way, course.name, course.temporary);
    assert_eq!(score, Score { got: 0, refused: ROUNDS, gone: 0 }, "{} as {}", course.name, course.temporary);
}

fn guarded(sandbox: &Sandbox) -> Daemon<'_> {
    Daemon::start(sandbox, BLOCK)
}

fn race(arena: &Arena<'_>, course: &Course, rounds: u32) -> Score {
    let home = arena.sandbox.home();
    let paths: Vec<PathBuf> =
        [course.name, course.temporary, course.other].iter().map(|path| home.join(path)).collect();
    let mut command = arena.sandbox.command(arena.program("race"));
    let text = arena.sandbox.ok(command.arg(course.way).args(paths).arg(rounds.to_string()));
    let numbers: Vec<u32> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [got, refused, gone] = numbers[..] else { panic!("no score: {text}") };
    Score { got, refused, gone }
}
