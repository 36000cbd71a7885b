//! Package folders that are still being filled. Package managers unpack in place and in no order, and only
//! the folders above are watched: what is new is looked at until it has stopped growing.

use crate::Arrival;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two looks at a folder that may be growing; the same twice, and it is told.
const SOON: Duration = Duration::from_millis(300);
/// Between two looks at one that was told: a slow download may go on later …
const LATER: Duration = Duration::from_secs(2);
/// … within this time.
const LONGEST: Duration = Duration::from_secs(60);
/// Files that are counted at the most.
const COUNTED: usize = 20_000;

#[derive(Debug, Default)]
pub(crate) struct Young(BTreeMap<PathBuf, Growth>);

#[derive(Debug)]
struct Growth {
    arrival: Arrival,
    extent: Extent,
    changed: Instant,
    told: bool,
}

impl Young {
    /// Keeps an arrival back until its folder has stopped growing.
    pub(crate) fn add(&mut self, path: PathBuf, arrival: Arrival) {
        let growth = Growth { arrival, extent: Extent::of(&path), changed: Instant::now(), told: false };
        self.0.insert(path, growth);
    }

    /// Tells what has stopped growing since the last look, and again what grew after it was told.
    pub(crate) fn look(&mut self, out: &mut Vec<Arrival>) {
        let now = Instant::now();
        self.0.retain(|path, growth| {
            let extent = Extent::of(path);
            if extent != growth.extent {
                (growth.extent, growth.changed, growth.told) = (extent, now, false);
            } else if !growth.told {
                out.push(growth.arrival.clone());
                growth.told = true;
            }
            !growth.told || now.duration_since(growth.changed) < LONGEST
        });
    }

    /// When to look again.
    pub(crate) fn due(&self) -> Option<Duration> {
        let untold = self.0.values().any(|growth| !growth.told);
        (!self.0.is_empty()).then_some(if untold { SOON } else { LATER })
    }
}

/// How much is in a folder: number of files, their sizes, the newest change.
#[derive(Debug, Default, PartialEq, Eq)]
struct Extent {
    files: usize,
    bytes: u64,
    newest: (i64, i64),
}

impl Extent {
    fn of(folder: &Path) -> Self {
        let mut extent = Self::default();
        extent.add(folder);
        extent
    }

    fn add(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if self.files == COUNTED {
                return;
            }
            self.files += 1;
            self.newest = self.newest.max((metadata.mtime(), metadata.mtime_nsec()));
            if !metadata.is_dir() {
                self.bytes += metadata.len();
            } else if entry.file_name() != "node_modules" {
                self.add(&entry.path());
            }
        }
    }
}
