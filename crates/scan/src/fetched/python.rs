//! What pip and uv keep: answers of the registry, wheels built here, and unpacked wheels.

use super::Versions;
use crate::manifest::{canonical_name, split_version};
use crate::source::python_stem;
use crate::walk::{Place, Target, children, file_name};
use std::path::Path;
use walkdir::WalkDir;

/// Files that are looked into.
const MOST: usize = 20_000;

/// Lists the archives among the answers, in the layout of pip before and since 23.3, and the wheels built here.
pub(super) fn list_pip(cache: &Path, versions: &mut Versions) {
    let files = |folder: &str| {
        let walk = WalkDir::new(cache.join(folder)).max_depth(8).into_iter().flatten();
        walk.filter(|entry| entry.file_type().is_file()).take(MOST).map(walkdir::DirEntry::into_path)
    };
    let bodies = files("http-v2").filter(|path| path.extension().is_some_and(|ending| ending == "body"));
    for path in bodies.chain(files("http")) {
        if let Some(stem) = python_stem(&path) {
            add(&stem, &path, Place::Archive, versions);
        }
    }
    for path in files("wheels").filter(|path| path.extension().is_some_and(|ending| ending == "whl")) {
        add(&file_name(&path), &path, Place::Archive, versions);
    }
}

/// Lists the wheels that uv unpacked.
pub(super) fn list_uv(cache: &Path, versions: &mut Versions) {
    let archives = children(cache).into_iter().filter(|path| file_name(path).starts_with("archive-v"));
    for wheel in archives.flat_map(|archive| children(&archive)).take(MOST) {
        for path in children(&wheel) {
            if let Some(stem) = file_name(&path).strip_suffix(".dist-info") {
                add(stem, &path, Place::Distribution, versions);
            }
        }
    }
}

/// Notes a version under `name-1.2.3`; tags of a wheel may follow.
fn add(stem: &str, path: &Path, place: Place, versions: &mut Versions) {
    let (name, version) = split_version(stem);
    let version = version.split('-').next().unwrap_or_default();
    if !version.is_empty() {
        versions.add(canonical_name(&name), version.to_owned(), Target::new(path, place));
    }
}
