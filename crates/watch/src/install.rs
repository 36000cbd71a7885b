//! Reads a project: its lockfiles, its instruction files and the upper level of its install trees.

use crate::names::{INSTRUCTION_FOLDERS, is_barren, is_instruction, is_lockfile, is_project, is_venv_name};
use crate::snapshot::{Interest, Snapshot, Stamp};
use doorward_protocol::Ecosystem;
use std::path::{Path, PathBuf};

/// How far below the root workspaces are looked for.
const WORKSPACE_DEPTH: usize = 3;
/// Folders looked at on that search.
const WORKSPACE_FOLDERS: usize = 2_000;
/// Instruction files remembered per project.
const INSTRUCTIONS: usize = 2_000;

/// The packages that a project's install trees contain now, sorted.
pub fn packages_of(project: &Path) -> Vec<PathBuf> {
    read(project).packages.into_keys().collect()
}

pub(crate) fn read(project: &Path) -> Snapshot {
    let mut snapshot = Snapshot::default();
    let mut budget = WORKSPACE_FOLDERS;
    snapshot.watch(project, Interest::Names);
    folder(&mut snapshot, project, 0, &mut budget);
    snapshot
}

fn folder(snapshot: &mut Snapshot, path: &Path, depth: usize, budget: &mut usize) {
    if depth > 0 && is_project(path) {
        snapshot.watch(path, Interest::Names);
    }
    for (name, kind) in snapshot.names(path) {
        let full = path.join(&name);
        if !kind.is_dir() {
            if is_lockfile(&name) {
                snapshot.lockfiles.insert(full.clone(), Stamp::of_file(&full));
            } else if is_instruction(&name) {
                snapshot.instructions.insert(full.clone(), Stamp::of_file(&full));
            }
        } else if name == "node_modules" {
            node_modules(snapshot, &full, true);
        } else if is_venv_name(&name) || full.join("pyvenv.cfg").exists() {
            venv(snapshot, &full);
        } else if name == "vendor" {
            vendored_crates(snapshot, &full);
        } else if name == ".yarn" {
            yarn_cache(snapshot, &full.join("cache"));
        } else if INSTRUCTION_FOLDERS.iter().any(|known| name == *known) {
            instructions(snapshot, &full, 0);
        } else if !is_barren(&name) && depth < WORKSPACE_DEPTH && *budget > 0 {
            *budget -= 1;
            folder(snapshot, &full, depth + 1, budget);
        }
    }
}

/// Packages, scopes and pnpm's store of one `node_modules`; only the outermost is watched, as package
/// managers end by writing a file there.
fn node_modules(snapshot: &mut Snapshot, path: &Path, outermost: bool) {
    if outermost {
        snapshot.watch(path, Interest::All);
    }
    for folder in snapshot.folders_in(path) {
        let name = folder.file_name().unwrap_or_default();
        if name == ".pnpm" {
            pnpm(snapshot, &folder);
        } else if name.as_encoded_bytes().starts_with(b"@") {
            if outermost {
                snapshot.watch(&folder, Interest::All);
            }
            for package in snapshot.folders_in(&folder) {
                npm_package(snapshot, package);
            }
        } else if !name.as_encoded_bytes().starts_with(b".") {
            npm_package(snapshot, folder);
        }
    }
}

fn npm_package(snapshot: &mut Snapshot, path: PathBuf) {
    // A hidden name is one that the package manager is not done with.
    if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
        return;
    }
    let manifest = path.join("package.json");
    if !manifest.exists() {
        snapshot.unfinished = true;
        return;
    }
    let nested = path.join("node_modules");
    if nested.is_dir() {
        node_modules(snapshot, &nested, false);
    }
    let stamp = Stamp::of(&path, &manifest);
    snapshot.package(path, Ecosystem::Npm, stamp);
}

/// `.pnpm/name@version/node_modules/name` holds the files; everything else is links to there.
fn pnpm(snapshot: &mut Snapshot, path: &Path) {
    snapshot.watch(path, Interest::All);
    for entry in snapshot.folders_in(path) {
        if entry.file_name().is_some_and(|name| name != "node_modules") {
            node_modules(snapshot, &entry.join("node_modules"), false);
        }
    }
}

fn venv(snapshot: &mut Snapshot, path: &Path) {
    snapshot.watch(path, Interest::All);
    let lib = path.join("lib");
    if lib.is_dir() {
        snapshot.watch(&lib, Interest::All);
    }
    for version in snapshot.folders_in(&lib) {
        if version.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"python")) {
            let packages = version.join("site-packages");
            if packages.is_dir() {
                site_packages(snapshot, &packages);
            } else {
                snapshot.watch(&version, Interest::All);
                snapshot.unfinished = true;
            }
        }
    }
}

fn site_packages(snapshot: &mut Snapshot, path: &Path) {
    snapshot.watch(path, Interest::All);
    for folder in snapshot.folders_in(path) {
        let extension = folder.extension().unwrap_or_default();
        if extension == "dist-info" {
            // The last thing that installers write.
            let record = folder.join("RECORD");
            if record.exists() {
                let stamp = Stamp::of(&folder, &record);
                snapshot.package(folder, Ecosystem::Pypi, stamp);
            } else {
                snapshot.unfinished = true;
            }
        } else if extension == "egg-info" {
            let stamp = Stamp::of(&folder, &folder.join("PKG-INFO"));
            snapshot.package(folder, Ecosystem::Pypi, stamp);
        }
    }
}

fn vendored_crates(snapshot: &mut Snapshot, path: &Path) {
    snapshot.watch(path, Interest::All);
    for folder in snapshot.folders_in(path) {
        let checksums = folder.join(".cargo-checksum.json");
        if checksums.exists() {
            let stamp = Stamp::of(&folder, &checksums);
            snapshot.package(folder, Ecosystem::Cargo, stamp);
        }
    }
}

pub(crate) fn yarn_cache(snapshot: &mut Snapshot, path: &Path) {
    if !path.is_dir() {
        return;
    }
    snapshot.watch(path, Interest::All);
    for (name, kind) in snapshot.names(path) {
        let archive = path.join(name);
        if kind.is_file() && archive.extension().is_some_and(|extension| extension == "zip") {
            let stamp = Stamp::of_file(&archive);
            snapshot.package(archive, Ecosystem::Npm, stamp);
        }
    }
}

fn instructions(snapshot: &mut Snapshot, path: &Path, depth: usize) {
    snapshot.watch(path, Interest::All);
    for (name, kind) in snapshot.names(path) {
        let full = path.join(name);
        if kind.is_dir() && depth < 2 {
            instructions(snapshot, &full, depth + 1);
        } else if kind.is_file() && snapshot.instructions.len() < INSTRUCTIONS {
            let stamp = Stamp::of_file(&full);
            snapshot.instructions.insert(full, stamp);
        }
    }
}
