//! The places that hold secrets: homes, projects and the system itself.

use crate::catalog::{Catalog, SecretClass};
use std::path::{Path, PathBuf};

/// A place with secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What kind.
    pub kind: PlaceKind,
    /// The folder.
    pub root: PathBuf,
    /// The user whose secrets they are.
    pub owner: u32,
}

/// What kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceKind {
    /// A user's home.
    Home,
    /// A project folder.
    Project,
    /// The system itself.
    System,
}

impl Place {
    /// The folders in which secrets may appear.
    pub(super) fn folders(&self, catalog: &Catalog) -> Vec<PathBuf> {
        match self.kind {
            PlaceKind::Home => catalog.watch_dirs(&self.root),
            PlaceKind::Project => catalog.watch_dirs_project(&self.root),
            PlaceKind::System => catalog.watch_dirs_system(),
        }
    }

    /// The secrets that are there now, each with its class.
    pub(super) fn secrets<'a>(&self, catalog: &'a Catalog) -> Vec<(PathBuf, &'a SecretClass)> {
        let found = match self.kind {
            PlaceKind::Home => catalog.expand(&self.root),
            PlaceKind::Project => catalog.expand_project(&self.root),
            PlaceKind::System => catalog.expand_system(),
        };
        let known = found.into_iter();
        known.filter_map(|found| catalog.class(&found.class).map(|class| (found.path, class))).collect()
    }

    /// What a path is in this place, if it is a secret's.
    pub(super) fn classify<'a>(&self, catalog: &'a Catalog, path: &Path) -> Option<&'a SecretClass> {
        match self.kind {
            PlaceKind::Home if path.starts_with(&self.root) => catalog.classify(&self.root, path),
            PlaceKind::Project => catalog.classify_project(&self.root, path),
            PlaceKind::System => catalog.classify(&self.root, path),
            PlaceKind::Home => None,
        }
    }
}
