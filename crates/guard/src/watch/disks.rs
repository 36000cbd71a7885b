//! The block devices below guarded files: whoever reads one reads past every mark.

use super::mounts::Mount;
use crate::sys::{self, EventBuffer, FanotifyError, Onlooker};
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::os::fd::RawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The catalog's class of disks.
pub(super) const CLASS: &str = "disk";

const WORLD_READABLE: u32 = 0o004;
const GROUP_READABLE: u32 = 0o040;

/// The disks that are watched, each for the user whose files it was found below.
#[derive(Debug)]
pub(super) struct Disks {
    onlooker: Onlooker,
    nodes: HashMap<Vec<u8>, (PathBuf, u32)>,
    buffer: EventBuffer,
}

impl Disks {
    pub(super) fn open() -> Result<Self, FanotifyError> {
        Ok(Self { onlooker: Onlooker::open()?, nodes: HashMap::new(), buffer: EventBuffer::default() })
    }

    /// The descriptor, to be polled.
    pub(super) fn fd(&self) -> RawFd {
        self.onlooker.fd()
    }

    pub(super) fn watch(&mut self, node: &Path, owner: u32) {
        match self.onlooker.watch(node) {
            Ok(handle) => {
                self.nodes.entry(handle).or_insert_with(|| (node.to_owned(), owner));
            }
            Err(error) => tracing::debug!(%error, "a disk cannot be watched"),
        }
    }

    /// Disks that were opened since the last call: which, whose, and by which process.
    pub(super) fn opened(&mut self) -> Vec<(PathBuf, u32, u32)> {
        let opens = self.onlooker.drain(&mut self.buffer).unwrap_or_else(|error| {
            tracing::warn!(%error, "reads of disks are not told");
            Vec::new()
        });
        let found = opens.into_iter().filter_map(|(handle, pid)| {
            self.nodes.get(&handle).map(|(node, owner)| (node.clone(), *owner, pid))
        });
        found.collect()
    }
}

/// The devices that hold a folder: what is mounted there, and the disks below it.
pub(super) fn below(folder: &Path, mounts: &[Mount]) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let source = Mount::of(mounts, folder).map(|mount| mount.source.clone());
    let device = source
        .and_then(|source| fs::metadata(source).ok())
        .filter(|meta| meta.file_type().is_block_device())
        .map(|meta| meta.rdev())
        .or_else(|| fs::metadata(folder).ok().map(|meta| meta.dev()));
    if let Some(device) = device {
        let (major, minor) = sys::device_numbers(device);
        descend(Path::new(&format!("/sys/dev/block/{major}:{minor}")), &mut found);
    }
    found
}

/// A device's own node, the disk it is a partition of, and the disks it is made of.
fn descend(entry: &Path, found: &mut BTreeSet<PathBuf>) {
    let Ok(entry) = entry.canonicalize() else { return };
    let Ok(about) = fs::read_to_string(entry.join("uevent")) else { return };
    let name = about.lines().find_map(|line| line.strip_prefix("DEVNAME="));
    let node = name.map(|name| Path::new("/dev").join(name));
    let is_there = |node: &PathBuf| fs::metadata(node).is_ok_and(|meta| meta.file_type().is_block_device());
    found.extend(node.filter(is_there));
    if entry.join("partition").exists()
        && let Some(disk) = entry.parent()
    {
        descend(disk, found);
    }
    for part in fs::read_dir(entry.join("slaves")).into_iter().flatten().flatten() {
        descend(&part.path(), found);
    }
}

/// Why a user can read this device without asking anybody, where they can.
pub(super) fn open_to(node: &Path, user: &User) -> Option<String> {
    let meta = fs::metadata(node).ok()?;
    if meta.mode() & WORLD_READABLE != 0 {
        return Some(format!(
            "Every program can read the disk {} directly, past this guard; take the permission away.",
            node.display()
        ));
    }
    let member = meta.mode() & GROUP_READABLE != 0 && meta.gid() != 0 && user.groups.contains(&meta.gid());
    member.then(|| {
        format!(
            "Your programs can read the disk {} directly, past this guard, because you are in its group; leave that group.",
            node.display()
        )
    })
}

/// A user and their groups.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct User {
    groups: BTreeSet<u32>,
}

impl User {
    /// As the system's own files say.
    pub(super) fn of(uid: u32) -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self::parse(uid, &read("/etc/passwd"), &read("/etc/group"))
    }

    fn parse(uid: u32, passwd: &str, group: &str) -> Self {
        let mut groups = BTreeSet::new();
        let mut names = BTreeSet::new();
        for line in passwd.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            if let [name, _, id, gid, ..] = fields[..]
                && id.parse() == Ok(uid)
            {
                names.insert(name);
                groups.extend(gid.parse::<u32>().ok());
            }
        }
        for line in group.lines() {
            let fields: Vec<&str> = line.split(':').collect();
            if let [_, _, gid, members] = fields[..]
                && members.split(',').any(|member| names.contains(member))
            {
                groups.extend(gid.parse::<u32>().ok());
            }
        }
        Self { groups }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_groups_are_the_own_one_and_those_that_name_them() {
        let passwd = "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n";
        let group = "root:x:0:\ndisk:x:6:bob,ada\nvideo:x:44:adam\nada:x:1000:\n";
        assert_eq!(User::parse(1000, passwd, group).groups, BTreeSet::from([6, 1000]));
        assert_eq!(User::parse(1001, passwd, group), User::default());
    }
}
