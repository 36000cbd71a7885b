//! Who has a guarded file open already: what a descriptor reads that was opened before its file was
//! guarded, the kernel does not report.

use super::table::ObjectKey;
use crate::looks::Looks;
use crate::sys;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The owner's permission to read, which the kernel shows on links of descriptors opened for reading.
const READABLE: u32 = 0o400;
/// Processes looked at, at most.
const PROCESSES: usize = 32_768;

/// One process and one guarded file it can read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Holding {
    pub(super) pid: u32,
    pub(super) key: ObjectKey,
}

/// Every process that can read one of these files without opening it, the daemon's own left out.
pub(super) fn holders(looks: &Looks, wanted: HashSet<ObjectKey>) -> Vec<Holding> {
    let own = [std::process::id(), std::os::unix::process::parent_id()];
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let pids = pids.filter(|pid| !own.contains(pid)).take(PROCESSES).collect();
    let inodes: HashSet<u64> = wanted.iter().map(|key| key.ino).collect();
    let found = looks.at_each(pids, move |pid| {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let open = descriptors(&folder).chain(mapped(&folder, &inodes));
        open.filter(|key| wanted.contains(key)).collect::<HashSet<ObjectKey>>()
    });
    let each = found.into_iter();
    each.flat_map(|(pid, keys)| keys.into_iter().map(move |key| Holding { pid, key })).collect()
}

/// What a process has open for reading.
fn descriptors(folder: &Path) -> impl Iterator<Item = ObjectKey> {
    let links = fs::read_dir(folder.join("fd")).into_iter().flatten().flatten();
    links.filter_map(|link| {
        let readable = link.metadata().is_ok_and(|own| own.mode() & READABLE != 0);
        readable.then(|| key_of(&link.path())).flatten()
    })
}

/// What a process has mapped. The table of mappings names the inode but, on btrfs, another device; so
/// a mapping with a wanted inode is looked at itself.
fn mapped(folder: &Path, inodes: &HashSet<u64>) -> Vec<ObjectKey> {
    let Ok(maps) = File::open(folder.join("maps")) else { return Vec::new() };
    let lines = BufReader::new(maps).split(b'\n').map_while(Result::ok);
    let ranges = lines.filter_map(|line| {
        // The name at the end may be anything; what comes before it is not.
        let mut words = line.split(|byte| *byte == b' ').map(|word| std::str::from_utf8(word).unwrap_or(""));
        let range = words.next()?;
        inodes.contains(&words.nth(3)?.parse().ok()?).then(|| range.to_owned())
    });
    ranges.filter_map(|range| key_of(&folder.join("map_files").join(range))).collect()
}

fn key_of(link: &Path) -> Option<ObjectKey> {
    sys::identity_of(link).ok().map(|(dev, ino)| ObjectKey { dev, ino })
}
