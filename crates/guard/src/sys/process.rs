use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// What [`fork_before_threads`] returns into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forked {
    /// The parent, with the child's process id.
    Parent(i32),
    /// The child.
    Child,
}

/// A signal the daemon reacts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM, SIGINT or SIGHUP: end cleanly.
    End,
    /// SIGCHLD: a child ended.
    Child,
    /// SIGUSR1: read the catalog again.
    Reload,
    /// SIGALRM: what [`alarm_in`] was told to wait for took too long.
    Overdue,
}

/// Blocks the signals that [`wait_for_signal`] collects; threads started later inherit this.
pub fn block_signals() {
    let set = waited_signals();
    // SAFETY: `set` is initialised and lives through the call.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
}

/// Waits for one of the signals blocked by [`block_signals`].
pub fn wait_for_signal() -> Signal {
    let set = waited_signals();
    loop {
        let mut number = 0;
        // SAFETY: both pointers are to live, initialised values.
        let result = unsafe { libc::sigwait(&raw const set, &raw mut number) };
        if result == 0 {
            return match number {
                libc::SIGCHLD => Signal::Child,
                libc::SIGUSR1 => Signal::Reload,
                libc::SIGALRM => Signal::Overdue,
                _ => Signal::End,
            };
        }
    }
}

fn waited_signals() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set before anything reads it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        let waited = [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGUSR1, libc::SIGALRM, libc::SIGCHLD];
        for signal in waited {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

/// Forks. Must be called while the process has one thread only.
///
/// # Errors
/// Those of fork(2); and when more than one thread runs.
pub fn fork_before_threads() -> io::Result<Forked> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("fork after threads were started"));
    }
    // SAFETY: the process has a single thread, so the child inherits no lock held by another.
    match unsafe { libc::fork() } {
        0 => Ok(Forked::Child),
        pid if pid > 0 => Ok(Forked::Parent(pid)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Asks for SIGTERM when the parent ends, so that no worker outlives its supervisor.
pub fn die_with_parent(parent: u32) {
    // SAFETY: no pointers are involved.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
        if libc::getppid().unsigned_abs() != parent {
            libc::raise(libc::SIGTERM);
        }
    }
}

/// Collects a child if it has ended: its exit code, or `None` inside where a signal ended it.
pub fn collect_child(pid: i32) -> Option<Option<i32>> {
    let mut status = 0;
    // SAFETY: `status` lives through the call.
    let result = unsafe { libc::waitpid(pid, &raw mut status, libc::WNOHANG) };
    (result == pid).then(|| libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)))
}

/// Sends SIGTERM to a child of ours.
pub fn end_child(pid: i32) {
    // SAFETY: no pointers are involved.
    unsafe { libc::kill(pid, libc::SIGTERM) };
}

/// Sends SIGKILL to a child of ours.
pub fn kill_child(pid: i32) {
    // SAFETY: no pointers are involved.
    unsafe { libc::kill(pid, libc::SIGKILL) };
}

/// Has [`Signal::Overdue`] arrive once after this many seconds.
pub fn alarm_in(seconds: u32) {
    // SAFETY: no pointers are involved.
    unsafe { libc::alarm(seconds) };
}

/// Sends SIGUSR1 to a child of ours.
pub fn reload_child(pid: i32) {
    // SAFETY: no pointers are involved.
    unsafe { libc::kill(pid, libc::SIGUSR1) };
}

/// Raises the limit of open files as far as allowed, so that many held reads cannot exhaust it.
/// Returns the limit in force.
pub fn raise_file_limit(wanted: u64) -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives through each call.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
        let raised = libc::rlimit { rlim_cur: wanted, rlim_max: limit.rlim_max.max(wanted) };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &raw const raised) < 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit);
    }
    limit.rlim_cur
}

/// Waits until one of the descriptors can be read or the time is over; says which can.
pub fn poll_readable<const N: usize>(descriptors: [RawFd; N], timeout: Option<Duration>) -> [bool; N] {
    let mut polled = descriptors.map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
    let millis = timeout.map_or(-1, |time| i32::try_from(time.as_millis()).unwrap_or(i32::MAX));
    // SAFETY: the pointer and the length describe the array.
    unsafe { libc::poll(polled.as_mut_ptr(), N as libc::nfds_t, millis) };
    polled.map(|polled| polled.revents != 0)
}

/// Wakes a thread that sleeps in [`poll_readable`].
#[derive(Debug)]
pub struct Waker(OwnedFd);

impl Waker {
    /// A waker nobody has used yet.
    ///
    /// # Errors
    /// Those of eventfd(2).
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers are involved; a non-negative result is a new descriptor of ours.
        unsafe {
            let fd = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
            if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(Self(OwnedFd::from_raw_fd(fd))) }
        }
    }

    /// The descriptor, to be polled.
    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Wakes the sleeper.
    pub fn wake(&self) {
        let one = 1_u64;
        // SAFETY: eight bytes of a live value.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    /// Forgets earlier wake-ups.
    pub fn clear(&self) {
        let mut count = 0_u64;
        // SAFETY: eight bytes of a live value.
        unsafe { libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8) };
    }
}

/// Puts the calling thread before ordinary ones: programs wait for it. Best effort.
pub fn raise_priority() {
    // SAFETY: no pointers are involved; 0 is the calling thread.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -20) };
}

/// How far the clock that counts suspended time is ahead of the one that does not, in nanoseconds.
pub fn boot_time_offset() -> u64 {
    let now = |clock| {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` lives through the call.
        unsafe { libc::clock_gettime(clock, &raw mut time) };
        time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
    };
    now(libc::CLOCK_BOOTTIME).saturating_sub(now(libc::CLOCK_MONOTONIC))
}

/// Tells the service manager something, where there is one.
pub fn notify_systemd(message: &str) {
    let Some(address) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let address = address.to_string_lossy().into_owned();
    let Ok(socket) = UnixDatagram::unbound() else { return };
    let _ = match address.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)
            .and_then(|address| socket.send_to_addr(message.as_bytes(), &address)),
        None => socket.send_to(message.as_bytes(), &address),
    };
}

/// True where the file lies on a file system that an ordinary user's program serves (FUSE): reading
/// it may take for ever.
pub fn is_remote_controlled(file: &std::fs::File) -> bool {
    const FUSE_SUPER_MAGIC: libc::__fsword_t = 0x6573_5546;
    // SAFETY: a zeroed statfs is valid and lives through the call.
    unsafe {
        let mut stat: libc::statfs = std::mem::zeroed();
        libc::fstatfs(file.as_raw_fd(), &raw mut stat) != 0 || stat.f_type == FUSE_SUPER_MAGIC
    }
}
