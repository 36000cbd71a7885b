use std::ffi::CString;
use std::fs::File;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const FAN_PRE_ACCESS: u64 = 0x0010_0000;
const FAN_REPORT_FD_ERROR: u32 = 0x0000_2000;
const FAN_MARK_EVICTABLE: u32 = 0x0000_0200;
const BUFFER_BYTES: usize = 64 * 1024;

/// Why the kernel would not guard something.
#[derive(Debug, thiserror::Error)]
pub enum FanotifyError {
    /// No group could be created at all.
    #[error(
        "opening a fanotify group failed: {0}\nhint: doorwardd needs root and a kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS"
    )]
    Init(#[source] io::Error),
    /// One mark could not be set.
    #[error("marking {path} failed: {source}")]
    Mark {
        /// What was to be marked.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The queue could not be read.
    #[error("reading fanotify events failed: {0}")]
    Read(#[source] io::Error),
}

/// What the group that was opened offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupFeatures {
    /// Class PRE_CONTENT.
    pub pre_content: bool,
    /// Events carry a pidfd.
    pub pidfd: bool,
    /// Lost events carry an error.
    pub fd_error: bool,
}

/// What a mark asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// Opens and pre-content reads of one inode.
    FileFull,
    /// Opens and reads of one inode, where the file system has no pre-content events.
    FileOpens,
    /// Opens of one inode that is no secret yet; the kernel may drop the mark when memory is short.
    Passing,
    /// Opens of the files in a folder.
    Folder,
    /// Starts of one program.
    Exec,
}

/// What the guard says to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Go ahead.
    Allow,
    /// Fail with EPERM.
    Deny,
}

/// One process that waits for an answer.
#[derive(Debug)]
pub struct PermissionEvent {
    /// The file, opened by the kernel for the guard; never raises an event itself.
    pub file: File,
    /// The process.
    pub pid: u32,
    /// The process, immune to reuse of its id.
    pub pidfd: Option<OwnedFd>,
    /// True for an open, false for a read of a descriptor opened earlier.
    pub open: bool,
}

/// A group of permission events. Cloning duplicates the descriptor, not the group.
#[derive(Debug)]
pub struct Group {
    fd: OwnedFd,
    features: GroupFeatures,
}

impl Group {
    /// Opens the richest group that this kernel has, for content (`exec` false) or program starts.
    ///
    /// # Errors
    /// [`FanotifyError::Init`] when even the plainest group is refused.
    pub fn open() -> Result<Self, FanotifyError> {
        let base =
            libc::FAN_CLOEXEC | libc::FAN_NONBLOCK | libc::FAN_UNLIMITED_QUEUE | libc::FAN_UNLIMITED_MARKS;
        let mut last = io::Error::from_raw_os_error(libc::ENOSYS);
        for (pre_content, pidfd, fd_error) in [
            (true, true, true),
            (true, true, false),
            (false, true, true),
            (false, true, false),
            (false, false, false),
        ] {
            let mut flags =
                base | if pre_content { libc::FAN_CLASS_PRE_CONTENT } else { libc::FAN_CLASS_CONTENT };
            if pidfd {
                flags |= libc::FAN_REPORT_PIDFD;
            }
            if fd_error {
                flags |= FAN_REPORT_FD_ERROR;
            }
            match init(flags, libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NOATIME | libc::O_LARGEFILE) {
                Ok(fd) => return Ok(Self { fd, features: GroupFeatures { pre_content, pidfd, fd_error } }),
                Err(error) => last = error,
            }
        }
        Err(FanotifyError::Init(last))
    }

    /// What the group offers.
    pub fn features(&self) -> GroupFeatures {
        self.features
    }

    /// The descriptor, to be polled.
    pub fn fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }

    /// Sets one mark.
    ///
    /// # Errors
    /// [`FanotifyError::Mark`], with EOPNOTSUPP where the file system has no pre-content events.
    pub fn mark(&self, kind: MarkKind, path: &Path) -> Result<(), FanotifyError> {
        let (flags, mask) = mark_of(kind);
        let extra = if kind == MarkKind::Exec { 0 } else { libc::FAN_MARK_DONT_FOLLOW };
        mark(self.fd.as_raw_fd(), libc::FAN_MARK_ADD | flags | extra, mask, path)
            .map_err(|source| FanotifyError::Mark { path: path.to_path_buf(), source })
    }

    /// Takes a mark away that [`Group::mark`] set.
    ///
    /// # Errors
    /// [`FanotifyError::Mark`], where nothing is marked there.
    pub fn unmark(&self, kind: MarkKind, path: &Path) -> Result<(), FanotifyError> {
        let (flags, mask) = mark_of(kind);
        mark(self.fd.as_raw_fd(), libc::FAN_MARK_REMOVE | libc::FAN_MARK_DONT_FOLLOW | flags, mask, path)
            .map_err(|source| FanotifyError::Mark { path: path.to_path_buf(), source })
    }

    /// Marks the object behind an open descriptor (never through a name that may have changed).
    ///
    /// # Errors
    /// As [`Group::mark`].
    pub fn mark_open_file(&self, kind: MarkKind, file: BorrowedFd<'_>) -> Result<(), FanotifyError> {
        let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let (flags, mask) = mark_of(kind);
        mark(self.fd.as_raw_fd(), libc::FAN_MARK_ADD | flags, mask, &path)
            .map_err(|source| FanotifyError::Mark { path, source })
    }

    /// Takes every mark on a file or folder away: from now on nothing is held. What was held before
    /// still waits for its answer.
    ///
    /// # Errors
    /// [`FanotifyError::Mark`], which does not happen while the group is open.
    pub fn unmark_all(&self) -> Result<(), FanotifyError> {
        let anywhere = Path::new("/");
        mark(self.fd.as_raw_fd(), libc::FAN_MARK_FLUSH, 0, anywhere)
            .map_err(|source| FanotifyError::Mark { path: anywhere.to_path_buf(), source })
    }

    /// Everything that waits now; empty when nothing does.
    ///
    /// # Errors
    /// [`FanotifyError::Read`].
    pub fn read(&self, buffer: &mut EventBuffer) -> Result<Vec<PermissionEvent>, FanotifyError> {
        let length = buffer.fill(self.fd.as_raw_fd()).map_err(FanotifyError::Read)?;
        Ok(parse_permission(buffer.bytes(length)))
    }

    /// Answers one event.
    ///
    /// # Errors
    /// ENOENT where the process has been killed meanwhile.
    pub fn answer(&self, file: BorrowedFd<'_>, answer: Answer) -> io::Result<()> {
        self.answer_number(file.as_raw_fd(), answer)
    }

    /// Answers whatever events a predecessor had read and not answered: the kernel matches the
    /// descriptor's number only, so every possible number is tried. Call before the first read.
    pub fn answer_orphans(&self, answer: Answer, highest: RawFd) -> usize {
        (0..highest).filter(|number| self.answer_number(*number, answer).is_ok()).count()
    }

    fn answer_number(&self, number: RawFd, answer: Answer) -> io::Result<()> {
        let response = libc::fanotify_response {
            fd: number,
            response: match answer {
                Answer::Allow => libc::FAN_ALLOW,
                Answer::Deny => libc::FAN_DENY,
            },
        };
        // SAFETY: the pointer and the length describe `response`, which lives through the call.
        let written = unsafe {
            libc::write(
                self.fd.as_raw_fd(),
                (&raw const response).cast(),
                size_of::<libc::fanotify_response>(),
            )
        };
        if written < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// Room for one batch of events, aligned as the kernel writes them.
#[derive(Debug)]
pub struct EventBuffer(Vec<u64>);

impl Default for EventBuffer {
    fn default() -> Self {
        Self(vec![0; BUFFER_BYTES / size_of::<u64>()])
    }
}

impl EventBuffer {
    pub(super) fn fill(&mut self, fd: RawFd) -> io::Result<usize> {
        // SAFETY: the pointer and the length describe the vector's own memory.
        let length = unsafe { libc::read(fd, self.0.as_mut_ptr().cast(), BUFFER_BYTES) };
        if length >= 0 {
            return Ok(length.unsigned_abs());
        }
        let error = io::Error::last_os_error();
        // Anything else is about one event, which the kernel has denied by itself: the file could not
        // be opened for us.
        match error.raw_os_error() {
            Some(libc::EBADF | libc::EINVAL | libc::EFAULT) => Err(error),
            _ => Ok(0),
        }
    }

    pub(super) fn bytes(&self, length: usize) -> &[u8] {
        // SAFETY: any bytes are valid u8; `length` came from read(2) and is at most BUFFER_BYTES.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), length.min(BUFFER_BYTES)) }
    }
}

fn mark_of(kind: MarkKind) -> (u32, u64) {
    match kind {
        MarkKind::FileFull => (0, libc::FAN_OPEN_PERM | FAN_PRE_ACCESS),
        MarkKind::FileOpens => (0, libc::FAN_OPEN_PERM | libc::FAN_ACCESS_PERM),
        MarkKind::Passing => (FAN_MARK_EVICTABLE, libc::FAN_OPEN_PERM),
        MarkKind::Folder => (libc::FAN_MARK_ONLYDIR, libc::FAN_OPEN_PERM | libc::FAN_EVENT_ON_CHILD),
        MarkKind::Exec => (0, libc::FAN_OPEN_EXEC_PERM),
    }
}

/// The running kernel's release, as `uname -r` prints it.
pub fn kernel_release() -> String {
    std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()
}

pub(super) fn init(flags: u32, event_flags: i32) -> io::Result<OwnedFd> {
    // SAFETY: no pointers are involved; a non-negative result is a new descriptor that nobody owns yet.
    unsafe {
        let fd = libc::fanotify_init(flags, event_flags.unsigned_abs());
        if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
    }
}

pub(super) fn mark(group: RawFd, flags: u32, mask: u64, path: &Path) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: `path` is a terminated string that lives through the call.
    let result = unsafe { libc::fanotify_mark(group, flags, mask, libc::AT_FDCWD, path.as_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn parse_permission(mut bytes: &[u8]) -> Vec<PermissionEvent> {
    let mut events = Vec::new();
    while let Some((metadata, records, rest)) = split_event(bytes) {
        bytes = rest;
        let mut pidfd = None;
        for (kind, body) in Records(records) {
            if kind == libc::FAN_EVENT_INFO_TYPE_PIDFD
                && let Some(number) = body.first_chunk::<4>().map(|raw| i32::from_ne_bytes(*raw))
                && number >= 0
            {
                // SAFETY: the kernel just opened this descriptor for us; nobody else owns it.
                pidfd = Some(unsafe { OwnedFd::from_raw_fd(number) });
            }
        }
        if metadata.fd >= 0 {
            // SAFETY: as above.
            let file = unsafe { File::from_raw_fd(metadata.fd) };
            let open = metadata.mask & (libc::FAN_OPEN_PERM | libc::FAN_OPEN_EXEC_PERM) != 0;
            events.push(PermissionEvent { file, pid: metadata.pid.unsigned_abs(), pidfd, open });
        }
    }
    events
}

pub(super) fn split_event(bytes: &[u8]) -> Option<(libc::fanotify_event_metadata, &[u8], &[u8])> {
    if bytes.len() < size_of::<libc::fanotify_event_metadata>() {
        return None;
    }
    // SAFETY: there are enough bytes, and every bit pattern is a valid metadata structure.
    let metadata: libc::fanotify_event_metadata = unsafe { std::ptr::read_unaligned(bytes.as_ptr().cast()) };
    let (start, end) = (usize::from(metadata.metadata_len), metadata.event_len as usize);
    if metadata.vers != libc::FANOTIFY_METADATA_VERSION || end < start || end == 0 {
        return None;
    }
    Some((metadata, bytes.get(start..end)?, bytes.get(end..)?))
}

/// The info records behind an event: kind and body.
pub(super) struct Records<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let header = self.0.first_chunk::<4>()?;
        let length = usize::from(u16::from_ne_bytes([header[2], header[3]]));
        let body = self.0.get(4..length)?;
        self.0 = self.0.get(length..)?;
        Some((header[0], body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_or_senseless_bytes_end_the_parser() {
        for length in 0..40 {
            assert!(parse_permission(&vec![0; length]).is_empty());
            assert!(parse_permission(&vec![0xFF; length]).is_empty());
        }
        assert_eq!(Records(&[4, 0, 0, 0]).next(), None);
        assert_eq!(Records(&[4, 0, 9, 0]).next(), None);
    }
}
