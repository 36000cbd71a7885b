//! The caches that package managers share between projects.

use crate::install::yarn_cache;
use crate::snapshot::{Interest, Snapshot, Stamp};
use doorward_protocol::Ecosystem;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How a cache is read.
type Reading = fn(&mut Snapshot, &Path);

const KNOWN: &[(Ecosystem, &str, Reading)] = &[
    (Ecosystem::Npm, ".npm/_cacache", npm),
    (Ecosystem::Npm, ".local/share/pnpm/store", pnpm),
    (Ecosystem::Npm, ".cache/yarn", yarn_classic),
    (Ecosystem::Npm, ".yarn/berry/cache", yarn_cache),
    (Ecosystem::Pypi, ".cache/pip", pip),
    (Ecosystem::Pypi, ".cache/uv", uv),
    (Ecosystem::Cargo, ".cargo/registry", cargo),
];

/// The package caches that exist in a home.
pub fn caches(home: &Path) -> Vec<(Ecosystem, PathBuf)> {
    let all = KNOWN.iter().map(|(ecosystem, path, _)| (*ecosystem, home.join(path)));
    all.filter(|(_, path)| path.is_dir()).collect()
}

pub(crate) fn read(home: &Path) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for (_, path, reading) in KNOWN {
        let path = home.join(path);
        if path.is_dir() {
            reading(&mut snapshot, &path);
        } else {
            wait_for(&mut snapshot, home, &path);
        }
    }
    snapshot
}

/// Watches the nearest folder that exists, so that a cache is noticed when it is made.
fn wait_for(snapshot: &mut Snapshot, home: &Path, cache: &Path) {
    let nearest = cache.ancestors().skip(1).find(|folder| folder.is_dir());
    if let Some(folder) = nearest.filter(|folder| folder.starts_with(home)) {
        snapshot.watch(folder, Interest::Names);
    }
}

/// Downloads come through `tmp` and end under their hash; those that are archives are packages.
fn npm(snapshot: &mut Snapshot, path: &Path) {
    snapshot.watch(path, Interest::All);
    let waiting = path.join("tmp");
    if waiting.is_dir() {
        snapshot.watch(&waiting, Interest::All);
    }
    let content = path.join("content-v2");
    for algorithm in snapshot.folders_in(&content) {
        snapshot.watch(&algorithm, Interest::All);
        for first in snapshot.folders_in(&algorithm) {
            for second in snapshot.folders_in(&first) {
                for (name, kind) in snapshot.names(&second) {
                    let file = second.join(name);
                    if kind.is_file() && is_gzip(&file) {
                        let stamp = Stamp::of_file(&file);
                        snapshot.package(file, Ecosystem::Npm, stamp);
                    }
                }
            }
        }
    }
}

fn is_gzip(path: &Path) -> bool {
    let mut magic = [0; 2];
    File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == [0x1f, 0x8b]
}

/// The store keeps single files by their hash, which say nothing alone; whole packages are only found in the
/// projects that link them.
fn pnpm(snapshot: &mut Snapshot, path: &Path) {
    snapshot.watch(path, Interest::Names);
}

/// `v6/npm-name-version-hash/node_modules/name`.
fn yarn_classic(snapshot: &mut Snapshot, path: &Path) {
    snapshot.watch(path, Interest::All);
    for version in snapshot.folders_in(path) {
        if !version.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"v")) {
            continue;
        }
        snapshot.watch(&version, Interest::All);
        for entry in snapshot.folders_in(&version) {
            let modules = entry.join("node_modules");
            for package in snapshot.folders_in(&modules) {
                let scoped =
                    package.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"@"));
                let packages = if scoped { snapshot.folders_in(&package) } else { vec![package] };
                for package in packages {
                    // Written when the package is complete.
                    if package.join(".yarn-metadata.json").exists() {
                        let stamp = Stamp::of_file(&package.join("package.json"));
                        snapshot.package(package, Ecosystem::Npm, stamp);
                    } else {
                        snapshot.unfinished = true;
                    }
                }
            }
        }
    }
}

/// Wheels that pip built itself, four folders down; its downloads are not kept as archives.
fn pip(snapshot: &mut Snapshot, path: &Path) {
    snapshot.watch(path, Interest::All);
    let wheels = path.join("wheels");
    if wheels.is_dir() {
        snapshot.watch(&wheels, Interest::All);
        wheels_below(snapshot, &wheels, 5);
    }
}

fn wheels_below(snapshot: &mut Snapshot, path: &Path, depth: usize) {
    for (name, kind) in snapshot.names(path) {
        let full = path.join(name);
        if kind.is_dir() && depth > 0 {
            wheels_below(snapshot, &full, depth - 1);
        } else if kind.is_file() && full.extension().is_some_and(|extension| extension == "whl") {
            let stamp = Stamp::of_file(&full);
            snapshot.package(full, Ecosystem::Pypi, stamp);
        }
    }
}

/// `archive-v0/hash/` is an unpacked wheel.
fn uv(snapshot: &mut Snapshot, path: &Path) {
    snapshot.watch(path, Interest::All);
    let archives = path.join("archive-v0");
    if !archives.is_dir() {
        return;
    }
    snapshot.watch(&archives, Interest::All);
    for archive in snapshot.folders_in(&archives) {
        for folder in snapshot.folders_in(&archive) {
            if folder.extension().is_some_and(|extension| extension == "dist-info") {
                let stamp = Stamp::of_file(&folder.join("RECORD"));
                snapshot.package(folder, Ecosystem::Pypi, stamp);
            }
        }
    }
}

fn cargo(snapshot: &mut Snapshot, path: &Path) {
    snapshot.watch(path, Interest::All);
    for (kind, is_source) in [("cache", false), ("src", true)] {
        let folder = path.join(kind);
        if !folder.is_dir() {
            continue;
        }
        snapshot.watch(&folder, Interest::All);
        for index in snapshot.folders_in(&folder) {
            snapshot.watch(&index, Interest::All);
            if is_source { crate_sources(snapshot, &index) } else { crate_archives(snapshot, &index) }
        }
    }
}

fn crate_sources(snapshot: &mut Snapshot, index: &Path) {
    for source in snapshot.folders_in(index) {
        let complete = source.join(".cargo-ok");
        if complete.exists() {
            let stamp = Stamp::of_file(&complete);
            snapshot.package(source, Ecosystem::Cargo, stamp);
        } else {
            snapshot.unfinished = true;
        }
    }
}

fn crate_archives(snapshot: &mut Snapshot, index: &Path) {
    for (name, kind) in snapshot.names(index) {
        let archive = index.join(name);
        if kind.is_file() && archive.extension().is_some_and(|extension| extension == "crate") {
            let stamp = Stamp::of_file(&archive);
            snapshot.package(archive, Ecosystem::Cargo, stamp);
        }
    }
}
