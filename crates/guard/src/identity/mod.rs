//! Who is reading: what the kernel says of a process, never what the process says of itself.

mod hash;
mod injected;
mod owner;
mod proc;
mod script;
mod shown;
mod situation;

#[cfg(test)]
pub(crate) mod held;
#[cfg(test)]
mod tests;

pub use hash::HashCache;
pub use owner::Owners;

use crate::attribution;
use doorward_protocol::{Ancestor, Injection, Reader};
use script::Interpreter;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Parents looked at, and told, at most.
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
    /// True where the process lives in another mount or process namespace than the system's first process and
    /// the daemon.
    pub mnt_ns_foreign: bool,
    /// Arguments, for display and for naming a script.
    pub cmdline: Vec<String>,
    /// True where the executable runs programs written as text or bytecode.
    pub interpreter: bool,
    /// The script it runs, resolved, where it is an interpreter and the script can be told.
    pub script: Option<PathBuf>,
    /// The module it runs, where it is Python in isolated mode.
    pub module: Option<String>,
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
    /// Effective user id.
    pub uid: u32,
    /// True where it has a controlling terminal.
    pub tty: bool,
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
    /// The variables that attribution reads or that bring foreign code in, and only those.
    pub environ: Vec<(String, String)>,
    /// The file name it was started by, where it is an interpreter.
    pub started_as: Option<PathBuf>,
    /// The script that Node.js runs, with all links followed.
    pub script: Option<PathBuf>,
    /// True where all this was read as its program started: a process can overwrite its arguments and
    /// its environment later.
    pub at_start: bool,
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
///
/// The caller holds the process still (its read waits for an answer), so only a kill can make the
/// facts belong to two processes; the start time, compared before and after, tells that.
pub fn identify(pid: u32) -> Result<Identity, IdentityError> {
    identify_with(pid, None, ancestry)
}

/// Like [`identify`], with what is remembered of the start of its program, and with parents told by
/// somebody who saw them be parents.
pub(crate) fn identify_with(
    pid: u32,
    start: Option<&Process>,
    parents: impl FnOnce(&Process) -> Vec<Process>,
) -> Result<Identity, IdentityError> {
    let stat = proc::stat(pid).map_err(|source| refused(pid, "stat", source))?;
    let (uid, tracer) = proc::uid_and_tracer(pid).map_err(|source| refused(pid, "status", source))?;
    let exe_link = proc::path(pid, "exe");
    let exe = fs::read_link(&exe_link).map_err(|source| refused(pid, "exe", source))?;
    let meta = fs::metadata(&exe_link).map_err(|source| refused(pid, "exe", source))?;
    let process = match start {
        Some(start) if (start.dev, start.ino) == (meta.dev(), meta.ino()) => {
            Process { pid, ppid: stat.ppid, start_time: stat.start_time, tty: stat.tty, ..start.clone() }
        }
        _ => Process::read(pid)?,
    };

    let mut identity = Identity {
        pid,
        start_time: stat.start_time,
        uid,
        exe_proven: same_file(&exe, &meta),
        dev: meta.dev(),
        ino: meta.ino(),
        exe_uid: meta.uid(),
        exe_mode: meta.mode() & 0o7777,
        exe_size: meta.size(),
        exe_mtime: nanoseconds(meta.mtime(), meta.mtime_nsec()),
        exe_ctime: nanoseconds(meta.ctime(), meta.ctime_nsec()),
        deleted: meta.nlink() == 0,
        memfd: exe.to_string_lossy().starts_with("/memfd:"),
        mnt_ns_foreign: is_foreign(pid),
        cmdline: process.cmdline.clone(),
        interpreter: false,
        script: None,
        module: None,
        script_uid: None,
        script_mode: None,
        cwd: proc::link(pid, "cwd"),
        injected: Vec::new(),
        tracer,
        app: proc::app(pid),
        tty: stat.tty,
        ancestry: parents(&process),
        process,
        exe,
    };
    identity.look_inside();

    match proc::stat(pid) {
        Ok(again) if again.start_time == stat.start_time => Ok(identity),
        _ => Err(IdentityError::Gone { pid }),
    }
}

/// What `/proc` says of a process at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) pid: u32,
    pub(crate) ppid: u32,
    /// In clock ticks since boot.
    pub(crate) start_time: u64,
}

/// Every process that runs. Never waits for any of them.
pub(crate) fn all_processes() -> Vec<Seen> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| {
        let stat = proc::stat(pid).ok()?;
        Some(Seen { pid, ppid: stat.ppid, start_time: stat.start_time })
    })
    .collect()
}

/// Where a process's executable seems to be; never waits for the process.
pub(crate) fn executable(pid: u32) -> Option<PathBuf> {
    proc::link(pid, "exe")
}

/// A process's working folder now; never waits for the process.
pub(crate) fn working_folder(pid: u32) -> Option<PathBuf> {
    proc::link(pid, "cwd")
}

/// Files that a process has mapped to run them.
pub(crate) fn loaded_libraries(pid: u32) -> Vec<PathBuf> {
    proc::executable_maps(pid)
}

/// The variables that attribution reads.
fn wanted_by_attribution(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "npm_package_name",
        "npm_package_version",
        "npm_package_json",
        "npm_lifecycle_event",
        "npm_command",
        "npm_config_user_agent",
        "INIT_CWD",
        "CARGO_PKG_NAME",
        "CARGO_PKG_VERSION",
        "CARGO_MANIFEST_DIR",
        "OUT_DIR",
        "PEP517_BUILD_BACKEND",
        "_PYPROJECT_HOOKS_BUILD_BACKEND",
        "PIP_BUILD_TRACKER",
        "VIRTUAL_ENV",
    ];
    NAMES.contains(&name)
}

/// The parents a process has now.
fn ancestry(process: &Process) -> Vec<Process> {
    let mut parents: Vec<Process> = Vec::new();
    let mut child_start = process.start_time;
    let mut pid = process.ppid;
    while pid > 1 && parents.len() < MAX_ANCESTRY {
        let Ok(parent) = Process::read(pid) else { break };
        // A parent that is younger than its child took a number that was free again.
        if parent.start_time > child_start {
            break;
        }
        child_start = parent.start_time;
        pid = parent.ppid;
        parents.push(parent);
    }
    parents
}

/// A process that sees other mounts than the system's first process and than the daemon can be shown
/// any file under any name; one that counts processes by itself is in a container of some kind.
fn is_foreign(pid: u32) -> bool {
    ["ns/mnt", "ns/pid"].iter().any(|namespace| {
        let own = fs::read_link(Path::new("/proc/self").join(namespace)).ok();
        let its = proc::link(pid, namespace);
        its.is_none() || (its != own && its != proc::link(1, namespace))
    })
}

fn same_file(path: &Path, meta: &fs::Metadata) -> bool {
    fs::metadata(path).is_ok_and(|seen| seen.dev() == meta.dev() && seen.ino() == meta.ino())
}

fn nanoseconds(seconds: i64, rest: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(rest)
}

fn refused(pid: u32, name: &str, source: io::Error) -> IdentityError {
    if source.kind() == io::ErrorKind::NotFound || source.raw_os_error() == Some(libc::ESRCH) {
        return IdentityError::Gone { pid };
    }
    IdentityError::Unreadable { pid, path: proc::path(pid, name), source }
}

/// True where a file of this name runs programs written as text or bytecode.
pub fn is_interpreter(exe: &std::path::Path) -> bool {
    script::Interpreter::of(exe).is_some()
}

impl Identity {
    /// This identity as the protocol shows it; the hash is empty while it has not been computed.
    pub fn reader(&self, sha256: Option<String>) -> Reader {
        Reader {
            pid: self.pid,
            exe: self.exe.clone(),
            inode: format!("{:x}:{:x}", self.dev, self.ino),
            sha256: sha256.unwrap_or_default(),
            cmdline: shown::words(&self.cmdline, shown::READER),
            uid: self.uid,
            script: self.script.clone(),
            cwd: self.cwd.clone(),
            injected: self.injected.iter().map(shown_injection).collect(),
            foreign_namespace: self.mnt_ns_foreign,
            app: self.app.clone(),
            system_package: None,
            ancestry: self.ancestry.iter().take(MAX_ANCESTRY).map(Process::ancestor).collect(),
        }
    }

    /// True where its executable is the very file of root's that its path says.
    pub fn is_the_systems(&self) -> bool {
        self.exe_proven && self.exe_uid == 0 && !self.deleted && !self.mnt_ns_foreign
    }

    /// A process of which only this is remembered.
    pub(crate) fn recalled(process: Process, ancestry: Vec<Process>) -> Self {
        Self {
            pid: process.pid,
            start_time: process.start_time,
            uid: process.uid,
            exe: process.exe.clone(),
            exe_proven: false,
            dev: process.dev,
            ino: process.ino,
            exe_uid: u32::MAX,
            exe_mode: 0,
            exe_size: 0,
            exe_mtime: 0,
            exe_ctime: 0,
            deleted: false,
            memfd: false,
            mnt_ns_foreign: true,
            cmdline: process.cmdline.clone(),
            interpreter: is_interpreter(&process.exe),
            script: None,
            module: None,
            script_uid: None,
            script_mode: None,
            cwd: process.cwd.clone(),
            injected: Vec::new(),
            tracer: 0,
            app: None,
            tty: false,
            ancestry,
            process,
        }
    }

    /// The process and its parents, nearest first.
    pub fn line(&self) -> impl DoubleEndedIterator<Item = &Process> {
        std::iter::once(&self.process).chain(&self.ancestry)
    }

    /// Finds the script an interpreter runs and the foreign code in the process.
    fn look_inside(&mut self) {
        let interpreter = Interpreter::of(&self.exe);
        let invocation = interpreter.map(|kind| kind.read(&self.cmdline)).unwrap_or_default();
        self.injected = injected::find(self, interpreter, &invocation);
        let Some(kind) = interpreter else { return };
        self.interpreter = true;
        self.module.clone_from(&invocation.module);

        let started = self.process.started_as.as_deref().map(|name| self.absolute(name));
        let script = match &started {
            // Started through its `#!` line: the kernel was given the script itself.
            Some(name) if !self.is_exe(name) => Some(name.clone()),
            _ => invocation.script.map(|name| self.absolute(Path::new(&name))),
        };
        if let Some(name) = started
            && kind == Interpreter::Python
            && self.is_exe(&name)
            && !fs::symlink_metadata(&name).is_ok_and(|link| link.uid() == self.exe_uid)
        {
            // A virtual environment: the same executable, but other modules.
            self.injected.push(Injection { by: "started through".into(), value: name.display().to_string() });
        }
        let Some(script) = script.and_then(|name| fs::canonicalize(name).ok()) else { return };
        if let Ok(meta) = fs::metadata(&script)
            && meta.is_file()
        {
            self.script_uid = Some(meta.uid());
            self.script_mode = Some(meta.mode() & 0o7777);
            self.script = Some(script);
        }
    }

    fn is_exe(&self, path: &Path) -> bool {
        fs::metadata(path).is_ok_and(|meta| meta.dev() == self.dev && meta.ino() == self.ino)
    }

    fn absolute(&self, path: &Path) -> PathBuf {
        self.process.cwd.as_deref().unwrap_or(Path::new("/")).join(path)
    }
}

impl Process {
    /// A process as it is now. Its arguments and environment are its own memory, which it can keep locked,
    /// and its script may lie anywhere: never to be called on a thread that must not wait.
    pub(crate) fn read(pid: u32) -> Result<Self, IdentityError> {
        // First what is gone first: the environment and the folder of a process that is about to end.
        let environ = proc::environ(pid, |name| wanted_by_attribution(name) || injected::may_inject(name));
        let cwd = proc::link(pid, "cwd");
        let cmdline = proc::cmdline(pid);
        let exe = proc::link(pid, "exe").unwrap_or_default();
        // A kernel thread or a zombie has no executable, and none is needed to go on upwards.
        let meta = fs::metadata(proc::path(pid, "exe")).ok();
        let owner = fs::metadata(format!("/proc/{pid}"));
        let stat = match proc::stat(pid) {
            Ok(stat) => stat,
            Err(_) if cwd.is_some() => proc::Stat::default(),
            Err(source) => return Err(refused(pid, "stat", source)),
        };
        let interpreter = is_interpreter(&exe);
        let mut process = Self {
            pid,
            ppid: stat.ppid,
            start_time: stat.start_time,
            uid: owner.map_or(u32::MAX, |owner| owner.uid()),
            tty: stat.tty,
            dev: meta.as_ref().map_or(0, MetadataExt::dev),
            ino: meta.as_ref().map_or(0, MetadataExt::ino),
            cmdline,
            cwd,
            environ,
            started_as: interpreter.then(|| proc::exec_name(pid)).flatten(),
            script: None,
            at_start: false,
            exe,
        };
        process.script = attribution::script_of(&process).and_then(|script| script.canonicalize().ok());
        Ok(process)
    }

    /// The value of one of the variables that are read.
    pub fn env(&self, name: &str) -> Option<&str> {
        self.environ.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn ancestor(&self) -> Ancestor {
        let cmdline = shown::words(&self.cmdline, shown::PARENT);
        Ancestor { pid: self.pid, exe: self.exe.clone(), cmdline }
    }
}

fn shown_injection(injection: &Injection) -> Injection {
    Injection { by: injection.by.clone(), value: shown::text(&injection.value, shown::VALUE) }
}
