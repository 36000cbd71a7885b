//! Which package's code is running: told from the process that the package manager itself started,
//! and from places that only a package manager fills. Nothing is looked at on the way to a decision but
//! what is known of the processes; [`complete`] may look into a file afterwards.

mod cargo;
mod imports;
mod macros;
mod manager;
mod npm;
mod python;

pub use imports::imports_of;
pub use macros::{complete as complete_macros, macros_of};
pub use python::complete;

use crate::identity::{Identity, Process};
use doorward_protocol::{Attribution, Ecosystem};
use manager::Manager;
use std::path::{Path, PathBuf};

/// The package whose script or build is behind a process, if one is.
///
/// The outermost package manager that runs a package's code is believed: whatever happens below it,
/// a pretended package manager included, is that package's doing. A project's own script counts only
/// where no dependency's script runs below it.
pub fn attribute(identity: &Identity) -> Option<Attribution> {
    let line: Vec<&Process> = identity.line().collect();
    let mut own_project = None;
    for (at, process) in line.iter().enumerate().skip(1).rev() {
        let Some(manager) = Manager::of(process) else { continue };
        match started_by(manager, process, line[at - 1]) {
            Some(Found::Dependency(found)) => return Some(npm::with_version(found, &line[..at])),
            Some(Found::OwnProject(found)) => {
                own_project.get_or_insert(found);
            }
            None => {}
        }
    }
    own_project.or_else(|| by_place(&line)).or_else(|| by_script(&line))
}

/// The nearest package manager or build tool above a process that is installing or building there,
/// such as `npm`, `pip` or `cargo`: lineage even where the package cannot be named.
///
/// A program that a manager merely runs (`npm run dev`, `cargo run`, `uv run`) is no lineage of it.
pub fn manager_of(identity: &Identity) -> Option<String> {
    let line: Vec<&Process> = identity.line().collect();
    let mut pairs = line.windows(2);
    let nearest = pairs.find_map(|pair| {
        let manager = Manager::of(pair[1])?;
        manager.is_building(pair[1], pair[0]).then_some(manager)
    });
    nearest.map(|manager| manager.name().to_owned()).or_else(|| {
        attribute(identity).map(|found| match found.package.ecosystem {
            Ecosystem::Npm => "npm".to_owned(),
            Ecosystem::Pypi => "pip".to_owned(),
            Ecosystem::Cargo => "cargo".to_owned(),
        })
    })
}

/// The script that Node.js and its like were told to run, as their arguments name it.
pub(crate) fn script_of(process: &Process) -> Option<PathBuf> {
    npm::script(process)
}

/// True where a program of this name may turn out to be a package manager.
pub(crate) fn could_manage(exe: &Path) -> bool {
    let name = exe.file_name().and_then(|name| name.to_str()).unwrap_or("");
    ["node", "python", "pypy", "bun", "deno"].iter().any(|interpreter| name.starts_with(interpreter))
        || Manager::of(&Process { exe: exe.to_path_buf(), ..Process::default() }).is_some()
}

/// True where a process is a package manager.
pub(crate) fn manages(process: &Process) -> bool {
    Manager::of(process).is_some()
}

/// True where a package manager started a process itself, or through nothing but programs that fetch.
pub fn is_started_by_manager(identity: &Identity, fetches: impl Fn(&Process) -> bool) -> bool {
    let above = identity.ancestry.iter().find(|process| !fetches(process));
    above.is_some_and(|process| Manager::of(process).is_some())
}

/// True where one process is a package manager that installs or builds with the other.
pub(crate) fn builds(parent: &Process, child: &Process) -> bool {
    Manager::of(parent).is_some_and(|manager| manager.is_building(parent, child))
}

/// Whose code a package manager started.
enum Found {
    /// A package that was installed.
    Dependency(Attribution),
    /// The project that the user works on.
    OwnProject(Attribution),
}

fn started_by(manager: Manager, parent: &Process, child: &Process) -> Option<Found> {
    match manager.ecosystem() {
        Ecosystem::Npm => npm::started(parent, child),
        Ecosystem::Pypi => python::started(manager, parent, child),
        Ecosystem::Cargo => cargo::started(parent, child).map(Found::Dependency),
    }
}

/// What the folders of a line of processes say where its package manager is gone: a process that
/// left its parents and wiped its environment still sits in its package's folder.
fn by_place(line: &[&Process]) -> Option<Attribution> {
    let found = |process: &Process| {
        let cwd = process.cwd.as_deref()?;
        npm::at_place(cwd).or_else(|| cargo::at_place(process)).or_else(|| python::at_place(cwd))
    };
    let (last, attribution) = line.iter().map_while(|process| Some((process, found(process)?))).last()?;
    (!is_a_persons_shell(last)).then_some(attribution)
}

/// The installed package whose program runs, whoever started it. Package managers lie in such places too:
/// they, and what is above them, are not meant.
fn by_script(line: &[&Process]) -> Option<Attribution> {
    let own = line.iter().take_while(|process| !manages(process)).count();
    (0..own).find_map(|at| npm::running(line[at], &line[at + 1..]).or_else(|| python::running(line[at])))
}

/// A person may well look around in a package's folder. A shell without arguments, on a terminal, that
/// something other than the first process started is theirs.
pub(crate) fn is_a_persons_shell(process: &Process) -> bool {
    let shell = process
        .exe
        .file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| ["bash", "zsh", "fish", "dash", "sh", "ksh", "nu", "pwsh"].contains(&name));
    let plain = process.cmdline.iter().skip(1).all(|word| ["-i", "-l", "--login"].contains(&word.as_str()));
    shell && plain && process.tty && process.ppid > 1
}

#[cfg(test)]
mod tests;
