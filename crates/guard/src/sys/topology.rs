//! The group that tells about names appearing in folders.

use super::fanotify::{EventBuffer, FanotifyError, Records, init, mark, split_event};
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The longest file handle of any file system.
const HANDLE_ROOM: usize = 128;

/// Something was created in, moved into or deleted from a watched folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryEvent {
    /// A name appeared in the folder.
    Appeared {
        /// Identifies the folder, as in [`Topology::watch`].
        folder: Vec<u8>,
        /// The name in it.
        name: OsString,
        /// The file itself, for [`Topology::target`], wherever it has gone since; where the kernel tells.
        target: Option<Vec<u8>>,
        /// The process that made it, where it is new and not just renamed.
        maker: Option<u32>,
    },
    /// Events were lost; look at everything again.
    Lost,
}

/// A group that tells about names appearing in folders.
#[derive(Debug)]
pub struct Topology {
    fd: OwnedFd,
    target: bool,
}

impl Topology {
    /// Opens the group, with targets where the kernel has them.
    ///
    /// # Errors
    /// [`FanotifyError::Init`].
    pub fn open() -> Result<Self, FanotifyError> {
        let base = libc::FAN_CLASS_NOTIF
            | libc::FAN_CLOEXEC
            | libc::FAN_NONBLOCK
            | libc::FAN_UNLIMITED_QUEUE
            | libc::FAN_UNLIMITED_MARKS;
        let plain = libc::FAN_REPORT_DIR_FID | libc::FAN_REPORT_NAME;
        let rich = plain | libc::FAN_REPORT_FID | libc::FAN_REPORT_TARGET_FID;
        match init(base | rich, libc::O_RDONLY | libc::O_CLOEXEC) {
            Ok(fd) => Ok(Self { fd, target: true }),
            Err(_) => init(base | plain, libc::O_RDONLY | libc::O_CLOEXEC)
                .map(|fd| Self { fd, target: false })
                .map_err(FanotifyError::Init),
        }
    }

    /// True where moved files are reported with their own identity.
    pub fn reports_targets(&self) -> bool {
        self.target
    }

    /// The descriptor, to be polled.
    pub fn fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Watches one folder; the result names it in later events.
    ///
    /// # Errors
    /// [`FanotifyError::Mark`].
    pub fn watch(&self, folder: &Path) -> Result<Vec<u8>, FanotifyError> {
        let failed = |source| FanotifyError::Mark { path: folder.to_path_buf(), source };
        let mask = libc::FAN_CREATE | libc::FAN_MOVED_TO | libc::FAN_ONDIR;
        let handle = object_handle(folder).map_err(failed)?;
        mark(
            self.fd.as_raw_fd(),
            libc::FAN_MARK_ADD | libc::FAN_MARK_ONLYDIR | libc::FAN_MARK_DONT_FOLLOW,
            mask,
            folder,
        )
        .map_err(failed)?;
        Ok(handle)
    }

    /// The file that an event was about, whatever it is called by now. `folder` lies on the same file
    /// system. The descriptor is O_PATH: nothing is opened for reading, so nobody is asked.
    ///
    /// # Errors
    /// ESTALE where the file is gone, and those of open_by_handle_at(2).
    pub fn target(folder: &Path, target: &[u8]) -> io::Result<File> {
        let folder = File::open(folder)?;
        let handle = target.get(8..).filter(|handle| handle.len() >= 8).ok_or(io::ErrorKind::InvalidData)?;
        let mut room = [0_u32; (8 + HANDLE_ROOM) / 4];
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

    /// Everything that happened since the last call.
    ///
    /// # Errors
    /// [`FanotifyError::Read`].
    pub fn drain(&self, buffer: &mut EventBuffer) -> Result<Vec<DirectoryEvent>, FanotifyError> {
        let mut events = Vec::new();
        loop {
            let length = buffer.fill(self.fd.as_raw_fd()).map_err(FanotifyError::Read)?;
            if length == 0 {
                return Ok(events);
            }
            parse_directory(buffer.bytes(length), &mut events);
        }
    }
}

/// The kernel's name for a file or folder: file system id and file handle, as in the records of events.
pub(super) fn object_handle(folder: &Path) -> io::Result<Vec<u8>> {
    let path = CString::new(folder.as_os_str().as_bytes())?;
    // SAFETY: a zeroed statfs is valid; `path` is terminated and both live through the call.
    let fsid = unsafe {
        let mut stat: libc::statfs = std::mem::zeroed();
        if libc::statfs(path.as_ptr(), &raw mut stat) < 0 {
            return Err(io::Error::last_os_error());
        }
        std::slice::from_raw_parts((&raw const stat.f_fsid).cast::<u8>(), 8).to_vec()
    };
    let mut room = [0_u32; (8 + HANDLE_ROOM) / 4];
    room[0] = HANDLE_ROOM as u32;
    let mut mount = 0;
    // SAFETY: `room` starts as a struct file_handle whose handle_bytes says how much room follows.
    let result = unsafe {
        libc::syscall(
            libc::SYS_name_to_handle_at,
            libc::AT_FDCWD,
            path.as_ptr(),
            room.as_mut_ptr(),
            &raw mut mount,
            0,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let bytes: Vec<u8> = room.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let length = 8 + (room[0] as usize).min(HANDLE_ROOM);
    Ok([fsid, bytes[..length].to_vec()].concat())
}

fn parse_directory(mut bytes: &[u8], events: &mut Vec<DirectoryEvent>) {
    while let Some((metadata, records, rest)) = split_event(bytes) {
        bytes = rest;
        if metadata.mask & libc::FAN_Q_OVERFLOW != 0 {
            events.push(DirectoryEvent::Lost);
            continue;
        }
        let (mut place, mut target) = (None, None);
        for (kind, body) in Records(records) {
            // fsid (8), handle_bytes (4), handle_type (4), handle, and in a DFID record a terminated name
            let Some(size) = body.get(8..12).and_then(|raw| raw.first_chunk::<4>()) else { continue };
            let Some((object, name)) = body.split_at_checked(16 + u32::from_ne_bytes(*size) as usize) else {
                continue;
            };
            match kind {
                libc::FAN_EVENT_INFO_TYPE_DFID_NAME => {
                    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
                    place = Some((object.to_vec(), OsStr::from_bytes(name).to_os_string()));
                }
                libc::FAN_EVENT_INFO_TYPE_FID => target = Some(object.to_vec()),
                _ => {}
            }
        }
        if let Some((folder, name)) = place {
            let maker = (metadata.mask & libc::FAN_CREATE != 0).then(|| metadata.pid.unsigned_abs());
            events.push(DirectoryEvent::Appeared { folder, name, target, maker });
        }
    }
}
