//! Remembers reports: by what the file system says of a package, then by its content.

use crate::traits::{Traits, order};
use crate::walk::Target;
use doorward_protocol::{PackageRef, PackageReport, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Entries that no scan asked for in so many days are dropped.
const KEPT_DAYS: u32 = 60;
/// Packages are updated more rarely than scanned.
const TRAITS_KEPT_DAYS: u32 = 400;

/// The cache of one scan; written back by [`Cache::save`].
pub(crate) struct Cache {
    file: PathBuf,
    stored: Stored,
    changed: bool,
    today: u32,
}

#[derive(Default, Serialize, Deserialize)]
struct Stored {
    /// Rules and list of known malware that the reports were made with.
    stamp: String,
    /// From the state of a package's files to the key of its content.
    listings: HashMap<String, Seen>,
    /// From the content to the report.
    reports: HashMap<String, PackageReport>,
    /// The traits of versions seen, by package. They outlive the rules: an update of the scanner must not make
    /// it forget what packages used to do.
    #[serde(default)]
    traits: HashMap<String, Vec<Remembered>>,
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    /// The rules the traits were found with.
    stamp: String,
    day: u32,
    traits: Traits,
}

#[derive(Serialize, Deserialize)]
struct Seen {
    content: String,
    path: PathBuf,
    day: u32,
}

impl Cache {
    /// Reads the file. One that is missing, damaged or made with other rules counts as empty: everything in it
    /// can be found out again.
    pub(crate) fn open(file: &Path, stamp: String) -> Self {
        let stored = fs::read(file).ok().and_then(|bytes| serde_json::from_slice::<Stored>(&bytes).ok());
        let stored = match stored {
            Some(stored) if stored.stamp == stamp => stored,
            Some(other) => Stored { stamp, traits: other.traits, ..Stored::default() },
            None => Stored { stamp, ..Stored::default() },
        };
        let today = u32::try_from(Timestamp::now().millis() / 86_400_000).unwrap_or(u32::MAX);
        Self { file: file.into(), stored, changed: false, today }
    }

    pub(crate) fn listing_key(target: &Target, fingerprint: &str, feed: bool) -> String {
        let text = format!("{:?}\0{:?}\0{fingerprint}\0{feed}", target.path, target.place);
        blake3::hash(text.as_bytes()).to_hex().to_string()
    }

    pub(crate) fn content_key(content: &str, feed: bool) -> String {
        format!("{content}{}", if feed { "+" } else { "-" })
    }

    /// The report of files that have not changed.
    pub(crate) fn by_listing(&mut self, key: &str) -> Option<PackageReport> {
        let seen = self.stored.listings.get_mut(key)?;
        let report = self.stored.reports.get(&seen.content)?;
        self.changed |= seen.day != self.today;
        seen.day = self.today;
        Some(PackageReport { path: seen.path.clone(), ..report.clone() })
    }

    /// The report of the same content, wherever it was seen.
    pub(crate) fn by_content(
        &mut self,
        key: &str,
        listing: Option<&str>,
        path: &Path,
    ) -> Option<PackageReport> {
        let report = PackageReport { path: path.into(), ..self.stored.reports.get(key)?.clone() };
        self.see(listing?.to_owned(), key.to_owned(), path.into());
        Some(report)
    }

    pub(crate) fn keep(&mut self, listing: Option<String>, content: Option<String>, report: &PackageReport) {
        if let (Some(listing), Some(content)) = (listing, content) {
            self.see(listing, content.clone(), report.path.clone());
            self.stored.reports.insert(content, report.clone());
        }
    }

    /// The traits of the newest version of the package that is older than this one.
    pub(crate) fn before(&self, package: &PackageRef) -> Option<Traits> {
        let known = self.stored.traits.get(&Traits::key(package))?;
        let older = known.iter().filter(|known| order(&known.traits.version, &package.version).is_lt());
        let newest = older.max_by(|one, other| order(&one.traits.version, &other.traits.version))?;
        let mut traits = newest.traits.clone();
        if newest.stamp != self.stored.stamp {
            // Other rules see other capabilities; that is no change of the package.
            traits.capabilities = Traits::every_capability();
        }
        Some(traits)
    }

    /// Remembers what a version is like.
    pub(crate) fn learn(&mut self, package: &PackageRef, traits: Traits) {
        const MOST_VERSIONS: usize = 4;
        let known = self.stored.traits.entry(Traits::key(package)).or_default();
        known.retain(|known| known.traits.version != traits.version);
        known.push(Remembered { stamp: self.stored.stamp.clone(), day: self.today, traits });
        if known.len() > MOST_VERSIONS {
            known.remove(0);
        }
        self.changed = true;
    }

    fn see(&mut self, listing: String, content: String, path: PathBuf) {
        self.stored.listings.insert(listing, Seen { content, path, day: self.today });
        self.changed = true;
    }

    /// Replaces the file in one step. A cache that cannot be written only costs time, so failures are ignored.
    pub(crate) fn save(mut self) {
        if !self.changed {
            return;
        }
        let long_ago = self.today.saturating_sub(TRAITS_KEPT_DAYS);
        self.stored.traits.retain(|_, known| known.iter().any(|known| known.day >= long_ago));
        let oldest = self.today.saturating_sub(KEPT_DAYS);
        self.stored.listings.retain(|_, seen| seen.day >= oldest);
        let used: std::collections::HashSet<&String> =
            self.stored.listings.values().map(|seen| &seen.content).collect();
        self.stored.reports.retain(|content, _| used.contains(content));
        let _ = self.write();
    }

    fn write(&self) -> std::io::Result<()> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let draft = self.file.with_extension(format!("new-{}", std::process::id()));
        let written = fs::File::create(&draft).and_then(|mut file| {
            file.write_all(&serde_json::to_vec(&self.stored)?)?;
            fs::rename(&draft, &self.file)
        });
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written
    }
}
