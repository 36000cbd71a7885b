//! Ways around a read guard, row by row, each carried out by a program of our own.
//!
//! Every attack runs twice: first with no guard, where it must get at the bytes, so that a row cannot
//! pass because its attack does not work; then under the guard in block mode, where it must be refused
//! and told.
//!
//! | rows | what | is | module |
//! |---|---|---|---|
//! | 1, 2, 7 | opens of every kind, and other paths to the same name | blocked | [`opens`] |
//! | 3–6, 8 | other names of the same file: links, mounts, overlays, handles, renames | blocked | [`names`] |
//! | 9 | another file under the same name | blocked | [`replaced`] |
//! | 3, 9, 10 | the same as races, ten thousand times each | blocked | [`races`] |
//! | 11, 12 | a descriptor that an allowed program passed on, mapped or cloned | blocked | [`descriptors`] |
//! | 13 | a descriptor that was open before | told, shown with the secret | [`descriptors`] |
//! | 14 | copies in snapshots | shown with the secret, and blocked | [`storage`] |
//! | 15 | the disk below the file | told, shown in the status | [`storage`] |
//! | 16–18 | the guard killed, stopped, flooded | blocked | [`pressure`] |
//! | 20–23 | a pretended or taken-over reader | blocked and told | [`posing`] |
//! | 24 | an allowed program asked to print the secret | blocked | `ways` |
//! | 25, 27 | an allowed program or interpreter at work for a package or a stranger | blocked and told | [`errands`] |
//! | 28 | programs that read for others | told with that label | [`errands`] |
//!
//! Rows 19, 26, 29 and 30 are stated in `SECURITY.md`.

mod descriptors;
mod errands;
mod names;
mod opens;
mod posing;
mod pressure;
mod races;
mod replaced;
mod storage;

use doorward_protocol::{Action, EventKind};
use doorward_tests::{Daemon, Run, Sandbox, need, repository};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One way around the guard.
struct Row {
    number: u8,
    what: &'static str,
    prepare: fn(&Arena<'_>, &Path),
    attack: fn(&Arena<'_>, &Path) -> Attempt,
}

impl Row {
    const fn new(number: u8, what: &'static str, attack: fn(&Arena<'_>, &Path) -> Attempt) -> Self {
        Self { number, what, prepare: |_, _| {}, attack }
    }

    /// What happens before the guard starts.
    const fn prepared(mut self, prepare: fn(&Arena<'_>, &Path)) -> Self {
        self.prepare = prepare;
        self
    }
}

/// What an attack came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    Got,
    Refused,
}

/// Where attacks are carried out: the made-up user's home, and programs compiled for the purpose.
struct Arena<'a> {
    sandbox: &'a Sandbox,
    programs: PathBuf,
}

impl<'a> Arena<'a> {
    fn new(sandbox: &'a Sandbox) -> Self {
        let programs = sandbox.root().join("attacks");
        fs::create_dir_all(&programs).expect("a folder");
        Self { sandbox, programs }
    }

    /// An attack program, compiled when it is first wanted.
    fn program(&self, name: &str) -> PathBuf {
        self.compile(name, name, &[])
    }

    fn compile(&self, source: &str, name: &str, flags: &[&str]) -> PathBuf {
        need("cc");
        let built = self.programs.join(name);
        if !built.is_file() {
            let source = repository().join("tests/guard/attacks").join(source).with_extension("c");
            let mut cc = Command::new("cc");
            cc.args(["-O2", "-Wall", "-Werror", "-o"]).arg(&built).arg(source).args(flags);
            let run = Run::from(cc.output().expect("cc runs"));
            assert_eq!(run.code, 0, "{run}");
        }
        built
    }

    /// A secret of its own for each row, in a folder of its own.
    fn secret(&self, name: &str) -> PathBuf {
        self.sandbox.write(&format!(".ssh/keys/{name}/key"), &format!("the secret of {name}\n"))
    }

    /// A path beside the home's secrets, on the same file system and unguarded.
    fn outside(&self, secret: &Path, name: &str) -> PathBuf {
        let row = secret.parent().and_then(Path::file_name).expect("a row's folder").to_string_lossy();
        self.sandbox.folder(format!("elsewhere/{row}")).join(name)
    }

    /// `reach WAY PATH…` as the user.
    fn reach(&self, way: &str, paths: &[&Path]) -> Attempt {
        self.attempt(self.sandbox.command(self.program("reach")).arg(way).args(paths))
    }

    /// A shell line as the user, or as root, in which `$reach` is the program and `$1`… are the paths.
    fn shell(&self, line: &str, paths: &[&Path]) -> Attempt {
        let mut shell = self.sandbox.command("/bin/sh");
        self.attempt(shell.args(["-ec", line, "sh"]).args(paths).env("reach", self.program("reach")))
    }

    fn root_shell(&self, line: &str, paths: &[&Path]) -> Attempt {
        let mut shell = Command::new("/bin/sh");
        self.attempt(shell.args(["-ec", line, "sh"]).args(paths).env("reach", self.program("reach")))
    }

    /// Carries an attack out. The programs' exit codes are those of `attacks/attack.h`.
    fn attempt(&self, attack: &mut Command) -> Attempt {
        let run = self.sandbox.run(attack);
        match run.code {
            0 => Attempt::Got,
            13 => Attempt::Refused,
            _ => panic!("the attack could not be carried out: {attack:?}: {run}"),
        }
    }
}

/// What most attacks are carried out under.
const BLOCK: &str = "mode = \"block\"\ngate = false";

/// Carries every row out without a guard and with it.
fn all_blocked(sandbox: &Sandbox, rows: &[Row]) {
    blocked_with(sandbox, rows, |_, _| {});
}

/// The same; `allow` makes rules once the guard runs.
fn blocked_with(sandbox: &Sandbox, rows: &[Row], allow: impl Fn(&Arena<'_>, &Daemon<'_>)) {
    let arena = Arena::new(sandbox);
    let place = |phase: &str| -> Vec<PathBuf> {
        let secrets = rows.iter().enumerate();
        secrets.map(|(at, row)| arena.secret(&format!("row{}-{at}-{phase}", row.number))).collect()
    };
    let (free, guarded) = (place("free"), place("guarded"));
    for (row, secret) in rows.iter().zip(&free) {
        (row.prepare)(&arena, secret);
        let attempt = (row.attack)(&arena, secret);
        assert_eq!(attempt, Attempt::Got, "row {}, {}: it does not work unguarded", row.number, row.what);
    }
    rows.iter().zip(&guarded).for_each(|(row, secret)| (row.prepare)(&arena, secret));
    // Whoever is asked for an administrator's consent gives it.
    let daemon = Daemon::start(sandbox, &format!("{BLOCK}\npolkit = \"/bin/true\""));
    allow(&arena, &daemon);
    let attempts: Vec<Attempt> =
        rows.iter().zip(&guarded).map(|(row, secret)| (row.attack)(&arena, secret)).collect();
    let told = denials(&daemon, &guarded);

    println!("row  attack                                                       unguarded  guarded  told");
    let mut failed = Vec::new();
    for ((row, secret), attempt) in rows.iter().zip(&guarded).zip(attempts) {
        let times = told.get(secret).copied().unwrap_or(0);
        println!("{:>3}  {:<60} {:<10} {attempt:<8?} {times}", row.number, row.what, "Got");
        if attempt != Attempt::Refused || times == 0 {
            failed.push(format!("row {}, {}: {attempt:?}, told {times} times", row.number, row.what));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}\n{}", daemon.log());
}

/// How often reads of these files were denied and told, once every one of them was.
fn denials(daemon: &Daemon<'_>, secrets: &[PathBuf]) -> BTreeMap<PathBuf, usize> {
    let mut told = BTreeMap::new();
    // Events are written down after the read was answered.
    for _ in 0..20 {
        told.clear();
        for event in daemon.events() {
            if event.kind == EventKind::Read && event.action == Action::Denied {
                *told.entry(event.secret.path).or_insert(0) += 1;
            }
        }
        if secrets.iter().all(|secret| told.contains_key(secret)) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    told
}
