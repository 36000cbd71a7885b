//! The group that tells about names appearing in folders.

use super::fanotify::{EventBuffer, FanotifyError, Records, init, mark, split_event};
use super::handle::{object_handle, open_handle};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

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
        open_handle(&folder, handle)
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
