use crate::{Asked, GuardState, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything the overview page shows and `doorward status` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Desk {
    /// What the tray icon says.
    pub mood: Mood,
    /// One sentence that answers "am I protected?".
    pub headline: String,
    /// What works and what does not, with reasons.
    pub features: Vec<Feature>,
    /// The guard's state; `None` while no daemon is connected.
    pub guard: Option<GuardState>,
    /// Reads that wait for an answer, oldest first.
    pub asked: Vec<Asked>,
    /// Events of attention or alarm that the user has not looked at.
    pub unseen: u32,
    /// Counts since midnight, local time.
    pub today: Today,
}

/// What the tray icon says, by shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Mood {
    /// A closed door.
    Calm,
    /// A closed door with a dot beside it.
    Attention,
    /// A barred door.
    Alarm,
    /// A door in outline: paused by the user.
    Paused,
    /// A door in outline: something does not work.
    Degraded,
}

/// One thing that can be off by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Feature {
    /// Which: `guard`, `watching`, `scanner`, `tray`, `notifications`, `keyring`.
    pub name: String,
    /// Whether it works.
    pub on: bool,
    /// What it does, or why it does not work and what to do.
    pub note: String,
}

/// Counts since midnight, local time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Today {
    /// Guarded reads that were written down.
    pub reads: u32,
    /// Of these, denied.
    pub denied: u32,
    /// Packages scanned.
    pub scanned: u32,
    /// Of these, suspicious or malicious.
    pub flagged: u32,
}

/// What the user can set; kept in the user's database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default)]
pub struct Settings {
    /// Lock a package away by itself when a scan calls it malicious.
    pub quarantine_malicious: bool,
    /// Show desktop notifications.
    pub notifications: bool,
    /// Tell about new packages from this verdict on.
    pub notify_from: Verdict,
    /// Start with the session.
    pub autostart: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            quarantine_malicious: false,
            notifications: true,
            notify_from: Verdict::Suspicious,
            autostart: true,
        }
    }
}

/// The list of known malware that scans look packages up in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct KnownBad {
    /// When it was made.
    pub issued: Timestamp,
    /// Packages in it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub entries: u64,
    /// True for the one that came with the program, false for one that the user installed.
    pub built_in: bool,
    /// Why the one that the user installed is not in use, with what to do.
    pub problem: Option<String>,
}

/// A few lines of a file around a finding, safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Excerpt {
    /// The file, as asked for.
    pub path: PathBuf,
    /// The number of the first line, from 1.
    pub first_line: u32,
    /// The lines, hidden characters made visible, each cut at 2,000 characters.
    pub lines: Vec<String>,
    /// True where the file goes on after the last line.
    pub more: bool,
}

/// One file or folder inside a sealed package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SealedEntry {
    /// Path inside the package, with `/` between folders.
    pub path: String,
    /// `file`, `folder` or `link`.
    pub kind: String,
    /// Bytes of a file; 0 otherwise.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// Permission bits.
    pub mode: u32,
    /// Where a link points.
    pub target: Option<String>,
}
