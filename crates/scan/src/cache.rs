//! Remembers reports: by what the file system says of a package, then by its content.

use crate::walk::Target;
use doorward_protocol::{PackageReport, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Entries that no scan asked for in so many days are dropped.
const KEPT_DAYS: u32 = 60;

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
        let stored = stored
            .filter(|stored| stored.stamp == stamp)
            .unwrap_or_else(|| Stored { stamp, ..Stored::default() });
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

    fn see(&mut self, listing: String, content: String, path: PathBuf) {
        self.stored.listings.insert(listing, Seen { content, path, day: self.today });
        self.changed = true;
    }

    /// Replaces the file in one step. A cache that cannot be written only costs time, so failures are ignored.
    pub(crate) fn save(mut self) {
        if !self.changed {
            return;
        }
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
