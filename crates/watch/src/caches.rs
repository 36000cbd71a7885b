use doorward_protocol::Ecosystem;
use std::path::{Path, PathBuf};

/// The package caches that exist in a home.
pub fn caches(home: &Path) -> Vec<(Ecosystem, PathBuf)> {
    let _ = home;
    Vec::new()
}
