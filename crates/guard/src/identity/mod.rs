//! Who is reading: what the kernel says of a process, never what the process says of itself.

mod hash;

pub use hash::HashCache;

use doorward_protocol::{Ancestor, Injection, Reader};
use std::io;
use std::path::PathBuf;

/// Parents looked at, at most.
pub const MAX_ANCESTRY: usize = 14;

/// A process at the moment of its read.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Process id.
    pub pid: u32,
    /// When it started, in clock ticks since boot: with the pid this names one process for good.
    pub start_time: u64,
    /// Real user id.
    pub uid: u32,
    /// Where its executable seems to be; for display, and for matching only where [`Self::exe_proven`].
    pub exe: PathBuf,
    /// True where the file at [`Self::exe`], as the daemon sees it, is the very inode that runs.
    pub exe_proven: bool,
    /// Device of the executable.
    pub dev: u64,
    /// Inode of the executable.
    pub ino: u64,
    /// Owner of the executable.
    pub exe_uid: u32,
    /// Permission bits of the executable.
    pub exe_mode: u32,
    /// Size of the executable in bytes.
    pub exe_size: u64,
    /// Modification time of the executable, in nanoseconds since 1970.
    pub exe_mtime: i128,
    /// Change time of the executable, in nanoseconds since 1970.
    pub exe_ctime: i128,
    /// True where no name of the executable is left on disk.
    pub deleted: bool,
    /// True where the executable only ever existed in memory.
    pub memfd: bool,
    /// True where the process lives in another mount namespace than the system's first process.
    pub mnt_ns_foreign: bool,
    /// Arguments, for display and for naming a script.
    pub cmdline: Vec<String>,
    /// True where the executable runs programs written as text or bytecode.
    pub interpreter: bool,
    /// The script it runs, resolved, where it is an interpreter and the script can be told.
    pub script: Option<PathBuf>,
    /// Owner of the script.
    pub script_uid: Option<u32>,
    /// Permission bits of the script.
    pub script_mode: Option<u32>,
    /// Working directory.
    pub cwd: Option<PathBuf>,
    /// Foreign code or tracers found in the process.
    pub injected: Vec<Injection>,
    /// Process id of the tracer; 0 where there is none.
    pub tracer: u32,
    /// `flatpak:ID` or `snap:NAME`, where the process's cgroup says so.
    pub app: Option<String>,
    /// True where it has a controlling terminal.
    pub tty: bool,
    /// Itself as the attribution sees it.
    pub process: Process,
    /// Parents, nearest first.
    pub ancestry: Vec<Process>,
}

/// A process in a line of descent, with what attribution needs of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Its parent's.
    pub ppid: u32,
    /// When it started, in clock ticks since boot.
    pub start_time: u64,
    /// Real user id.
    pub uid: u32,
    /// Where its executable seems to be.
    pub exe: PathBuf,
    /// Device of the executable.
    pub dev: u64,
    /// Inode of the executable.
    pub ino: u64,
    /// Arguments.
    pub cmdline: Vec<String>,
    /// Working directory.
    pub cwd: Option<PathBuf>,
    /// The variables that attribution reads, and only those.
    pub environ: Vec<(String, String)>,
}

/// Why a process could not be identified.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It ended, or another one took its number.
    #[error("identifying process {pid}: it ended while it was looked at; nothing needs to be done")]
    Gone {
        /// The process.
        pid: u32,
    },
    /// The kernel would not tell.
    #[error("identifying process {pid}: reading {path}: {source}; the daemon must run as root and see /proc")]
    Unreadable {
        /// The process.
        pid: u32,
        /// The file that could not be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Reads everything about a process once, its parents included.
pub fn identify(pid: u32) -> Result<Identity, IdentityError> {
    Err(IdentityError::Gone { pid })
}

impl Identity {
    /// This identity as the protocol shows it; the hash is empty while it has not been computed.
    pub fn reader(&self, sha256: Option<String>) -> Reader {
        Reader {
            pid: self.pid,
            exe: self.exe.clone(),
            inode: format!("{:x}:{:x}", self.dev, self.ino),
            sha256: sha256.unwrap_or_default(),
            cmdline: self.cmdline.clone(),
            uid: self.uid,
            script: self.script.clone(),
            cwd: self.cwd.clone(),
            injected: self.injected.clone(),
            foreign_namespace: self.mnt_ns_foreign,
            ancestry: self.ancestry.iter().map(Process::ancestor).collect(),
        }
    }
}

impl Process {
    /// The value of one of the variables that attribution reads.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.environ.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn ancestor(&self) -> Ancestor {
        Ancestor { pid: self.pid, exe: self.exe.clone(), cmdline: self.cmdline.clone() }
    }
}
