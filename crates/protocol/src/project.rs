use crate::{Ecosystem, PackageReport, Summary, Timestamp, Verdict};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A folder the user asked Doorward to watch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Project {
    /// The row in the user's database.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub id: i64,
    /// The folder.
    pub path: PathBuf,
    /// The folder's last component, for display.
    pub name: String,
    /// The ecosystems whose lockfiles or install trees were seen there.
    pub ecosystems: Vec<Ecosystem>,
    /// When it was added.
    pub added: Timestamp,
    /// The last finished scan, if there was one.
    pub last_scan: Option<Timestamp>,
    /// Counts of the last finished scan.
    pub summary: Option<Summary>,
    /// The worst verdict of the last finished scan.
    pub worst: Option<Verdict>,
    /// What is going on.
    pub state: ProjectState,
}

/// What is going on in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase", tag = "is")]
pub enum ProjectState {
    /// Watched; nothing runs.
    Watching,
    /// A scan runs.
    Scanning {
        /// Packages done.
        done: u32,
        /// Packages known so far.
        total: u32,
    },
    /// Not watched.
    Unavailable {
        /// Why, and what to do.
        reason: String,
    },
}

/// One package of a project with its stored verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ProjectPackage {
    /// The project it was found in; `None` for a package found in a cache.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub project: Option<i64>,
    /// When it was scanned.
    pub scanned: Timestamp,
    /// What was found.
    pub report: PackageReport,
}
