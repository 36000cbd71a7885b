use doorward_protocol::{Coverage, CoverageLevel, Secret};
use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Guarded files remembered at most; beyond it, those that are gone are forgotten.
const ROOM: usize = 65_536;

/// A file, whatever its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectKey {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
}

impl ObjectKey {
    /// The file behind this metadata.
    pub fn of(metadata: &Metadata) -> Self {
        Self { dev: metadata.dev(), ino: metadata.ino() }
    }
}

/// One guarded file.
#[derive(Debug, Clone)]
pub struct Guarded {
    /// How events show it.
    pub secret: Secret,
    /// Whose it is.
    pub owner: u32,
    /// The home or project it lies in.
    pub root: PathBuf,
    /// What is covered.
    pub level: CoverageLevel,
    /// What is not.
    pub note: String,
    /// When the inode was made: an inode number that was given to another file is another file.
    pub born: Option<SystemTime>,
}

/// Every guarded file, by device and inode.
#[derive(Debug, Default)]
pub struct Table {
    by_key: HashMap<ObjectKey, Guarded>,
    by_path: HashMap<PathBuf, ObjectKey>,
    failed: HashMap<PathBuf, Guarded>,
}

impl Table {
    /// The guarded file with this identity.
    pub fn get(&self, key: ObjectKey, born: Option<SystemTime>) -> Option<&Guarded> {
        self.by_key.get(&key).filter(|guarded| born.is_none() || guarded.born == born)
    }

    /// Adds a file; the earlier holder of its path stays guarded under its inode.
    pub fn insert(&mut self, key: ObjectKey, guarded: Guarded) {
        if self.by_key.len() >= ROOM {
            self.forget_gone();
        }
        self.failed.remove(&guarded.secret.path);
        self.by_path.insert(guarded.secret.path.clone(), key);
        self.by_key.insert(key, guarded);
    }

    /// Remembers a file that could not be marked.
    pub fn insert_failed(&mut self, guarded: Guarded) {
        if self.failed.len() < ROOM {
            self.failed.insert(guarded.secret.path.clone(), guarded);
        }
    }

    /// True where the file now at this path is guarded or known to be impossible to guard.
    pub fn coverage_has(&self, path: &Path) -> bool {
        self.failed.contains_key(path)
            || self
                .by_path
                .get(path)
                .is_some_and(|known| path.metadata().is_ok_and(|metadata| ObjectKey::of(&metadata) == *known))
    }

    /// Whose file this path is, where it is guarded.
    pub fn owner_of(&self, path: &Path) -> Option<u32> {
        self.by_path.get(path).and_then(|key| self.by_key.get(key)).map(|guarded| guarded.owner)
    }

    /// How many files are guarded.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// True while nothing is guarded.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// One line per path of this user (of every user where `owner` is `None`), sorted by path.
    pub fn coverage(&self, owner: Option<u32>) -> Vec<Coverage> {
        let current = self.by_path.values().filter_map(|key| self.by_key.get(key));
        let mut lines: Vec<Coverage> = current
            .chain(self.failed.values())
            .filter(|guarded| owner.is_none_or(|uid| uid == guarded.owner))
            .map(|guarded| Coverage {
                path: guarded.secret.path.clone(),
                class: guarded.secret.class.clone(),
                title: guarded.secret.title.clone(),
                tier: guarded.secret.tier,
                level: guarded.level,
                note: guarded.note.clone(),
            })
            .collect();
        lines.sort_by(|a, b| a.path.cmp(&b.path));
        lines.dedup_by(|a, b| a.path == b.path);
        lines
    }

    fn forget_gone(&mut self) {
        let still_there = |path: &Path, key: ObjectKey| {
            path.symlink_metadata().is_ok_and(|metadata| ObjectKey::of(&metadata) == key)
        };
        self.by_key.retain(|key, guarded| still_there(&guarded.secret.path, *key));
        self.by_path.retain(|_, key| self.by_key.contains_key(key));
    }
}
