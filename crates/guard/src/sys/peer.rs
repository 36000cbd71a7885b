use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

const SO_PEERPIDFD: i32 = 77;

/// Who is at the other end of a connection, as the kernel says.
#[derive(Debug)]
pub struct PeerIdentity {
    /// The process that connected.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
    /// The process, immune to reuse of its id; kernels before 6.5 have none.
    pub pidfd: Option<OwnedFd>,
}

impl PeerIdentity {
    /// True while the process that connected still runs, so that `/proc/PID` is really its own.
    /// Without a pidfd the answer is a guess by the id.
    pub fn is_alive(&self) -> bool {
        match &self.pidfd {
            // SAFETY: no pointers are involved; signal 0 only asks.
            Some(pidfd) => unsafe {
                libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), 0, 0, 0) == 0
            },
            None => std::path::Path::new(&format!("/proc/{}", self.pid)).exists(),
        }
    }
}

/// Asks the kernel who is at the other end.
///
/// # Errors
/// Those of getsockopt(2).
pub fn peer_identity(stream: &UnixStream) -> io::Result<PeerIdentity> {
    let mut credentials = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    option(stream, libc::SO_PEERCRED, &mut credentials)?;
    let mut pidfd: i32 = -1;
    let pidfd = match option(stream, SO_PEERPIDFD, &mut pidfd) {
        // SAFETY: the kernel just opened this descriptor for us; nobody else owns it.
        Ok(()) if pidfd >= 0 => Some(unsafe { OwnedFd::from_raw_fd(pidfd) }),
        _ => None,
    };
    Ok(PeerIdentity { pid: credentials.pid.unsigned_abs(), uid: credentials.uid, pidfd })
}

fn option<T>(stream: &UnixStream, name: i32, value: &mut T) -> io::Result<()> {
    let mut length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the pointer and the length describe `value`, which lives through the call.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            name,
            std::ptr::from_mut(value).cast(),
            &raw mut length,
        )
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
