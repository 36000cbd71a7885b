//! From patterns to what is on disk. Nothing is opened: folders are listed and files are stat'ed,
//! because opening a guarded file would wait for the daemon's own answer.

use super::pattern::Segment;
use super::{Catalog, Guarded, Pattern};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A home may hold anything; these keep a strange one from keeping the daemon busy.
const MAX_DEPTH: usize = 10;
const MAX_ENTRIES_PER_PATTERN: usize = 20_000;
const MAX_PROJECT_DEPTH: usize = 6;
const MAX_PROJECT_FOLDERS: usize = 2_000;

/// Folders of a project that hold other people's or generated files.
const NOT_THE_PROJECT: &[&str] = &[
    "node_modules",
    "target",
    ".venv",
    "venv",
    "__pycache__",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".ruff_cache",
    ".yarn",
    ".pnpm-store",
    ".next",
    ".nuxt",
    ".svelte-kit",
    ".turbo",
    ".gradle",
    "site-packages",
];

impl Catalog {
    /// Every secret that exists below a home.
    ///
    /// A secret that is a symbolic link is given as the file it leads to, if that belongs to the
    /// home's owner too: nobody can have another's file guarded by pointing at it.
    pub fn expand(&self, home: &Path) -> Vec<Guarded> {
        let walk = self.walk(home, |pattern| !pattern.is_absolute());
        walk.files.into_iter().filter_map(|(path, real)| self.guarded(home, &path, real)).collect()
    }

    /// The folders below a home that must be watched so that later files are noticed: every existing
    /// folder on the way of every pattern.
    pub fn watch_dirs(&self, home: &Path) -> Vec<PathBuf> {
        self.walk(home, |pattern| !pattern.is_absolute()).folders.into_iter().collect()
    }

    /// Every secret of the system itself (the catalog's absolute paths) that exists.
    pub fn expand_system(&self) -> Vec<Guarded> {
        let root = Path::new("/");
        let walk = self.walk(root, Pattern::is_absolute);
        walk.files.into_iter().filter_map(|(path, real)| self.guarded(root, &path, real)).collect()
    }

    /// The folders of the system that must be watched.
    pub fn watch_dirs_system(&self) -> Vec<PathBuf> {
        let mut folders = self.walk(Path::new("/"), Pattern::is_absolute).folders;
        // The root's own children are opened by everybody all the time.
        folders.remove(Path::new("/"));
        folders.into_iter().collect()
    }

    /// Every secret that exists in a project folder; dependency and build folders are left out.
    pub fn expand_project(&self, project: &Path) -> Vec<Guarded> {
        let mut found = Vec::new();
        for folder in self.watch_dirs_project(project) {
            for (path, is_file) in list(&folder) {
                if !is_file {
                    continue;
                }
                if let Some(class) = self.classify_project(project, &path) {
                    found.push(Guarded { path, class: class.id.clone() });
                }
            }
        }
        found
    }

    /// The folders of a project that must be watched.
    pub fn watch_dirs_project(&self, project: &Path) -> Vec<PathBuf> {
        let mut found = vec![project.to_owned()];
        let mut level = vec![project.to_owned()];
        for _ in 0..MAX_PROJECT_DEPTH {
            let mut next = Vec::new();
            for folder in level {
                let below = list(&folder).into_iter().filter(|(path, is_file)| {
                    !is_file && !NOT_THE_PROJECT.iter().any(|name| path.ends_with(name))
                });
                // Of .git itself only the configuration matters, not the thousands of objects.
                next.extend(below.map(|(path, _)| path).filter(|_| !folder.ends_with(".git")));
            }
            found.extend(next.iter().cloned());
            if found.len() >= MAX_PROJECT_FOLDERS {
                found.truncate(MAX_PROJECT_FOLDERS);
                break;
            }
            level = next;
        }
        found
    }

    fn walk(&self, base: &Path, wanted: impl Fn(&Pattern) -> bool) -> Walk {
        let owner = fs::metadata(base).map_or(0, |meta| meta.uid());
        let mut walk = Walk { owner, ..Walk::default() };
        for pattern in self.secrets.iter().flat_map(|class| &class.paths).filter(|pattern| wanted(pattern)) {
            for segments in pattern.alternatives() {
                walk.entries_left = MAX_ENTRIES_PER_PATTERN;
                walk.enter(base, segments, MAX_DEPTH);
            }
        }
        walk
    }

    fn guarded(&self, home: &Path, path: &Path, real: PathBuf) -> Option<Guarded> {
        self.classify(home, path).map(|class| Guarded { path: real, class: class.id.clone() })
    }
}

/// What a walk along patterns met.
#[derive(Default)]
struct Walk {
    owner: u32,
    entries_left: usize,
    folders: BTreeSet<PathBuf>,
    /// From the path that matched to the file itself.
    files: BTreeMap<PathBuf, PathBuf>,
}

impl Walk {
    fn enter(&mut self, folder: &Path, segments: &[Segment], depth: usize) {
        let Some((first, rest)) = segments.split_first() else { return };
        if depth == 0 || !fs::metadata(folder).is_ok_and(|meta| meta.is_dir()) {
            return;
        }
        self.folders.insert(folder.to_owned());
        match first {
            Segment::Name(name) if rest.is_empty() => self.meet(folder.join(&**name)),
            Segment::Name(name) => {
                let below = folder.join(&**name);
                if self.is_own_folder(&below) {
                    self.enter(&below, rest, depth - 1);
                }
            }
            Segment::Shape(_) | Segment::Deep => {
                if *first == Segment::Deep && !rest.is_empty() {
                    self.enter(folder, rest, depth);
                }
                self.enter_matching(folder, first, rest, segments, depth);
            }
        }
    }

    fn enter_matching(
        &mut self,
        folder: &Path,
        first: &Segment,
        rest: &[Segment],
        segments: &[Segment],
        depth: usize,
    ) {
        for (path, is_file) in list(folder) {
            if self.entries_left == 0 {
                return;
            }
            self.entries_left -= 1;
            let fits = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| first.fits(name));
            match (first, is_file) {
                (Segment::Deep, true) if rest.is_empty() => self.meet(path),
                (Segment::Deep, false) => self.enter(&path, segments, depth - 1),
                (_, true) if fits && rest.is_empty() => self.meet(path),
                (_, false) if fits => self.enter(&path, rest, depth - 1),
                _ => {}
            }
        }
    }

    fn meet(&mut self, path: PathBuf) {
        let Ok(link) = fs::symlink_metadata(&path) else { return };
        if link.is_file() {
            self.files.insert(path.clone(), path);
        } else if link.is_symlink()
            && let Ok(real) = fs::canonicalize(&path)
            && fs::metadata(&real).is_ok_and(|meta| meta.is_file() && meta.uid() == self.owner)
        {
            if let Some(folder) = real.parent() {
                self.folders.insert(folder.to_owned());
            }
            self.files.insert(path, real);
        }
    }

    /// True for a folder, and for a link to a folder of the same owner (`~/.config` on another disk).
    fn is_own_folder(&self, path: &Path) -> bool {
        let folder = |meta: &Metadata| meta.is_dir();
        match fs::symlink_metadata(path) {
            Ok(link) if link.is_symlink() => {
                fs::metadata(path).is_ok_and(|meta| folder(&meta) && meta.uid() == self.owner)
            }
            Ok(meta) => folder(&meta),
            Err(_) => false,
        }
    }
}

/// The folders (false) and the files and links (true) in a folder, in no order.
fn list(folder: &Path) -> Vec<(PathBuf, bool)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let known = entries.flatten().filter_map(|entry| {
        let kind = entry.file_type().ok()?;
        (kind.is_dir() || kind.is_file() || kind.is_symlink()).then(|| (entry.path(), !kind.is_dir()))
    });
    known.collect()
}
