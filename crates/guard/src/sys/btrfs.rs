//! The subvolumes of btrfs, snapshots included, that can be reached below a folder.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const GET_SUBVOL_ROOTREF: libc::c_ulong = 0xD000_943D;
const INO_LOOKUP_USER: libc::c_ulong = 0xD000_943E;
const REFERENCES: usize = 255;

#[repr(C)]
struct RootReferences {
    min_tree: u64,
    /// Tree and the folder it lies in.
    found: [[u64; 2]; REFERENCES],
    count: u8,
    padding: [u8; 7],
}

#[repr(C)]
struct Lookup {
    folder: u64,
    tree: u64,
    name: [u8; 256],
    path: [u8; 4096 - 16 - 256],
}

/// The subvolumes directly below the subvolume that this folder is the root of.
///
/// # Errors
/// ENOTTY where it is no btrfs; EINVAL where the folder is no subvolume.
pub fn subvolumes(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let root = File::open(folder)?;
    let mut references =
        RootReferences { min_tree: 0, found: [[0; 2]; REFERENCES], count: 0, padding: [0; 7] };
    let mut found = Vec::new();
    loop {
        // SAFETY: the request takes a pointer to exactly this structure, which lives through the call.
        let more = unsafe { libc::ioctl(root.as_raw_fd(), GET_SUBVOL_ROOTREF, &raw mut references) } < 0;
        let error = io::Error::last_os_error();
        if more && error.raw_os_error() != Some(libc::EOVERFLOW) {
            return Err(error);
        }
        for [tree, inode] in references.found.iter().take(usize::from(references.count)) {
            if let Ok(path) = lookup(&root, *tree, *inode) {
                found.push(folder.join(path));
            }
        }
        if !more || references.count == 0 {
            return Ok(found);
        }
    }
}

/// Where a subvolume lies, below the root of the one above it.
fn lookup(root: &File, tree: u64, folder: u64) -> io::Result<PathBuf> {
    let mut lookup = Lookup { folder, tree, name: [0; 256], path: [0; 4096 - 16 - 256] };
    // SAFETY: as above.
    if unsafe { libc::ioctl(root.as_raw_fd(), INO_LOOKUP_USER, &raw mut lookup) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let text = |bytes: &[u8]| {
        PathBuf::from(OsStr::from_bytes(bytes.split(|byte| *byte == 0).next().unwrap_or_default()))
    };
    Ok(text(&lookup.path).join(text(&lookup.name)))
}
