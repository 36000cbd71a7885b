//! The kernel's names for files, which no two files ever share.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The longest file handle of any file system.
const HANDLE_ROOM: usize = 128;

/// A struct file_handle: how long it is, its kind, and itself.
type Room = [u32; (8 + HANDLE_ROOM) / 4];

/// The name of an open file on its file system: another one than that of whatever had its inode number before.
///
/// # Errors
/// EOPNOTSUPP where the file system has no such names, and the others of name_to_handle_at(2).
pub fn file_handle(file: &File) -> io::Result<Vec<u8>> {
    handle_at(file.as_raw_fd(), c"", libc::AT_EMPTY_PATH)
}

/// The name of a file or folder: file system id and file handle, as in the records of events.
pub(super) fn object_handle(path: &Path) -> io::Result<Vec<u8>> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: a zeroed statfs is valid; `path` is terminated and both live through the call.
    let fsid = unsafe {
        let mut stat: libc::statfs = std::mem::zeroed();
        if libc::statfs(path.as_ptr(), &raw mut stat) < 0 {
            return Err(io::Error::last_os_error());
        }
        std::slice::from_raw_parts((&raw const stat.f_fsid).cast::<u8>(), 8).to_vec()
    };
    Ok([fsid, handle_at(libc::AT_FDCWD, &path, 0)?].concat())
}

/// Opens a file by its name on the file system that `folder` lies on, with O_PATH.
pub(super) fn open_handle(folder: &File, handle: &[u8]) -> io::Result<File> {
    let mut room: Room = [0; (8 + HANDLE_ROOM) / 4];
    for (word, bytes) in room.iter_mut().zip(handle.chunks(4)) {
        let mut four = [0; 4];
        four[..bytes.len()].copy_from_slice(bytes);
        *word = u32::from_ne_bytes(four);
    }
    let flags = libc::O_PATH | libc::O_CLOEXEC | libc::O_NOFOLLOW;
    // SAFETY: `room` starts as a struct file_handle, whose handle_bytes the kernel wrote and checks
    // against its own limit; a non-negative result is a new descriptor of ours.
    unsafe {
        let fd =
            libc::syscall(libc::SYS_open_by_handle_at, folder.as_raw_fd(), room.as_ptr(), flags) as RawFd;
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(File::from_raw_fd(fd)) }
    }
}

fn handle_at(folder: RawFd, path: &CStr, flags: i32) -> io::Result<Vec<u8>> {
    let mut room: Room = [0; (8 + HANDLE_ROOM) / 4];
    room[0] = HANDLE_ROOM as u32;
    let mut mount = 0;
    // SAFETY: `room` starts as a struct file_handle whose handle_bytes says how much room follows; `path` is
    // terminated.
    let result = unsafe {
        libc::syscall(
            libc::SYS_name_to_handle_at,
            folder,
            path.as_ptr(),
            room.as_mut_ptr(),
            &raw mut mount,
            flags,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let length = 8 + (room[0] as usize).min(HANDLE_ROOM);
    Ok(room.iter().flat_map(|word| word.to_ne_bytes()).take(length).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_name_stays_with_its_file_and_goes_with_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        let mut names = Vec::new();
        for _ in 0..100 {
            fs::write(&first, "").expect("a file");
            let name = file_handle(&File::open(&first).expect("opens")).expect("a name");
            fs::write(&first, "more").expect("written");
            fs::rename(&first, &second).expect("moved");
            assert_eq!(file_handle(&File::open(&second).expect("opens")).expect("a name"), name);
            fs::remove_file(&second).expect("removed");
            names.push(name);
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 100);
    }
}
