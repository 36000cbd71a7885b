use super::birth::Birth;
use doorward_protocol::{Coverage, CoverageLevel, Holder, Secret, visible};
use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

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
    /// An inode number that was given to another file is another file.
    pub birth: Birth,
    /// When it was marked: an open that began before is blind to the mark.
    pub marked: Instant,
    /// The process that made the file, where the guard saw it being made.
    pub maker: Option<u32>,
    /// The file that this one is a copy of, in a snapshot.
    pub copy_of: Option<ObjectKey>,
}

/// Every guarded file, by device and inode.
#[derive(Debug, Default)]
pub struct Table {
    by_key: HashMap<ObjectKey, Guarded>,
    by_path: HashMap<PathBuf, ObjectKey>,
    failed: HashMap<PathBuf, Guarded>,
    holders: HashMap<ObjectKey, Vec<Holder>>,
    /// Copies that could not be marked.
    open_copies: HashMap<ObjectKey, u32>,
}

impl Table {
    /// The guarded file with this identity; `birth`: unless its number was given to another file.
    pub fn get(&self, key: ObjectKey, birth: Option<&Birth>) -> Option<&Guarded> {
        self.by_key.get(&key).filter(|guarded| birth.is_none_or(|birth| guarded.birth.is(birth)))
    }

    /// Adds a file, which is true where it was not guarded before; the earlier holder of its path stays
    /// guarded under its inode.
    pub fn insert(&mut self, key: ObjectKey, mut guarded: Guarded) -> bool {
        if self.by_key.len() >= ROOM {
            self.forget_gone();
        }
        self.failed.remove(&guarded.secret.path);
        let known = self.get(key, Some(&guarded.birth)).map(|known| (known.marked, known.maker));
        if let Some((marked, maker)) = known {
            (guarded.marked, guarded.maker) = (marked, maker);
        }
        if guarded.copy_of.is_none() {
            self.by_path.insert(guarded.secret.path.clone(), key);
        }
        self.by_key.insert(key, guarded);
        known.is_none()
    }

    /// Remembers which process made a file.
    pub fn made_by(&mut self, key: ObjectKey, maker: Option<u32>) {
        if let Some(guarded) = self.by_key.get_mut(&key) {
            guarded.maker = guarded.maker.or(maker);
        }
    }

    /// Every guarded file with its path, copies left out.
    pub fn originals(&self) -> Vec<(ObjectKey, PathBuf)> {
        self.by_path.iter().map(|(path, key)| (*key, path.clone())).collect()
    }

    /// Every guarded file.
    pub fn keys(&self) -> Vec<ObjectKey> {
        self.by_key.keys().copied().collect()
    }

    /// Remembers who can read a file without opening it; true where that is news.
    pub fn set_holders(&mut self, key: ObjectKey, holders: Vec<Holder>) -> bool {
        let before = match holders.is_empty() {
            true => self.holders.remove(&key),
            false => self.holders.insert(key, holders.clone()),
        };
        before.unwrap_or_default() != holders
    }

    /// Files that somebody can read without opening them.
    pub fn held(&self) -> Vec<ObjectKey> {
        self.holders.keys().copied().collect()
    }

    /// The guarded copies.
    pub fn copies(&self) -> Vec<(ObjectKey, PathBuf)> {
        let copies = self.by_key.iter().filter(|(_, guarded)| guarded.copy_of.is_some());
        copies.map(|(key, guarded)| (*key, guarded.secret.path.clone())).collect()
    }

    /// Forgets guarded copies, and remembers how many of each file there are that cannot be guarded.
    pub fn set_copies(&mut self, gone: &[ObjectKey], open: HashMap<ObjectKey, u32>) {
        for key in gone {
            self.by_key.remove(key);
        }
        self.open_copies = open;
    }

    /// Forgets the file at this path.
    pub fn forget(&mut self, path: &Path) {
        self.failed.remove(path);
        if let Some(key) = self.by_path.remove(path) {
            self.by_key.remove(&key);
        }
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
        let mut copies: HashMap<ObjectKey, u32> = HashMap::new();
        for original in self.by_key.values().filter_map(|guarded| guarded.copy_of) {
            *copies.entry(original).or_default() += 1;
        }
        let current = self.by_path.values().filter_map(|key| Some((Some(*key), self.by_key.get(key)?)));
        let failed = self.failed.values().map(|guarded| (None, guarded));
        let mine =
            |(_, guarded): &(Option<ObjectKey>, &Guarded)| owner.is_none_or(|uid| uid == guarded.owner);
        let mut lines: Vec<Coverage> = current
            .chain(failed)
            .filter(mine)
            .map(|(key, guarded)| {
                let of = |counts: &HashMap<ObjectKey, u32>| {
                    key.and_then(|key| counts.get(&key).copied()).unwrap_or(0)
                };
                let holders = key.and_then(|key| self.holders.get(&key).cloned()).unwrap_or_default();
                let (marked, open) = (of(&copies), of(&self.open_copies));
                let notes = [guarded.note.clone(), held(&holders), copied(marked, open)];
                Coverage {
                    path: guarded.secret.path.clone(),
                    class: guarded.secret.class.clone(),
                    title: guarded.secret.title.clone(),
                    tier: guarded.secret.tier,
                    level: guarded.level,
                    note: notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join(" "),
                    holders,
                    copies: marked + open,
                }
            })
            .collect();
        lines.sort_by(|a, b| a.path.cmp(&b.path));
        lines.dedup_by(|a, b| a.path == b.path);
        lines
    }

    fn forget_gone(&mut self) {
        self.by_key.retain(|key, guarded| still_there(&guarded.secret.path, *key));
        self.by_path.retain(|_, key| self.by_key.contains_key(key));
        self.holders.retain(|key, _| self.by_key.contains_key(key));
    }
}

fn still_there(path: &Path, key: ObjectKey) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| ObjectKey::of(&metadata) == key)
}

/// What a line says of strangers that have its file open already.
fn held(holders: &[Holder]) -> String {
    let strangers: Vec<String> = holders
        .iter()
        .filter(|holder| !holder.known)
        .map(|holder| {
            let name = holder.exe.file_name().unwrap_or(holder.exe.as_os_str()).to_string_lossy();
            format!("{} (process {})", visible(&name), holder.pid)
        })
        .collect();
    match strangers.is_empty() {
        true => String::new(),
        false => format!(
            "Open already before it was guarded, so not stopped from reading it: {}.",
            strangers.join(", ")
        ),
    }
}

/// What a line says of copies.
fn copied(marked: u32, open: u32) -> String {
    let count = |number: u32| match number {
        1 => "1 copy".to_owned(),
        number => format!("{number} copies"),
    };
    match (marked, open) {
        (0, 0) => String::new(),
        (marked, 0) => format!("In snapshots: {}, guarded too.", count(marked)),
        (0, open) => format!("In snapshots: {} that cannot be guarded.", count(open)),
        (marked, open) => {
            format!("In snapshots: {}, guarded too, and {} that cannot be.", count(marked), count(open))
        }
    }
}
