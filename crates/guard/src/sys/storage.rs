//! What a file lies on.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

/// The kinds of file systems on which a guard sees less than everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// Kept in memory.
    Tmpfs,
    /// Layers over other folders.
    Overlay,
    /// On another machine.
    Network,
    /// Served by a program.
    Fuse,
    /// btrfs, whose snapshots are copies.
    Btrfs,
    /// Any other.
    Other,
}

/// What the file behind a descriptor lies on.
pub fn file_system(file: &File) -> FileSystem {
    // SAFETY: a zeroed statfs is valid and lives through the call.
    let kind = unsafe {
        let mut stat: libc::statfs = std::mem::zeroed();
        if libc::fstatfs(file.as_raw_fd(), &raw mut stat) != 0 {
            return FileSystem::Other;
        }
        stat.f_type as u32
    };
    match kind {
        0x0102_1994 | 0x8584_58F6 => FileSystem::Tmpfs,
        0x794C_7630 => FileSystem::Overlay,
        // NFS, SMB, CIFS, 9P, Ceph, AFS.
        0x6969 | 0x517B | 0xFF53_4D42 | 0xFE53_4D42 | 0x0102_1997 | 0x00C3_6400 | 0x6B41_4653 => {
            FileSystem::Network
        }
        0x6573_5546 => FileSystem::Fuse,
        0x9123_683E => FileSystem::Btrfs,
        _ => FileSystem::Other,
    }
}

/// Waits until the mount table changes (true), one of the others can be read, or the time is over.
pub fn wait_for_mounts(table: RawFd, others: &[RawFd], timeout: Duration) -> bool {
    // The table can always be read; POLLPRI tells that it is another one.
    let mut polled = vec![libc::pollfd { fd: table, events: libc::POLLPRI, revents: 0 }];
    polled.extend(others.iter().map(|fd| libc::pollfd { fd: *fd, events: libc::POLLIN, revents: 0 }));
    let millis = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the pointer and the length describe the vector.
    let woken = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, millis) };
    woken > 0 && polled[0].revents & (libc::POLLPRI | libc::POLLERR) != 0
}

/// Device and inode of what a path leads to, as far as this machine knows without asking the file
/// system's server: one that does not answer holds up nobody.
///
/// # Errors
/// Those of statx(2).
pub fn identity_of(path: &Path) -> io::Result<(u64, u64)> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let flags = libc::AT_STATX_DONT_SYNC | libc::AT_NO_AUTOMOUNT;
    // SAFETY: `path` is terminated, a zeroed statx is valid, and both live through the call.
    unsafe {
        let mut about: libc::statx = std::mem::zeroed();
        if libc::statx(libc::AT_FDCWD, path.as_ptr(), flags, libc::STATX_INO, &raw mut about) < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((libc::makedev(about.stx_dev_major, about.stx_dev_minor), about.stx_ino))
    }
}

/// The number a device is known by.
pub fn device_numbers(device: u64) -> (u32, u32) {
    (libc::major(device), libc::minor(device))
}
