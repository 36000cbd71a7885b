use super::{Catalog, Guarded};
use std::path::{Path, PathBuf};

impl Catalog {
    /// Every secret that exists below a home.
    pub fn expand(&self, _home: &Path) -> Vec<Guarded> {
        Vec::new()
    }

    /// The folders below a home that must be watched so that later files are noticed.
    pub fn watch_dirs(&self, _home: &Path) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Every secret of the system itself (the catalog's absolute paths) that exists.
    pub fn expand_system(&self) -> Vec<Guarded> {
        Vec::new()
    }

    /// The folders of the system that must be watched.
    pub fn watch_dirs_system(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Every secret that exists in a project folder; dependency and build folders are left out.
    pub fn expand_project(&self, _project: &Path) -> Vec<Guarded> {
        Vec::new()
    }

    /// The folders of a project that must be watched.
    pub fn watch_dirs_project(&self, _project: &Path) -> Vec<PathBuf> {
        Vec::new()
    }
}
