use crate::{Decoy, PackageRef, Timestamp};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How the guard answers a read nobody has a rule for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Allow and tell.
    Observe,
    /// Hold and ask; observe while nobody is there to answer.
    Ask,
    /// Deny and tell.
    Block,
}

/// The guard's modes: one for everything, and what it means for each tier unless set apart.
///
/// | `mode`  | packages | tier 1  | tier 2  | tier 3  |
/// |---------|----------|---------|---------|---------|
/// | observe | observe  | observe | observe | observe |
/// | ask     | block    | ask     | observe | observe |
/// | block   | block    | block   | block   | observe |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The overall mode; `observe` wins over everything below it.
    pub mode: Mode,
    /// Reads by a package's script or its descendants, of secrets the package does not own.
    pub packages: Option<Mode>,
    /// Tier 1: private keys, wallets, tokens.
    pub tier1: Option<Mode>,
    /// Tier 2: histories, `.env` files, metadata.
    pub tier2: Option<Mode>,
    /// Tier 3: files that only count towards a sweep.
    pub tier3: Option<Mode>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { mode: Mode::Ask, packages: None, tier1: None, tier2: None, tier3: None }
    }
}

impl Policy {
    /// The mode for a reader nobody knows, by the secret's tier.
    pub fn for_tier(&self, tier: u8) -> Mode {
        if self.mode == Mode::Observe {
            return Mode::Observe;
        }
        match (tier, self.mode) {
            (1, mode) => self.tier1.unwrap_or(mode),
            (2, Mode::Block) => self.tier2.unwrap_or(Mode::Block),
            (2, _) => self.tier2.unwrap_or(Mode::Observe),
            _ => self.tier3.unwrap_or(Mode::Observe),
        }
    }

    /// The mode for package lineage.
    pub fn for_packages(&self) -> Mode {
        if self.mode == Mode::Observe {
            return Mode::Observe;
        }
        self.packages.unwrap_or(Mode::Block)
    }
}

/// A lasting or short-lived answer of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Rule {
    /// Unique within one daemon.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub id: u64,
    /// When it was made.
    pub created: Timestamp,
    /// The user it belongs to and whose secrets it is about.
    pub owner: u32,
    /// What the user decided.
    #[serde(flatten)]
    pub draft: RuleDraft,
    /// When it stops to count, for [`Expiry::Day`].
    pub expires_at: Option<Timestamp>,
}

/// What a user asks for: who may (or may not) read what, for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RuleDraft {
    /// Allow or deny.
    pub verdict: RuleVerdict,
    /// The reader it is about.
    pub who: Who,
    /// The secret it is about.
    pub what: What,
    /// For how long.
    pub expiry: Expiry,
}

/// What a rule answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum RuleVerdict {
    /// The read goes ahead without a question.
    Allow,
    /// The read fails with EPERM.
    Deny,
}

/// The reader a rule is about. Every field that is present must match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(default, deny_unknown_fields)]
pub struct Who {
    /// The executable; the daemon pins its device, inode and SHA-256 when the rule is made.
    pub exe: Option<PathBuf>,
    /// Pinned by the daemon: `dev:ino` in hexadecimal.
    pub inode: Option<String>,
    /// Pinned by the daemon: SHA-256 of the executable.
    pub sha256: Option<String>,
    /// The script, required where the executable is an interpreter.
    pub script: Option<PathBuf>,
    /// The package behind the read.
    pub package: Option<PackageRef>,
    /// One process, as `pid@starttime`, for [`Expiry::Process`].
    pub process: Option<String>,
}

/// The secret a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// One file.
    Path(PathBuf),
    /// Every file of a catalog class, such as `ssh-key`.
    Class(String),
}

/// How long a rule counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Expiry {
    /// For the read that was asked about and nothing else.
    Once,
    /// Until the process ends.
    Process,
    /// Until the machine restarts.
    Restart,
    /// For 24 hours.
    Day,
    /// Until it is removed.
    Always,
}

/// Everything a front end needs to draw the guard's state; part of [`crate::Hello`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GuardState {
    /// The modes in force.
    pub policy: Policy,
    /// While set, everything is observed and nothing denied.
    pub paused_until: Option<Timestamp>,
    /// Rules of the peer's user.
    pub rules: Vec<Rule>,
    /// One line per secret that exists (or would, had its folder existed) for the peer's user.
    pub coverage: Vec<Coverage>,
    /// Decoys of the peer's user; none are shown to what a package's script started.
    #[serde(default)]
    pub decoys: Vec<Decoy>,
    /// What this kernel offers.
    pub kernel: Kernel,
    /// Since the daemon started.
    pub counters: Counters,
    /// What of this machine leaves every guarded file open, one sentence each.
    #[serde(default)]
    pub gaps: Vec<String>,
}

/// What this kernel and file system really cover for one guarded path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Coverage {
    /// The file, or the pattern where no file is there yet.
    pub path: PathBuf,
    /// Catalog class.
    pub class: String,
    /// The catalog's words for the class.
    pub title: String,
    /// 1, 2 or 3.
    pub tier: u8,
    /// How much is covered.
    pub level: CoverageLevel,
    /// What is not, in sentences; empty where everything is.
    pub note: String,
    /// Programs that had the file open before it came under guard, and have it open still.
    #[serde(default)]
    pub holders: Vec<Holder>,
    /// Copies of it in snapshots that programs can reach.
    #[serde(default)]
    pub copies: u32,
}

/// A program that can read a guarded file without opening it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Holder {
    /// Process id.
    pub pid: u32,
    /// Its executable, for display.
    pub exe: PathBuf,
    /// True where the catalog knows it as a reader of this kind of secret.
    pub known: bool,
}

/// How much of a guarded path is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum CoverageLevel {
    /// Opens and reads by passed or mapped descriptors are stopped.
    Full,
    /// Opens are stopped; what the note says is not.
    Opens,
    /// Not guarded; the note says why.
    None,
}

/// What the running kernel offers the guard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Kernel {
    /// `uname -r`.
    pub release: String,
    /// Pre-content events: reads through passed and mapped descriptors are seen.
    pub pre_content: bool,
    /// Events name their process by pidfd.
    pub pidfd: bool,
    /// Events report errors instead of being lost.
    pub fd_error: bool,
    /// Renames and links in guarded folders are reported with their target.
    pub target_fid: bool,
}

/// What the guard has done since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Counters {
    /// Permission events answered.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub answered: u64,
    /// Of these, denied.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub denied: u64,
    /// Of these, asked about.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub asked: u64,
    /// Questions that were answered by their deadline.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub timed_out: u64,
    /// Questions that could not be asked because too many were open.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub overflowed: u64,
    /// Guarded files.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub secrets: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_modes_is_as_documented() {
        let of = |mode| {
            let policy = Policy { mode, ..Policy::default() };
            [policy.for_packages(), policy.for_tier(1), policy.for_tier(2), policy.for_tier(3)]
        };
        use Mode::{Ask, Block, Observe};
        assert_eq!(of(Observe), [Observe; 4]);
        assert_eq!(of(Ask), [Block, Ask, Observe, Observe]);
        assert_eq!(of(Block), [Block, Block, Block, Observe]);
    }

    #[test]
    fn observe_wins_over_a_tier_of_its_own() {
        let policy = Policy { mode: Mode::Observe, tier1: Some(Mode::Block), ..Policy::default() };
        assert_eq!(policy.for_tier(1), Mode::Observe);
    }
}
