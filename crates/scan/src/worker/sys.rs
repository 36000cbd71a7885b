//! The calls that no library in use wraps.
#![allow(
    unsafe_code,
    reason = "libc's prctl, setrlimit, mallopt and malloc_trim; each call says why it is sound"
)]

use std::io;

/// Ends this process when the thread that started it ends.
pub(super) fn die_with_parent() -> io::Result<()> {
    // SAFETY: PR_SET_PDEATHSIG takes a signal number and touches no memory of ours.
    let result = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Lowers one resource limit for good.
pub(super) fn limit(resource: libc::__rlimit_resource_t, value: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: the pointer is to a live, initialised rlimit and is only read during the call.
    let result = unsafe { libc::setrlimit(resource, &raw const limit) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Has the allocator give pieces such as a decoder's window back to the system as soon as they are freed. By itself it
/// learns from each large piece to keep larger ones, and the holes between a package's files add up.
pub(super) fn return_large_pieces() {
    const LARGE: libc::c_int = 32 << 10;
    // SAFETY: sets a number of the allocator's; refusing it changes nothing.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}

/// Gives memory that was freed back to the system, which the allocator keeps otherwise.
pub(super) fn release_memory() {
    // SAFETY: takes no pointer and only touches memory that is not in use.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::malloc_trim(0);
    }
}
