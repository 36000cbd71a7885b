//! What is remembered of a decoy, and whether it is still what was planted. Only metadata is looked at.

use doorward_protocol::{Decoy, DecoyKind, DecoyState, Timestamp};
use serde::{Deserialize, Serialize};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// The catalog's class of decoys.
pub const CLASS: &str = "decoy";
/// Decoys one user may have.
pub const MOST: usize = 64;
/// How old a file may be to become a decoy: nobody's key may be turned into one.
const FRESH: Duration = Duration::from_secs(60);

/// A decoy as it was when it was planted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planted {
    /// Where it lies.
    pub path: PathBuf,
    /// What it looks like.
    pub kind: DecoyKind,
    /// When it became a decoy.
    pub planted: Timestamp,
    dev: u64,
    ino: u64,
    size: u64,
    modified: (i64, i64),
    born: Option<SystemTime>,
}

impl Planted {
    /// A file that becomes a decoy now.
    pub fn new(path: PathBuf, kind: DecoyKind, metadata: &Metadata) -> Self {
        Self {
            path,
            kind,
            planted: Timestamp::now(),
            dev: metadata.dev(),
            ino: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            born: metadata.created().ok(),
        }
    }

    /// Whether the file is still the one that was planted.
    pub fn state(&self) -> DecoyState {
        match self.path.symlink_metadata() {
            Ok(now)
                if Self { planted: self.planted, ..Self::new(self.path.clone(), self.kind, &now) }
                    == *self =>
            {
                DecoyState::Intact
            }
            Ok(_) => DecoyState::Changed,
            Err(_) => DecoyState::Gone,
        }
    }

    /// This decoy as front ends show it.
    pub fn shown(&self, owner: u32) -> Decoy {
        Decoy { path: self.path.clone(), kind: self.kind, owner, planted: self.planted, state: self.state() }
    }
}

/// True where the file was made just now; false too where the file system does not say when.
pub fn is_fresh(metadata: &Metadata) -> bool {
    metadata.created().is_ok_and(|born| born.elapsed().map_or(true, |age| age < FRESH))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_decoy_that_was_written_to_replaced_or_deleted_is_noticed() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("id_backup");
        fs::write(&path, "made up").expect("write");
        let metadata = path.metadata().expect("metadata");
        assert!(is_fresh(&metadata));
        let planted = Planted::new(path.clone(), DecoyKind::Ssh, &metadata);
        assert_eq!(planted.state(), DecoyState::Intact);
        let kept = serde_json::to_string(&planted).expect("JSON");
        assert_eq!(serde_json::from_str::<Planted>(&kept).expect("JSON"), planted);

        let other = folder.path().join("other");
        fs::write(&other, "made up").expect("write");
        fs::rename(&other, &path).expect("replace");
        assert_eq!(planted.state(), DecoyState::Changed);
        fs::remove_file(&path).expect("remove");
        assert_eq!(planted.state(), DecoyState::Gone);
    }
}
