//! The kernel's process connector: births, program starts and ends of processes, told in order and
//! before the process goes on. It is a netlink socket, a queue between this kernel and this process:
//! it has no address on any network, and nothing but the kernel is listened to.

use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

const CN_IDX_PROC: u32 = 1;
const CN_VAL_PROC: u32 = 1;
const LISTEN: u32 = 1;

const ANSWER: u32 = 0;
const FORK: u32 = 0x0000_0001;
const EXEC: u32 = 0x0000_0002;
const UID: u32 = 0x0000_0004;
const PTRACE: u32 = 0x0000_0100;
const EXIT: u32 = 0x8000_0000;

/// A netlink header (16 bytes), then a connector header (20), then the event.
const EVENT: usize = 36;
/// Behind the event's kind, CPU and time come its process ids.
const TIME: usize = EVENT + 8;
const IDS: usize = EVENT + 16;
/// What may wait to be read: some ten thousand events.
const QUEUE_BYTES: libc::c_int = 8 * 1024 * 1024;

/// Something that happened to a process; threads are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessEvent {
    /// A process was made.
    Fork {
        /// By this one.
        parent: u32,
        /// The new one.
        child: u32,
        /// When, in nanoseconds of the monotonic clock.
        time: u64,
    },
    /// It starts another program.
    Exec {
        /// The process.
        pid: u32,
    },
    /// It changed in a way that matters to who it is: a tracer came or went, or its user changed.
    Changed {
        /// The process.
        pid: u32,
    },
    /// It ended, or at least its first thread did.
    Exit {
        /// The process.
        pid: u32,
    },
    /// Events were lost: everything that is remembered may be out of date.
    Lost,
}

/// The connector's queue.
#[derive(Debug)]
pub struct Connector {
    socket: OwnedFd,
}

impl Connector {
    /// Subscribes.
    ///
    /// # Errors
    /// Those of socket(2) and bind(2); and where the kernel does not answer, as in a container with a
    /// process or user namespace of its own.
    pub fn open() -> io::Result<Self> {
        // SAFETY: no pointers are involved; a non-negative result is a new descriptor of ours.
        let socket = unsafe {
            let fd = libc::socket(
                libc::AF_NETLINK,
                libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
                libc::NETLINK_CONNECTOR,
            );
            if fd < 0 {
                return Err(io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(fd)
        };
        let connector = Self { socket };
        // Where it is refused, the default is smaller and events are lost earlier, which is told.
        let _ = connector.option(libc::SO_RCVBUFFORCE, &QUEUE_BYTES);
        connector.bind()?;
        connector.subscribe()?;
        connector.await_answer()?;
        connector.filter()?;
        Ok(connector)
    }

    /// The descriptor, to be polled.
    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// The next event; `None` when nothing waits.
    pub fn next(&self) -> Option<ProcessEvent> {
        loop {
            match self.receive() {
                Ok(message) => {
                    if let Some(event) = message.and_then(|message| parse(&message)) {
                        return Some(event);
                    }
                }
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    return Some(ProcessEvent::Lost);
                }
                Err(_) => return None,
            }
        }
    }

    fn bind(&self) -> io::Result<()> {
        // SAFETY: a zeroed sockaddr_nl is valid, and it lives through the call.
        let result = unsafe {
            let mut address: libc::sockaddr_nl = std::mem::zeroed();
            address.nl_family = libc::AF_NETLINK as libc::sa_family_t;
            address.nl_groups = CN_IDX_PROC;
            libc::bind(
                self.fd(),
                (&raw const address).cast(),
                size_of::<libc::sockaddr_nl>() as libc::socklen_t,
            )
        };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    fn subscribe(&self) -> io::Result<()> {
        let mut message = Vec::with_capacity(EVENT + 4);
        message.extend_from_slice(&(EVENT as u32 + 4).to_ne_bytes());
        message.extend_from_slice(&(libc::NLMSG_DONE as u16).to_ne_bytes());
        message.extend_from_slice(&[0; 10]);
        for word in [CN_IDX_PROC, CN_VAL_PROC, 0, 0] {
            message.extend_from_slice(&word.to_ne_bytes());
        }
        message.extend_from_slice(&4_u16.to_ne_bytes());
        message.extend_from_slice(&[0; 2]);
        message.extend_from_slice(&LISTEN.to_ne_bytes());
        // SAFETY: the pointer and the length describe the vector.
        let sent = unsafe { libc::send(self.fd(), message.as_ptr().cast(), message.len(), 0) };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// The kernel answers before send(2) returns, or never.
    fn await_answer(&self) -> io::Result<()> {
        while let Ok(message) = self.receive() {
            let Some(message) = message else { continue };
            if message.word(EVENT) == Some(ANSWER) {
                return match message.word(IDS) {
                    Some(0) => Ok(()),
                    error => Err(io::Error::from_raw_os_error(error.unwrap_or(0).cast_signed())),
                };
            }
        }
        Err(io::Error::new(io::ErrorKind::Unsupported, "the kernel did not answer"))
    }

    /// Lets nothing into the queue but what [`parse`] understands: threads come and go by the thousand.
    fn filter(&self) -> io::Result<()> {
        const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
        const KEEP: u16 = (libc::BPF_MISC | libc::BPF_TAX) as u16;
        const IF_IS: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
        const IF_KEPT: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_X) as u16;
        const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
        let at = |offset: usize| offset as u32;
        let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
        // The filter loads words in network order, the events are in the machine's own.
        let mut program = [
            step(LOAD, 0, 0, at(EVENT)),
            step(IF_IS, 4, 0, FORK.to_be()),
            step(IF_IS, 7, 0, EXIT.to_be()),
            step(IF_IS, 10, 0, EXEC.to_be()),
            step(IF_IS, 9, 0, PTRACE.to_be()),
            step(IF_IS, 8, 9, UID.to_be()),
            // A fork: the child's thread id and process id.
            step(LOAD, 0, 0, at(IDS + 8)),
            step(KEEP, 0, 0, 0),
            step(LOAD, 0, 0, at(IDS + 12)),
            step(IF_KEPT, 4, 5, 0),
            // An end: thread id and process id.
            step(LOAD, 0, 0, at(IDS)),
            step(KEEP, 0, 0, 0),
            step(LOAD, 0, 0, at(IDS + 4)),
            step(IF_KEPT, 0, 1, 0),
            step(RETURN, 0, 0, u32::MAX),
            step(RETURN, 0, 0, 0),
        ];
        let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
        self.option(libc::SO_ATTACH_FILTER, &program)
    }

    fn option<T>(&self, name: libc::c_int, value: &T) -> io::Result<()> {
        // SAFETY: the pointer and the length describe `value`; what a filter points to lives as long.
        let result = unsafe {
            libc::setsockopt(
                self.fd(),
                libc::SOL_SOCKET,
                name,
                std::ptr::from_ref(value).cast(),
                size_of::<T>() as libc::socklen_t,
            )
        };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    /// One message; `None` inside where it is not from the kernel.
    fn receive(&self) -> io::Result<Option<Message>> {
        let mut message = Message { bytes: [0; 128], length: 0 };
        // SAFETY: a zeroed sockaddr_nl is valid; every pointer and length describes a live value.
        let (length, address) = unsafe {
            let mut address: libc::sockaddr_nl = std::mem::zeroed();
            let mut size = size_of::<libc::sockaddr_nl>() as libc::socklen_t;
            let length = libc::recvfrom(
                self.fd(),
                message.bytes.as_mut_ptr().cast(),
                message.bytes.len(),
                0,
                (&raw mut address).cast(),
                &raw mut size,
            );
            (length, address)
        };
        let Ok(length) = usize::try_from(length) else { return Err(io::Error::last_os_error()) };
        message.length = length.min(message.bytes.len());
        Ok((address.nl_pid == 0).then_some(message))
    }
}

struct Message {
    bytes: [u8; 128],
    length: usize,
}

impl Message {
    fn word(&self, at: usize) -> Option<u32> {
        self.bytes[..self.length].get(at..)?.first_chunk().map(|raw| u32::from_ne_bytes(*raw))
    }

    fn long(&self, at: usize) -> Option<u64> {
        self.bytes[..self.length].get(at..)?.first_chunk().map(|raw| u64::from_ne_bytes(*raw))
    }
}

fn parse(message: &Message) -> Option<ProcessEvent> {
    let [first, second] = [message.word(IDS)?, message.word(IDS + 4)?];
    match message.word(EVENT)? {
        FORK => {
            let child = message.word(IDS + 12)?;
            let whole = message.word(IDS + 8)? == child;
            whole.then_some(ProcessEvent::Fork { parent: second, child, time: message.long(TIME)? })
        }
        EXEC => Some(ProcessEvent::Exec { pid: second }),
        UID | PTRACE => Some(ProcessEvent::Changed { pid: second }),
        EXIT => (first == second).then_some(ProcessEvent::Exit { pid: second }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_child_is_told_from_its_birth_to_its_end_without_its_threads() {
        let connector = Connector::open().expect("the process connector");
        let child = Command::new("/usr/bin/python3")
            .args(["-c", "import threading\nfor _ in range(9):\n t=threading.Thread(target=print); t.start(); t.join()"])
            .stdout(std::process::Stdio::null())
            .spawn();
        let mut child = child.expect("spawn");
        let pid = child.id();
        child.wait().expect("wait");
        let told: Vec<ProcessEvent> = std::iter::from_fn(|| connector.next()).collect();
        let about = |event: &&ProcessEvent| match event {
            ProcessEvent::Fork { child, .. } => *child == pid,
            ProcessEvent::Exec { pid: of } | ProcessEvent::Exit { pid: of } => *of == pid,
            _ => false,
        };
        let kinds: Vec<&ProcessEvent> = told.iter().filter(about).collect();
        assert!(
            matches!(kinds.as_slice(), [
                ProcessEvent::Fork { parent, time: 1.., .. },
                ProcessEvent::Exec { .. },
                ProcessEvent::Exit { .. }
            ] if *parent == std::process::id()),
            "{told:?}"
        );
    }

    #[test]
    fn cut_messages_mean_nothing() {
        for length in 0..EVENT + 24 {
            let message = Message { bytes: [0xFF; 128], length };
            assert_eq!(parse(&message), None);
        }
    }
}
