use crate::{PackageRef, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One package locked away in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SealedItem {
    /// Names the item in every command.
    pub id: String,
    /// When it was sealed.
    pub sealed: Timestamp,
    /// Which package, where it is known.
    pub package: Option<PackageRef>,
    /// Where the folder was.
    pub origin: PathBuf,
    /// Why it was sealed.
    pub reason: SealReason,
    /// Files and folders inside.
    pub entries: u32,
    /// Bytes of the files inside.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// Where it stands.
    pub state: SealedState,
}

/// Why a package was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SealReason {
    /// The scan's verdict at that time, where one was made.
    pub verdict: Option<Verdict>,
    /// One sentence.
    pub text: String,
    /// The identifiers of the guard events that led to it.
    #[cfg_attr(feature = "ts", ts(type = "number[]"))]
    pub events: Vec<u64>,
}

/// Where a sealed item stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum SealedState {
    /// Locked away, verified.
    Sealed,
    /// Put back where it came from.
    Restored,
    /// Gone for good; only the entry remains.
    Deleted,
    /// A crash left it half done; the original is still in place or can be recovered.
    Interrupted,
}
