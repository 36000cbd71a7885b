use crate::{Ecosystem, PackageRef};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Version of the JSON that `doorward scan --format json` prints.
pub const SCHEMA_VERSION: u32 = 1;

/// What a scan says of a package, from nothing to worry about to certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing found.
    Clean,
    /// Worth knowing, ordinary for many packages.
    Notable,
    /// A person should look before this runs.
    Suspicious,
    /// Do not run.
    Malicious,
}

impl Verdict {
    /// The name used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Notable => "notable",
            Self::Suspicious => "suspicious",
            Self::Malicious => "malicious",
        }
    }
}

/// How much one finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Context.
    Low,
    /// Adds to the score.
    Medium,
    /// Damning beside another one.
    High,
    /// Damning on its own.
    Critical,
}

/// One piece of evidence that a person can open at its line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Finding {
    /// Stable identifier of the rule, such as `B-01`.
    pub rule: String,
    /// What was found, in a few words.
    pub title: String,
    /// How much it weighs.
    pub severity: Severity,
    /// The file inside the package, with `/` between folders.
    pub path: String,
    /// Line, from 1; 0 where the finding is about the whole file.
    pub line: u32,
    /// Column in characters, from 1; 0 where the finding is about the whole line or file.
    pub column: u32,
    /// The line itself, shortened, with hidden characters made visible.
    pub snippet: String,
    /// Why it matters, in a sentence.
    pub why: String,
}

/// Something that was not read, and so is not known to be clean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Unscanned {
    /// The file inside the package; empty where the whole package was not read.
    pub path: String,
    /// Why it was not read, with a hint where there is one.
    pub reason: String,
}

/// What a scan says of one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PackageReport {
    /// The package URL.
    pub purl: String,
    /// Registry family.
    pub ecosystem: Ecosystem,
    /// Name as in the manifest.
    pub name: String,
    /// Version as in the manifest.
    pub version: String,
    /// The folder or archive that was read, as an absolute path.
    pub path: PathBuf,
    /// The verdict.
    pub verdict: Verdict,
    /// From 0 to 100.
    pub score: u32,
    /// The evidence, worst first.
    pub findings: Vec<Finding>,
    /// What was not read.
    pub unscanned: Vec<Unscanned>,
}

impl PackageReport {
    /// The package this report is about.
    pub fn package(&self) -> PackageRef {
        PackageRef { ecosystem: self.ecosystem, name: self.name.clone(), version: self.version.clone() }
    }
}

/// Counts over a whole scan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Summary {
    /// Packages looked at.
    pub packages: u32,
    /// Packages called clean.
    pub clean: u32,
    /// Packages called notable.
    pub notable: u32,
    /// Packages called suspicious.
    pub suspicious: u32,
    /// Packages called malicious.
    pub malicious: u32,
    /// Packages of which something was not read, whatever their verdict.
    pub unscanned: u32,
    /// Bytes read.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// Milliseconds from the first look to the last verdict.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub duration_ms: u64,
}

impl Summary {
    /// Counts one more package.
    pub fn add(&mut self, report: &PackageReport) {
        self.packages += 1;
        match report.verdict {
            Verdict::Clean => self.clean += 1,
            Verdict::Notable => self.notable += 1,
            Verdict::Suspicious => self.suspicious += 1,
            Verdict::Malicious => self.malicious += 1,
        }
        if !report.unscanned.is_empty() {
            self.unscanned += 1;
        }
    }
}

/// What `doorward scan --format json` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ScanReport {
    /// [`SCHEMA_VERSION`].
    pub schema: u32,
    /// Counts.
    pub summary: Summary,
    /// Every package, clean ones too, in the order of their paths.
    pub packages: Vec<PackageReport>,
}

/// What a running scan tells while it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase", tag = "step")]
pub enum ScanProgress {
    /// So many packages were found so far.
    Found {
        /// Packages to scan.
        total: u32,
    },
    /// One package is done.
    Done {
        /// Packages done.
        done: u32,
        /// Packages known so far.
        total: u32,
        /// The one that was just finished.
        report: Box<PackageReport>,
    },
}
