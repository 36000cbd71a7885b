//! From a path to the packages below it. Runs in the worker: names of folders are hostile too.

mod cargo;
mod npm;
mod project;
mod python;

pub(crate) use npm::is_leftover;
pub(crate) use project::{is_other_package, is_own_file};
pub(crate) use python::{Distribution, claimed_files};

use crate::source::is_archive_name;
use doorward_protocol::{Ecosystem, PackageRef, Unscanned, visible};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Something to report on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// The folder or archive.
    pub(crate) path: PathBuf,
    /// What lies there.
    pub(crate) place: Place,
    /// What was already seen to be unreadable.
    #[serde(default)]
    pub(crate) notes: Vec<Unscanned>,
}

/// How a package lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// An archive.
    Archive,
    /// A folder of its own: every file in it.
    Folder(Option<Ecosystem>),
    /// The user's own project: manifests, hooks, editor and agent files.
    Project,
    /// A Python distribution; the path is its `.dist-info` or `.egg-info`.
    Distribution,
    /// Files of a Python environment that no distribution lays claim to, or of `node_modules` beside packages.
    Leftovers(Ecosystem),
    /// A package that a lockfile names and the disk does not hold: only its name can be judged.
    Locked { package: PackageRef, lockfile: String, line: u32 },
}

impl Target {
    pub(crate) fn new(path: impl Into<PathBuf>, place: Place) -> Self {
        Self { path: path.into(), place, notes: Vec::new() }
    }
}

/// A search in progress.
pub(crate) struct Search<'a> {
    root: PathBuf,
    cargo_sources: &'a [PathBuf],
    found: Vec<Target>,
    notes: Vec<Unscanned>,
    seen: HashSet<(u64, u64)>,
    /// Where the folders that hold packages really are.
    real: HashMap<PathBuf, PathBuf>,
}

/// Finds every package below `path`, which must be canonical.
///
/// # Errors
/// Why nothing could be looked for, in words.
pub(crate) fn search(path: &Path, cargo_sources: &[PathBuf]) -> Result<Vec<Target>, String> {
    let mut search = Search {
        root: path.into(),
        cargo_sources,
        found: Vec::new(),
        notes: Vec::new(),
        seen: HashSet::new(),
        real: HashMap::new(),
    };
    let meta = fs::metadata(path).map_err(|error| error.to_string())?;
    if meta.is_file() {
        let name = file_name(path);
        if !is_archive_name(&name) {
            return Err("a single file is not a package, and its name is not that of a known archive".into());
        }
        return Ok(vec![Target::new(path, Place::Archive)]);
    }
    if !meta.is_dir() {
        return Err("neither a folder nor a file".into());
    }
    search.folder(path)?;
    Ok(search.found)
}

impl Search<'_> {
    fn folder(&mut self, path: &Path) -> Result<(), String> {
        fs::read_dir(path).map_err(|error| error.to_string())?;
        let name = file_name(path);
        if name == "node_modules" {
            self.npm_tree(path);
        } else if python::is_info_folder(&name) {
            self.emit(path, Place::Distribution);
        } else if python::is_environment(path) {
            self.python_tree(path);
        } else if cargo::is_source_tree(path) {
            self.cargo_tree(path);
        } else if npm::is_installed(path) {
            self.emit(path, Place::Folder(Some(Ecosystem::Npm)));
            self.npm_tree(&path.join("node_modules"));
        } else if cargo::is_unpacked(path) {
            self.emit(path, Place::Folder(Some(Ecosystem::Cargo)));
        } else if let Some(info) = python::distribution_of(path) {
            self.emit(&info, Place::Distribution);
        } else {
            self.project(path);
        }
        self.flush_notes(path, &name);
        if self.found.is_empty() {
            self.archives(path);
        }
        if self.found.is_empty() {
            let empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
            return Err(if empty {
                "the folder is empty".into()
            } else {
                "the folder holds no manifest, install tree or archive".into()
            });
        }
        Ok(())
    }

    /// A folder of nothing but archives, such as a download cache.
    fn archives(&mut self, path: &Path) {
        for child in children(path) {
            if child.is_file() && is_archive_name(&file_name(&child)) {
                self.emit(&child, Place::Archive);
            }
        }
    }

    fn emit(&mut self, path: &Path, place: Place) {
        if path.to_str().is_none() {
            self.note(path, "its path is not UTF-8, so no report could name it; rename the folder");
            return;
        }
        self.found.push(Target::new(path, place));
    }

    /// Where a folder really is. Of the many in one folder that are no links only the last name is looked up: looking up
    /// every step of every path was a tenth of a warm scan's system calls.
    fn real(&mut self, folder: &Path) -> io::Result<PathBuf> {
        let is_folder = fs::symlink_metadata(folder)?.is_dir();
        let (Some(parent), Some(name), true) = (folder.parent(), folder.file_name(), is_folder) else {
            return fs::canonicalize(folder);
        };
        if let Some(real) = self.real.get(parent) {
            return Ok(real.join(name));
        }
        let real = fs::canonicalize(parent)?;
        let found = real.join(name);
        self.real.insert(parent.into(), real);
        Ok(found)
    }

    /// True the first time a folder is met, whichever way led to it.
    fn first_visit(&mut self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|meta| self.seen.insert((meta.dev(), meta.ino())))
    }

    fn is_visited(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|meta| self.seen.contains(&(meta.dev(), meta.ino())))
    }

    fn note(&mut self, path: &Path, reason: impl Into<String>) {
        let path = path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().into_owned();
        self.notes.push(Unscanned { path: visible(&path).into(), reason: reason.into() });
    }

    /// Notes belong to the project where there is one, else to the tree itself.
    fn flush_notes(&mut self, path: &Path, name: &str) {
        if self.notes.is_empty() {
            return;
        }
        let notes = std::mem::take(&mut self.notes);
        let holder = self.found.iter_mut().find(|target| {
            target.path == path
                && matches!(target.place, Place::Project | Place::Folder(_) | Place::Leftovers(_))
        });
        match holder {
            Some(target) => target.notes.extend(notes),
            None => {
                let ecosystem = if name == "node_modules" { Ecosystem::Npm } else { Ecosystem::Pypi };
                let place = Place::Leftovers(ecosystem);
                self.found.push(Target { path: path.into(), place, notes });
            }
        }
    }
}

/// The entries of a folder in the order of their names; nothing where it cannot be read.
pub(crate) fn children(path: &Path) -> Vec<PathBuf> {
    let mut children: Vec<PathBuf> =
        fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    children.sort();
    children
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_a_lockfile_are_found_where_cargo_unpacked_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
            fs::write(path, text).expect("write");
        };
        let lock = |name: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"1.2.3\"\nsource = \"registry+x\"\n")
        };
        write("project/Cargo.toml", "[package]\nname='own'");
        write("project/Cargo.lock", &[lock("here"), lock("elsewhere"), lock("sui-sdk-build-utils")].concat());
        write("src/registry/here-1.2.3/Cargo.toml", "[package]\nname='here'");
        let found = search(&folder.path().join("project"), &[folder.path().join("src")]).expect("search");
        let places: Vec<_> = found.iter().map(|target| (file_name(&target.path), &target.place)).collect();
        let name = "sui-sdk-build-utils".to_owned();
        let package = PackageRef { ecosystem: Ecosystem::Cargo, name, version: "1.2.3".into() };
        let bad = Place::Locked { package, lockfile: "Cargo.lock".into(), line: 10 };
        assert_eq!(
            places,
            [
                ("project".to_owned(), &Place::Folder(None)),
                ("here-1.2.3".to_owned(), &Place::Folder(Some(Ecosystem::Cargo))),
                ("project".to_owned(), &bad),
            ]
        );
    }
}
