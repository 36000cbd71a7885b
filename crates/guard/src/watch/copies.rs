//! Copies of guarded files in snapshots: another file system or subvolume, the same bytes.

use super::mounts::Mount;
use crate::sys;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The inode number of the root of every subvolume of btrfs.
pub(super) const SUBVOLUME_ROOT: u64 = 256;
/// Snapshots looked at, at most.
const SNAPSHOTS: usize = 2_000;
const DEPTH: usize = 6;

/// Where the snapshots of a machine lie: below `root` is what lies below `base`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Snapshot {
    root: PathBuf,
    base: PathBuf,
}

impl Snapshot {
    /// Where this snapshot has a file, if its place is part of it.
    pub(super) fn copy_of(&self, file: &Path) -> Option<PathBuf> {
        (!file.starts_with(&self.root))
            .then(|| file.strip_prefix(&self.base).ok())?
            .map(|rest| self.root.join(rest))
    }
}

/// Every snapshot that a folder's files may be in.
pub(super) fn snapshots(folder: &Path, mounts: &[Mount]) -> Vec<Snapshot> {
    let mut found = BTreeSet::new();
    for base in folder.ancestors() {
        for kept in list(&base.join(".snapshots")) {
            let inner = kept.join("snapshot");
            let root = if inner.is_dir() { inner } else { kept };
            found.insert(Snapshot { root, base: base.to_owned() });
        }
    }
    for store in stores() {
        for (folder, base) in [("localhost", "/"), ("@", "/"), ("@home", "/home")] {
            let root = store.join(folder);
            if root.is_dir() {
                found.insert(Snapshot { root, base: base.into() });
            }
        }
    }
    if let (Some(mount), Some(base)) = (Mount::of(mounts, folder), subvolume_of(folder))
        && mount.kind == "btrfs"
    {
        for root in subvolumes(&mount.point, DEPTH) {
            found.insert(Snapshot { root, base: base.clone() });
        }
    }
    found.into_iter().take(SNAPSHOTS).collect()
}

/// The folders in which snapshots of a folder's files are made.
pub(super) fn places_of_snapshots(folder: &Path) -> Vec<PathBuf> {
    let kept = folder.ancestors().map(|base| base.join(".snapshots"));
    kept.chain(timeshift()).filter(|place| place.is_dir()).collect()
}

/// Where Timeshift keeps one snapshot each.
fn stores() -> Vec<PathBuf> {
    timeshift().iter().flat_map(|place| list(place)).collect()
}

fn timeshift() -> Vec<PathBuf> {
    let mounted = list(Path::new("/run/timeshift")).into_iter().map(|run| run.join("backup"));
    let disks = std::iter::once(PathBuf::from("/")).chain(mounted);
    disks
        .flat_map(|disk| ["timeshift", "timeshift-btrfs"].map(|name| disk.join(name).join("snapshots")))
        .collect()
}

/// The root of the subvolume that a folder lies in.
fn subvolume_of(folder: &Path) -> Option<PathBuf> {
    let root = |path: &Path| fs::metadata(path).is_ok_and(|meta| meta.ino() == SUBVOLUME_ROOT);
    folder.ancestors().find(|path| root(path)).map(Path::to_owned)
}

fn subvolumes(root: &Path, depth: usize) -> Vec<PathBuf> {
    let direct = sys::subvolumes(root).unwrap_or_default();
    let mut all = direct.clone();
    if depth > 0 {
        all.extend(direct.iter().flat_map(|below| subvolumes(below, depth - 1)));
    }
    all.truncate(SNAPSHOTS);
    all
}

fn list(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_has_what_lay_below_its_base_and_no_copies_of_its_own() {
        let snapshot = Snapshot { root: "/home/.snapshots/7/snapshot".into(), base: "/home".into() };
        assert_eq!(
            snapshot.copy_of(Path::new("/home/ada/.npmrc")),
            Some("/home/.snapshots/7/snapshot/ada/.npmrc".into())
        );
        assert_eq!(snapshot.copy_of(Path::new("/etc/shadow")), None);
        assert_eq!(snapshot.copy_of(Path::new("/home/.snapshots/7/snapshot/ada/.npmrc")), None);
    }

    #[test]
    fn snapper_and_plain_snapshots_are_found() {
        let home = tempfile::tempdir().expect("folder");
        for name in [".snapshots/1/snapshot/ada", ".snapshots/hourly/ada", "ada"] {
            fs::create_dir_all(home.path().join(name)).expect("folders");
        }
        let found = snapshots(&home.path().join("ada"), &[]);
        let roots: Vec<&Path> =
            found.iter().filter_map(|one| one.root.strip_prefix(home.path()).ok()).collect();
        assert_eq!(roots, [Path::new(".snapshots/1/snapshot"), Path::new(".snapshots/hourly")]);
    }
}
