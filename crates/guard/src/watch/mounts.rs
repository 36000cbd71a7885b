//! What is mounted where.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// One mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Where.
    pub(super) point: PathBuf,
    /// Its type.
    pub(super) kind: String,
    /// What is mounted: a device's path, for file systems that lie on one.
    pub(super) source: PathBuf,
}

/// The kernel's table of mounts as this process sees it.
#[derive(Debug)]
pub(super) struct MountTable(File);

impl MountTable {
    pub(super) fn open() -> io::Result<Self> {
        File::open("/proc/self/mountinfo").map(Self)
    }

    /// The descriptor, to be polled for changes.
    pub(super) fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Every mount, in the order of the table: a later one covers an earlier one at the same place.
    pub(super) fn read(&mut self) -> Vec<Mount> {
        let mut bytes = Vec::new();
        let read = self.0.rewind().and_then(|()| self.0.read_to_end(&mut bytes));
        if let Err(error) = read {
            tracing::warn!(%error, "the table of mounts cannot be read");
        }
        bytes.split(|byte| *byte == b'\n').filter_map(Mount::parse).collect()
    }
}

impl Mount {
    fn parse(line: &[u8]) -> Option<Self> {
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let point = words.get(4)?;
        let rest = words.iter().position(|word| *word == b"-")?;
        Some(Self {
            point: unescaped(point),
            kind: String::from_utf8_lossy(words.get(rest + 1)?).into_owned(),
            source: unescaped(words.get(rest + 2)?),
        })
    }

    /// True where something is mounted above or below one of these folders.
    pub(super) fn concerns(&self, folders: &[PathBuf]) -> bool {
        folders.iter().any(|folder| folder.starts_with(&self.point) || self.point.starts_with(folder))
    }

    /// The mount that a path lies on.
    pub(super) fn of<'a>(mounts: &'a [Self], path: &Path) -> Option<&'a Self> {
        let above = mounts.iter().filter(|mount| path.starts_with(&mount.point));
        above.max_by_key(|mount| mount.point.components().count())
    }
}

/// Blanks and the like are written as `\040`.
fn unescaped(word: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let Some((first, after)) = rest.split_first() {
        let number = after.get(..3).filter(|_| *first == b'\\');
        let number = number.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(number.unwrap_or(*first));
        rest = if number.is_some() { &after[3..] } else { after };
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_understood_blanks_and_all() {
        let line =
            b"36 35 98:0 /mnt1 /mnt/my\\040disk rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
        let mount = Mount::parse(line).expect("a mount");
        assert_eq!((mount.point.to_str(), mount.kind.as_str()), (Some("/mnt/my disk"), "ext3"));
        assert_eq!(mount.source, Path::new("/dev/root"));
        assert_eq!(Mount::parse(b"36 35 98:0 /mnt1"), None);
    }

    #[test]
    fn the_innermost_and_latest_mount_counts() {
        let mount = |point: &str, kind: &str| Mount {
            point: point.into(),
            kind: kind.into(),
            source: PathBuf::new(),
        };
        let mounts = [mount("/", "ext4"), mount("/home", "xfs"), mount("/home", "btrfs")];
        assert_eq!(
            Mount::of(&mounts, Path::new("/home/ada")).map(|found| found.kind.as_str()),
            Some("btrfs")
        );
        assert_eq!(Mount::of(&mounts, Path::new("/homes")).map(|found| found.kind.as_str()), Some("ext4"));
    }
}
