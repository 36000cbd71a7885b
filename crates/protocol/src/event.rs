use crate::{PackageRef, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One thing the guard saw and what it did about it: a row of the journal, a line of
/// `doorward events --json`, a row of the events page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Event {
    /// Version of this shape; 1.
    pub schema: u32,
    /// Unique within one daemon's journal, rising.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub id: u64,
    /// When the guard saw it.
    pub time: Timestamp,
    /// What kind of thing happened.
    pub kind: EventKind,
    /// What the guard answered.
    pub action: Action,
    /// How much of the user's attention it deserves.
    pub importance: Importance,
    /// The user whose secret or package it is; only that user (and root) sees the event.
    pub owner: u32,
    /// The guarded file; for [`EventKind::Exec`] the program that was about to start.
    pub secret: Secret,
    /// The program that asked.
    pub reader: Reader,
    /// The package whose script was behind it, where one was.
    pub package: Option<Attribution>,
    /// Packages one of which may be behind it, where it cannot be told which.
    #[serde(default)]
    pub candidates: Option<Candidates>,
    /// Where the read was part of a sweep through several kinds of secrets: all of them, in order.
    #[serde(default)]
    pub sweep: Vec<Secret>,
    /// One sentence: who wanted what, what was answered and which step of the decision said so.
    pub why: String,
}

/// What kind of thing an event reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum EventKind {
    /// A program opened a guarded file for reading or writing.
    Read,
    /// A package's script was about to start (the exec gate).
    Exec,
    /// The guard itself: started, lost an event, a mark could not be set, a mode changed.
    Guard,
}

/// What the guard answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// The read went ahead.
    Allowed,
    /// The read failed with EPERM.
    Denied,
    /// The read is held until somebody answers or the deadline passes.
    Asked,
}

/// How loud an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Importance {
    /// Written down, shown on the events page, no notification.
    Quiet,
    /// A notification; the tray shows attention.
    Attention,
    /// A package or a decoy is involved; the tray shows alarm.
    Alarm,
}

/// A guarded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Secret {
    /// Where the file is, as the guard knows it (not as the reader spelt it).
    pub path: PathBuf,
    /// The catalog's identifier, such as `ssh-key`.
    pub class: String,
    /// The catalog's words for it, such as "SSH private key".
    pub title: String,
    /// 1: stop strangers; 2: tell; 3: only counts towards a sweep.
    pub tier: u8,
}

/// The program behind a read, identified by what the kernel says of it, never by its own word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Reader {
    /// Process id in the daemon's pid namespace.
    pub pid: u32,
    /// Where its executable seems to be; for display, identity is the inode and the hash.
    pub exe: PathBuf,
    /// Device and inode of the executable, as `dev:ino` in hexadecimal.
    pub inode: String,
    /// SHA-256 of the executable; empty until it has been computed.
    pub sha256: String,
    /// The arguments, for display only.
    pub cmdline: Vec<String>,
    /// The real user id of the process.
    pub uid: u32,
    /// The script it runs, where the executable is an interpreter.
    pub script: Option<PathBuf>,
    /// Working directory, as the daemon sees it.
    pub cwd: Option<PathBuf>,
    /// Foreign code or tracers found in the process.
    pub injected: Vec<Injection>,
    /// True where the process lives in a mount or process namespace other than the daemon's.
    pub foreign_namespace: bool,
    /// The Flatpak or snap that its control group is named after, as `flatpak:ID` or `snap:NAME`; a user can
    /// make a control group of any name, so it is for display only.
    #[serde(default)]
    pub app: Option<String>,
    /// The system's package that brought its executable, such as `openssh-client`.
    #[serde(default)]
    pub system_package: Option<String>,
    /// Parents, nearest first, at most 14.
    pub ancestry: Vec<Ancestor>,
}

/// Something that makes a program not quite itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Injection {
    /// The variable or mechanism: `LD_PRELOAD`, `NODE_OPTIONS`, `tracer`, …
    pub by: String,
    /// Its value, for display.
    pub value: String,
}

/// One parent of a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Ancestor {
    /// Process id.
    pub pid: u32,
    /// Its executable, for display.
    pub exe: PathBuf,
    /// Its arguments, for display.
    pub cmdline: Vec<String>,
}

/// The package whose code was running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Attribution {
    /// Which package.
    #[serde(flatten)]
    pub package: PackageRef,
    /// When its code ran.
    pub stage: Stage,
    /// The lifecycle script's name where there is one: `postinstall`, `setup.py`, `build.rs`.
    pub script: String,
    /// The package's own folder, where it is known.
    pub path: Option<PathBuf>,
    /// The project the package manager worked for, where it is known.
    pub project: Option<PathBuf>,
}

/// Packages one of which may be behind a read: their code runs inside one process, where nothing tells
/// them apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Candidates {
    /// When their code runs: [`Stage::Build`] for procedural macros, [`Stage::Runtime`] for what a
    /// program imports.
    pub stage: Stage,
    /// The project the program belongs to, where it is known.
    pub project: Option<PathBuf>,
    /// The likeliest first: those that were added last.
    pub packages: Vec<PackageRef>,
    /// How many more there are.
    pub more: u32,
}

/// When a package's code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// A lifecycle script while the package is installed.
    Install,
    /// A build back end, build script or procedural macro.
    Build,
    /// Code that runs when the package is imported.
    Import,
    /// Code that runs when the program does.
    Runtime,
}

impl Stage {
    /// The name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Build => "build",
            Self::Import => "import",
            Self::Runtime => "runtime",
        }
    }
}
