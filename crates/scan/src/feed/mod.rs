//! The list of known malware, compiled into the program.
//!
//! `assets/lists/README.md` says how the file is made from public lists; [`build`] says what is taken from
//! them. A user may have [`Installed`] a newer one.

pub mod build;
mod format;
mod installed;

pub use installed::{Installed, MAX_LIST, UpdateError};

use doorward_protocol::{Ecosystem, PackageRef, Timestamp};
use format::{Entry, Feed};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Which list is in force.
#[derive(Debug, Default)]
pub struct FeedStatus {
    /// Where it comes from.
    pub origin: Origin,
    /// When its data was gathered.
    pub issued: Timestamp,
    /// Names and versions in it, popular names included.
    pub entries: usize,
    /// Hash of its entries, in hexadecimal.
    pub digest: String,
    /// Why a list that the user installed is not in force.
    pub problem: Option<UpdateError>,
}

/// Where a list comes from.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Compiled into the program.
    #[default]
    BuiltIn,
    /// Installed by the user, in this file.
    Installed(PathBuf),
}

impl FeedStatus {
    /// The compiled-in list.
    pub fn built_in() -> Self {
        compiled().map(|feed| Self::of(feed, Origin::BuiltIn)).unwrap_or_default()
    }

    fn of(feed: &Feed<'_>, origin: Origin) -> Self {
        Self {
            origin,
            issued: feed.header.issued,
            entries: feed.len(),
            digest: feed.header.digest.clone(),
            problem: None,
        }
    }
}

/// What the list says of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedHit {
    /// The advisory, such as `MAL-2025-1`, or the list it stands in.
    pub id: String,
    /// How sure the list is.
    pub kind: HitKind,
    /// The campaign, where it has a name.
    pub campaign: Option<&'static str>,
}

/// How sure the list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HitKind {
    /// This version, or every version of a name that was never anything else.
    Known,
    /// Every version of a name that many people use: more likely a wrong entry than a malicious package.
    Doubtful,
}

/// Looks a package up by exact name and version.
pub fn lookup(package: &PackageRef) -> Option<FeedHit> {
    feed()?.lookup(package)
}

/// Where a name stands among the most used of its ecosystem, from 1; `None` for all others. The rank is 0 where
/// the ecosystem's list is not ordered.
pub fn popularity(ecosystem: Ecosystem, name: &str) -> Option<u32> {
    feed()?.popularity(ecosystem, name)
}

/// Every popular name of an ecosystem: what a look-alike would imitate.
pub fn popular_names(ecosystem: Ecosystem) -> Vec<String> {
    feed().map(|feed| feed.popular_names(ecosystem)).unwrap_or_default()
}

/// Makes an installed list the one that this process looks packages up in; to be called before the first
/// look-up. False where it cannot be read.
pub(crate) fn adopt(file: &Path) -> bool {
    let list = installed::list_in(file);
    list.and_then(|list| Feed::open(list).ok()).is_some_and(|feed| IN_USE.set(Some(feed)).is_ok())
}

static BYTES: &[u8] = include_bytes!("../../../../assets/lists/feed.bin");
static IN_USE: OnceLock<Option<Feed<'static>>> = OnceLock::new();

fn feed() -> Option<&'static Feed<'static>> {
    IN_USE.get_or_init(|| Feed::open(BYTES).ok()).as_ref()
}

/// The list that came with the program.
/// A claim on every version of a package that stands this high among the most used is a question.
const MOST_RANK_OF_DOUBT: u32 = 10_000;

fn compiled() -> Option<&'static Feed<'static>> {
    static COMPILED: OnceLock<Option<Feed<'static>>> = OnceLock::new();
    COMPILED.get_or_init(|| Feed::open(BYTES).ok()).as_ref()
}

impl Feed<'_> {
    fn lookup(&self, package: &PackageRef) -> Option<FeedHit> {
        let exact = self.entry(package.ecosystem, &package.name, &package.version);
        if let Some(entry) = exact.filter(|_| !package.version.is_empty()) {
            return self.hit(entry, HitKind::Known, package);
        }
        let entry = self.entry(package.ecosystem, &package.name, "*")?;
        // TrapDoor's names were written for it; nobody else ever used them.
        let rank = self.popularity(package.ecosystem, &package.name).filter(|_| entry != Entry::TrapDoor);
        let popular = rank.is_some_and(|rank| rank <= MOST_RANK_OF_DOUBT);
        self.hit(entry, if popular { HitKind::Doubtful } else { HitKind::Known }, package)
    }

    fn hit(&self, entry: Entry, kind: HitKind, package: &PackageRef) -> Option<FeedHit> {
        let hit = |id: String, kind, campaign| Some(FeedHit { id, kind, campaign });
        match entry {
            Entry::Osv { year, number } => hit(format!("MAL-{year}-{number}"), kind, None),
            Entry::RustSec { year, number } => hit(format!("RUSTSEC-{year}-{number:04}"), kind, None),
            Entry::Campaign { source } => {
                let source = self.header.sources.get(source).map_or("a campaign list", String::as_str);
                hit(format!("The {source} list"), kind, None)
            }
            Entry::TrapDoor => hit("The TrapDoor list".into(), kind, Some("TrapDoor")),
            // Version requirements name living crates: their versions are exact knowledge.
            Entry::Except { index } => {
                let except = self.header.excepts.get(index)?;
                except.is_bad(&package.version).then(|| FeedHit {
                    id: except.id.clone(),
                    kind: HitKind::Known,
                    campaign: None,
                })
            }
            Entry::Popular { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(ecosystem: Ecosystem, name: &str, version: &str) -> PackageRef {
        PackageRef { ecosystem, name: name.into(), version: version.into() }
    }

    fn id(ecosystem: Ecosystem, name: &str, version: &str) -> Option<String> {
        lookup(&package(ecosystem, name, version)).map(|hit| hit.id)
    }

    #[test]
    fn the_compiled_list_is_small_and_opens() {
        assert!(feed().is_some_and(|feed| feed.len() > 250_000));
        let size = include_bytes!("../../../../assets/lists/feed.bin").len();
        assert!(size < 4 * 1024 * 1024, "{size} bytes");
    }

    #[test]
    fn every_trapdoor_name_is_known_in_any_version() {
        for (ecosystem, name) in [
            (Ecosystem::Npm, "chain-key-validator"),
            (Ecosystem::Npm, "wallet-backup-verifier"),
            (Ecosystem::Pypi, "Eth_Security.Auditor"),
            (Ecosystem::Cargo, "sui-sdk-build-utils"),
            (Ecosystem::Cargo, "sui_sdk_build_utils"),
        ] {
            for version in ["0.0.1", "99.0.0", ""] {
                let hit = lookup(&package(ecosystem, name, version)).expect(name);
                assert_eq!((hit.kind, hit.campaign), (HitKind::Known, Some("TrapDoor")));
            }
        }
    }

    #[test]
    fn living_packages_match_by_exact_version_only() {
        for (ecosystem, name, bad, good) in [
            (Ecosystem::Npm, "chalk", "5.6.1", "5.6.2"),
            (Ecosystem::Npm, "debug", "4.4.2", "4.4.3"),
            (Ecosystem::Pypi, "num2words", "0.5.15", "0.5.14"),
        ] {
            assert!(id(ecosystem, name, bad).is_some(), "{name} {bad}");
            assert_eq!(id(ecosystem, name, good), None);
            assert_eq!(id(ecosystem, name, ""), None);
        }
    }

    #[test]
    fn crates_with_clean_releases_are_judged_by_their_versions() {
        assert_eq!(id(Ecosystem::Cargo, "arrayref", "0.3.9"), None);
        assert_eq!(id(Ecosystem::Cargo, "arrayref", "0.3.10").as_deref(), Some("RUSTSEC-2026-0260"));
        assert_eq!(id(Ecosystem::Cargo, "onering", "1.4.0"), None);
        assert_eq!(id(Ecosystem::Cargo, "onering", "1.4.2"), None);
        assert_eq!(id(Ecosystem::Cargo, "onering", "1.4.1").as_deref(), Some("RUSTSEC-2026-0175"));
        assert_eq!(id(Ecosystem::Cargo, "acceptxmr-rs", "0.1.0").as_deref(), Some("RUSTSEC-2023-0115"));
    }

    #[test]
    fn popular_names_are_known_by_rank() {
        assert_eq!(popularity(Ecosystem::Npm, "semver"), Some(1));
        assert!(popularity(Ecosystem::Pypi, "Typing_Extensions").is_some());
        assert!(popularity(Ecosystem::Cargo, "serde").is_some());
        assert_eq!(popularity(Ecosystem::Npm, "no-such-name-anywhere"), None);
        assert!(popular_names(Ecosystem::Npm).len() >= 10_000);
    }
}
