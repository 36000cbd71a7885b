//! What was where at one moment, and what is different at the next.

use crate::Arrival;
use doorward_protocol::Ecosystem;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What tells one state of a file or folder from another. The change time is left out: a hard link made
/// elsewhere moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp([(u64, i64, i64, u64); 2]);

impl Stamp {
    /// Of a folder and the file in it that changes with its version.
    pub(crate) fn of(folder: &Path, inside: &Path) -> Self {
        Self([mark(folder), mark(inside)])
    }

    pub(crate) fn of_file(path: &Path) -> Self {
        Self([mark(path), Default::default()])
    }
}

fn mark(path: &Path) -> (u64, i64, i64, u64) {
    fs::symlink_metadata(path).map_or_else(
        |_| Default::default(),
        |metadata| {
            let size = if metadata.is_dir() { 0 } else { metadata.len() };
            (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), size)
        },
    )
}

/// How a change in a watched folder is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Every change counts.
    All,
    /// Files of the user are about: only what comes and goes counts, and writes to files with a meaning.
    Names,
}

#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) packages: BTreeMap<PathBuf, (Ecosystem, Stamp)>,
    pub(crate) lockfiles: BTreeMap<PathBuf, Stamp>,
    pub(crate) instructions: BTreeMap<PathBuf, Stamp>,
    /// Folders to watch, the most telling first.
    pub(crate) folders: Vec<(PathBuf, Interest)>,
    /// Folders that exist and could not be read.
    pub(crate) unreadable: BTreeSet<(PathBuf, String)>,
    /// Something was seen half written: look again soon.
    pub(crate) unfinished: bool,
}

impl Snapshot {
    pub(crate) fn watch(&mut self, folder: &Path, interest: Interest) {
        self.folders.push((folder.to_path_buf(), interest));
    }

    pub(crate) fn package(&mut self, path: PathBuf, ecosystem: Ecosystem, stamp: Stamp) {
        self.packages.insert(path, (ecosystem, stamp));
    }

    /// The names in a folder, in order; one that cannot be read is remembered.
    pub(crate) fn names(&mut self, folder: &Path) -> Vec<(OsString, fs::FileType)> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
                    self.unreadable.insert((folder.to_path_buf(), error.to_string()));
                }
                return Vec::new();
            }
        };
        let mut names: Vec<_> = entries
            .flatten()
            .filter_map(|entry| entry.file_type().ok().map(|kind| (entry.file_name(), kind)))
            .collect();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        names
    }

    /// The folders in a folder; links are not followed.
    pub(crate) fn folders_in(&mut self, folder: &Path) -> Vec<PathBuf> {
        let names = self.names(folder).into_iter().filter(|(_, kind)| kind.is_dir());
        names.map(|(name, _)| folder.join(name)).collect()
    }

    /// What is new or different here, compared with an earlier snapshot.
    pub(crate) fn news(&self, earlier: &Self, project: Option<&Path>) -> Vec<Arrival> {
        let mut news = Vec::new();
        if let Some(project) = project {
            let project = project.to_path_buf();
            for path in changed(&self.lockfiles, &earlier.lockfiles) {
                news.push(Arrival::Lockfile { path, project: project.clone() });
            }
            for path in changed(&self.instructions, &earlier.instructions) {
                news.push(Arrival::ProjectFile { path, project: project.clone() });
            }
        }
        for (path, now) in &self.packages {
            if earlier.packages.get(path) != Some(now) {
                news.push(Arrival::Package {
                    path: path.clone(),
                    project: project.map(Path::to_path_buf),
                    ecosystem: now.0,
                });
            }
        }
        news
    }
}

fn changed<'a>(
    now: &'a BTreeMap<PathBuf, Stamp>,
    earlier: &'a BTreeMap<PathBuf, Stamp>,
) -> impl Iterator<Item = PathBuf> + 'a {
    now.iter().filter(|(path, stamp)| earlier.get(*path) != Some(*stamp)).map(|(path, _)| path.clone())
}
