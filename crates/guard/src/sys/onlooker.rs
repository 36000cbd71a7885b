//! A group that tells who opened a block device. The kernel sends no permission events for devices,
//! and nobody is ever to be kept from one.

use super::fanotify::{EventBuffer, FanotifyError, Records, init, mark, split_event};
use super::handle::object_handle;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::Path;

/// Tells of opens after they happened.
#[derive(Debug)]
pub struct Onlooker(OwnedFd);

impl Onlooker {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// [`FanotifyError::Init`].
    pub fn open() -> Result<Self, FanotifyError> {
        let flags = libc::FAN_CLASS_NOTIF | libc::FAN_CLOEXEC | libc::FAN_NONBLOCK | libc::FAN_REPORT_FID;
        init(flags, libc::O_RDONLY | libc::O_CLOEXEC).map(Self).map_err(FanotifyError::Init)
    }

    /// The descriptor, to be polled.
    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Watches one node; the result names it in later events.
    ///
    /// # Errors
    /// [`FanotifyError::Mark`].
    pub fn watch(&self, node: &Path) -> Result<Vec<u8>, FanotifyError> {
        let failed = |source| FanotifyError::Mark { path: node.to_path_buf(), source };
        let handle = object_handle(node).map_err(failed)?;
        mark(self.0.as_raw_fd(), libc::FAN_MARK_ADD, libc::FAN_OPEN, node).map_err(failed)?;
        Ok(handle)
    }

    /// Who opened what since the last call: the node's name and the process.
    ///
    /// # Errors
    /// [`FanotifyError::Read`].
    pub fn drain(&self, buffer: &mut EventBuffer) -> Result<Vec<(Vec<u8>, u32)>, FanotifyError> {
        let mut opens = Vec::new();
        loop {
            let length = buffer.fill(self.0.as_raw_fd()).map_err(FanotifyError::Read)?;
            if length == 0 {
                return Ok(opens);
            }
            let mut bytes = buffer.bytes(length);
            while let Some((metadata, records, rest)) = split_event(bytes) {
                bytes = rest;
                let node = Records(records).find(|(kind, _)| *kind == libc::FAN_EVENT_INFO_TYPE_FID);
                opens.extend(node.map(|(_, node)| (node.to_vec(), metadata.pid.unsigned_abs())));
            }
        }
    }
}
