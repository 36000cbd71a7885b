//! Which of the system's packages a program belongs to, told from what dpkg, pacman and rpm wrote down.

mod database;

#[cfg(test)]
mod tests;

use database::{PackageDatabase, installed};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// Folders below which programs and libraries lie; the rest of a package is of no interest here.
const PROGRAMS: &[&str] = &["/usr/bin/", "/usr/sbin/", "/usr/libexec/", "/usr/games/", "/usr/lib", "/opt/"];
/// Endings of files that no program runs as itself.
const DATA: &[&str] = &[
    "py", "pyc", "pm", "pl", "js", "mjs", "ts", "json", "h", "hpp", "a", "o", "la", "ko", "xz", "gz", "png",
    "svg", "html", "txt", "xml", "rb", "el", "elc", "conf", "service", "map", "md", "css", "mo", "rlib",
];
/// The part of an entry that is the package's number; the rest is of the path's hash.
const NUMBER: u64 = 0xffff;

/// The programs and libraries of every installed package, by the hash of their path.
///
/// It is read when it is first needed and again after packages were installed or removed. That takes a
/// quarter of a second, with rpm a few: never to be asked on a thread that must not wait.
#[derive(Debug)]
pub struct Owners {
    databases: Vec<PackageDatabase>,
    /// Its keys are drawn at the start, so that nobody can choose a path with the hash of another.
    hasher: RandomState,
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    as_of: Vec<Option<SystemTime>>,
    packages: Vec<Box<str>>,
    /// Sorted; each the hash of a path with the number of its package in the lowest bits.
    files: Box<[u64]>,
}

impl Default for Owners {
    fn default() -> Self {
        Self::of(installed())
    }
}

impl Owners {
    /// Reads what the package managers wrote down, unless that was done since it last changed.
    pub fn refresh(&self) {
        drop(self.fresh());
    }

    /// The package that brought a program or library, such as `openssh-client`.
    pub fn owner_of(&self, path: &Path) -> Option<String> {
        let index = self.fresh();
        let wanted = self.hash(&merged(path.to_str()?));
        let at = index.files.partition_point(|entry| *entry < wanted);
        let entry = index.files.get(at).filter(|entry| **entry & !NUMBER == wanted)?;
        index.packages.get((entry & NUMBER) as usize).map(|name| name.to_string())
    }

    fn of(databases: Vec<PackageDatabase>) -> Self {
        Self { databases, hasher: RandomState::new(), index: Mutex::default() }
    }

    fn fresh(&self) -> MutexGuard<'_, Index> {
        let changed: Vec<_> = self.databases.iter().map(PackageDatabase::changed).collect();
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if index.as_of != changed {
            *index = self.read(changed);
        }
        index
    }

    fn read(&self, as_of: Vec<Option<SystemTime>>) -> Index {
        let (mut packages, mut files): (Vec<Box<str>>, Vec<u64>) = (Vec::new(), Vec::new());
        let present = self.databases.iter().zip(&as_of).filter(|(_, changed)| changed.is_some());
        for (database, _) in present {
            let read = database.each_file(&mut |package, file| {
                let file = merged(file);
                if !is_program(&file) {
                    return;
                }
                if packages.last().is_none_or(|last| **last != *package) {
                    packages.push(package.into());
                }
                let number = packages.len() as u64 - 1;
                if number <= NUMBER {
                    files.push(self.hash(&file) | number);
                }
            });
            if let Err(error) = read {
                tracing::warn!(%error, ?database, "the packages of programs are not all known");
            }
        }
        files.sort_unstable();
        files.dedup_by_key(|entry| *entry & !NUMBER);
        Index { as_of, packages, files: files.into() }
    }

    fn hash(&self, path: &str) -> u64 {
        self.hasher.hash_one(path) & !NUMBER
    }
}

/// Packages still name `/bin` and `/lib`, which lead into `/usr`.
fn merged(path: &str) -> String {
    let moved = ["/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/"].iter().any(|old| path.starts_with(old));
    if moved { format!("/usr{path}") } else { path.to_owned() }
}

fn is_program(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let data = name.rsplit_once('.').is_some_and(|(_, ending)| DATA.contains(&ending));
    !data && PROGRAMS.iter().any(|folder| file.starts_with(folder))
}
