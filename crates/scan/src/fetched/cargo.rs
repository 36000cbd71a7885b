//! Cargo's `registry`: crates as they were fetched, and unpacked.

use super::Versions;
use crate::manifest::split_version;
use crate::walk::{Place, Target, children, file_name};
use doorward_protocol::Ecosystem;
use std::path::Path;

pub(super) fn list(home: &Path, versions: &mut Versions) {
    let crates = |folder: &str| {
        children(&home.join("registry").join(folder)).into_iter().flat_map(|registry| children(&registry))
    };
    for path in crates("cache") {
        if let Some(stem) = file_name(&path).strip_suffix(".crate") {
            let (name, version) = split_version(stem);
            versions.add(name, version, Target::new(path, Place::Archive));
        }
    }
    for path in crates("src").filter(|path| path.join("Cargo.toml").is_file()) {
        let (name, version) = split_version(&file_name(&path));
        versions.add(name, version, Target::new(path, Place::Folder(Some(Ecosystem::Cargo))));
    }
}
