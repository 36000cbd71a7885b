//! The catalog: which files are secrets, how loud a stranger's read of each is, and which programs
//! may read them without anybody being asked.

mod expand;
mod extra;
mod parse;
mod pattern;
mod trust;
mod usage;

#[cfg(test)]
mod tests;

pub use pattern::Pattern;
pub use trust::{Claim, Sought};
pub use usage::{Usage, Word, Words};

use std::path::{Path, PathBuf};

/// Every secret and every reader that Doorward knows.
#[derive(Debug, Clone)]
pub struct Catalog {
    /// The kinds of secrets, in the order of the catalog's files.
    pub secrets: Vec<SecretClass>,
    /// The programs that may read them.
    pub readers: Vec<ReaderClass>,
    /// Secrets that no file mark can guard, with the reason.
    pub unguardable: Vec<Unguardable>,
}

/// One kind of secret.
#[derive(Debug, Clone)]
pub struct SecretClass {
    /// Stable identifier, such as `ssh-key`.
    pub id: String,
    /// What a person calls it, such as "SSH private key".
    pub title: String,
    /// 1: stop strangers; 2: tell; 3: only counts towards a sweep.
    pub tier: u8,
    /// Where it lies, relative to a home unless absolute.
    pub paths: Vec<Pattern>,
    /// What lies in the same places and is no secret.
    pub except: Vec<Pattern>,
    /// Where it lies inside a project folder.
    pub project: Vec<Pattern>,
    /// Identifiers of the readers that may have it.
    pub readers: Vec<String>,
    /// The package managers whose own file it is: `npm` for `.npmrc`.
    pub owned_by: Vec<String>,
}

/// One program that may read some secrets.
#[derive(Debug, Clone)]
pub struct ReaderClass {
    /// Stable identifier, such as `openssh`.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// Its executables; those that start with `~/` are installed by a user below their home.
    pub exe: Vec<Pattern>,
    /// Where the executable is an interpreter: the scripts that make it this program.
    pub script: Vec<Pattern>,
    /// Python modules that make it this program, run as `-I -m MODULE`.
    pub modules: Vec<String>,
    /// First words of the titles by which a program that renames itself shows in a process list.
    pub titles: Vec<String>,
    /// Flatpak application ids.
    pub flatpak: Vec<String>,
    /// Snap names.
    pub snap: Vec<String>,
    /// True where only processes of root count.
    pub root: bool,
    /// True where it may read every secret: indexers and virus scanners.
    pub any_secret: bool,
    /// True where it reads whole folders and is asked about once for each run; no secret is its own.
    pub whole_folders: bool,
    /// True where it reads what other programs ask it for: whoever is behind a read is not known.
    pub for_others: bool,
    /// True where package managers start it to fetch sources.
    pub fetches_sources: bool,
    /// How its programs are used where they do not give the secret away.
    pub usages: Vec<Usage>,
}

/// A secret that no file mark can guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unguardable {
    /// Stable identifier.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// Why it cannot be guarded.
    pub reason: String,
}

/// A secret found on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded {
    /// The file.
    pub path: PathBuf,
    /// The id of its [`SecretClass`].
    pub class: String,
}

/// A mistake in a catalog file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("reading the catalog {file}, line {line}: {problem}; {hint}")]
pub struct CatalogError {
    /// The catalog file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub hint: String,
}

impl Catalog {
    /// The class with this id.
    pub fn class(&self, id: &str) -> Option<&SecretClass> {
        self.secrets.iter().find(|class| class.id == id)
    }

    /// The kind of secret a path is, if it lies below this home or is one of the system's.
    ///
    /// Of several matches the most specific pattern wins, so that `.ssh/config` is not a key.
    pub fn classify(&self, home: &Path, path: &Path) -> Option<&SecretClass> {
        let relative = path.strip_prefix(home).ok();
        self.most_specific(|class| {
            let weight = |pattern: &Pattern| match (relative, pattern.is_absolute()) {
                (_, true) => pattern.weight(path),
                (Some(relative), false) => pattern.weight(relative),
                (None, false) => None,
            };
            class.weight(&class.paths, weight)
        })
    }

    /// The kind of secret a path inside a project folder is.
    pub fn classify_project(&self, project: &Path, path: &Path) -> Option<&SecretClass> {
        let relative = path.strip_prefix(project).ok()?;
        self.most_specific(|class| class.weight(&class.project, |pattern| pattern.weight(relative)))
    }

    fn most_specific(&self, score: impl Fn(&SecretClass) -> Option<usize>) -> Option<&SecretClass> {
        let scored = self.secrets.iter().filter_map(|class| Some((score(class)?, class)));
        scored.max_by_key(|(score, class)| (*score, u8::MAX - class.tier)).map(|(_, class)| class)
    }
}

impl SecretClass {
    /// How exactly the best of some patterns names a file; `None` where none does or it is excepted.
    fn weight(&self, patterns: &[Pattern], weight: impl Fn(&Pattern) -> Option<usize>) -> Option<usize> {
        let best = patterns.iter().filter_map(&weight).max()?;
        self.except.iter().all(|pattern| weight(pattern).is_none()).then_some(best)
    }
}
