//! Which files and folders are marked, and how they come to be.

use super::birth::Birth;
use super::copies::SUBVOLUME_ROOT;
use super::coverage::set_marks;
use super::news::News;
use super::place::{Place, PlaceKind};
use super::table::{Guarded, ObjectKey, Table};
use crate::catalog::{Catalog, SecretClass};
use crate::config::Home;
use crate::decoy;
use crate::sys::{DirectoryEvent, EventBuffer, FanotifyError, Group, MarkKind, Topology};
use doorward_protocol::{CoverageLevel, Secret};
use std::collections::{HashMap, HashSet, VecDeque};
use std::ffi::OsStr;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

/// Folders outside all places that secrets were moved through, remembered at most.
const PASSAGES: usize = 32;

/// Marks files and folders and remembers which.
#[derive(Debug)]
pub struct Enrolment {
    catalog: RwLock<Arc<Catalog>>,
    topology: Topology,
    places: Mutex<Vec<Place>>,
    folders: Mutex<HashMap<Vec<u8>, Watched>>,
    table: Mutex<Table>,
    passages: Mutex<VecDeque<PathBuf>>,
    news: News,
    gaps: Mutex<Vec<(Option<u32>, String)>>,
}

#[derive(Debug, Clone, Default)]
struct Watched {
    path: PathBuf,
    places: Vec<usize>,
    /// True where what appears may be a home or a snapshot.
    around: bool,
}

impl Enrolment {
    /// Nothing is marked yet.
    ///
    /// # Errors
    /// Those of eventfd(2).
    pub fn new(catalog: Catalog, topology: Topology) -> io::Result<Self> {
        Ok(Self {
            catalog: RwLock::new(Arc::new(catalog)),
            topology,
            places: Mutex::default(),
            folders: Mutex::default(),
            table: Mutex::default(),
            passages: Mutex::default(),
            news: News::new()?,
            gaps: Mutex::default(),
        })
    }

    /// The catalog in force.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another catalog in force and looks through every place again. What was guarded stays guarded.
    pub fn replace_catalog(&self, group: &Group, catalog: Catalog) {
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog);
        self.rescan(group);
    }

    /// The group that tells about new names.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The guarded files; hold the lock briefly.
    pub fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }

    /// What there is to look into.
    pub(super) fn news(&self) -> &News {
        &self.news
    }

    /// What leaves a user's files open (of every user where `owner` is `None`), a sentence each.
    pub fn gaps(&self, owner: Option<u32>) -> Vec<String> {
        let gaps = lock(&self.gaps);
        let mine = gaps.iter().filter(|(whose, _)| owner.is_none() || whose.is_none() || *whose == owner);
        mine.map(|(_, gap)| gap.clone()).collect()
    }

    /// Sets what [`Self::gaps`] tells: whose files, or everybody's; true where that is news.
    pub(super) fn set_gaps(&self, found: Vec<(Option<u32>, String)>) -> bool {
        let mut gaps = lock(&self.gaps);
        let changed = *gaps != found;
        *gaps = found;
        changed
    }

    /// Every place that is guarded.
    pub(super) fn places(&self) -> Vec<Place> {
        lock(&self.places).clone()
    }

    /// Looks through every place again.
    pub(super) fn rescan(&self, group: &Group) {
        let count = lock(&self.places).len();
        (0..count).for_each(|index| self.scan(group, index));
    }

    /// Hears of everything that appears in a folder in which homes or snapshots are made.
    pub(super) fn watch_around(&self, folder: &Path) {
        match self.topology.watch(folder) {
            Ok(handle) => self.remember_folder(handle, folder, |watched| watched.around = true),
            Err(error) => tracing::debug!(%error, "a folder around the guarded ones cannot be watched"),
        }
    }

    /// Guards a home, a project or the system. May take as long as listing its folders does.
    pub fn add_place(&self, group: &Group, place: Place) {
        let index = {
            let mut places = lock(&self.places);
            match places.iter().position(|known| known.root == place.root && known.kind == place.kind) {
                Some(index) => {
                    places[index].owner = place.owner;
                    index
                }
                None => {
                    places.push(place);
                    places.len() - 1
                }
            }
        };
        self.scan(group, index);
    }

    /// Guards homes.
    pub fn add_homes(&self, group: &Group, homes: Vec<Home>) {
        for Home { path, uid } in homes {
            self.add_place(group, Place { kind: PlaceKind::Home, root: path, owner: uid });
        }
    }

    /// The guarded home of this user that a path lies in.
    pub fn home_of(&self, path: &Path, owner: u32) -> Option<Place> {
        let places = lock(&self.places);
        let mut homes = places.iter().filter(|place| place.kind == PlaceKind::Home && place.owner == owner);
        homes.find(|place| path.starts_with(&place.root)).cloned()
    }

    /// Guards a file as a decoy, whatever its name says.
    pub fn add_decoy(&self, group: &Group, home: &Place, path: &Path) {
        if let Some(class) = self.catalog().class(decoy::CLASS) {
            self.enrol(group, home, class, path);
        }
    }

    /// Guards a file as what its name says again.
    pub fn remove_decoy(&self, group: &Group, path: &Path) {
        self.table().forget(path);
        let catalog = self.catalog();
        let places = lock(&self.places).clone();
        for place in &places {
            if let Some(class) = place.classify(&catalog, path) {
                self.enrol(group, place, class, path);
            }
        }
    }

    /// Takes note of everything that appeared; true where something new is guarded now.
    ///
    /// # Errors
    /// [`FanotifyError::Read`].
    pub fn catch_up(&self, group: &Group, buffer: &mut EventBuffer) -> Result<bool, FanotifyError> {
        let events = self.topology.drain(buffer)?;
        if events.is_empty() {
            return Ok(false);
        }
        let before = self.table().len();
        let mut scan: Vec<usize> = Vec::new();
        for event in events {
            match event {
                DirectoryEvent::Lost => scan.extend(0..lock(&self.places).len()),
                DirectoryEvent::Appeared { folder, name, target, maker } => {
                    let Some(watched) = lock(&self.folders).get(&folder).cloned() else { continue };
                    if watched.around {
                        self.news.look_around();
                    }
                    let path = watched.path.join(name);
                    scan.extend(self.meet(group, &watched, &path, target.as_deref(), maker));
                }
            }
        }
        scan.sort_unstable();
        scan.dedup();
        for index in scan {
            self.scan(group, index);
        }
        Ok(self.table().len() != before)
    }

    /// The guarded file behind an event; a file that was not known and turns out to be a secret is
    /// promoted to a mark of its own first. `None`: it is not guarded.
    pub fn recognise(&self, group: &Group, file: &File, metadata: &Metadata) -> Option<(ObjectKey, Guarded)> {
        let key = ObjectKey::of(metadata);
        let birth = Birth::of(file, metadata);
        if let Some(guarded) = self.table().get(key, Some(&birth)) {
            return Some((key, guarded.clone()));
        }
        if !metadata.is_file() {
            return None;
        }
        let path = std::fs::read_link(super::fd_path(file)).ok()?;
        let path = if metadata.nlink() == 0 { without_deleted(path) } else { path };
        let catalog = self.catalog();
        let named = |path: &Path| {
            let places = lock(&self.places);
            places.iter().find_map(|place| place.classify(&catalog, path).map(|class| (place.clone(), class)))
        };
        let (path, (place, class)) = match named(&path) {
            Some(found) => (path, found),
            // The path may be another name for a guarded folder (a bind mount, another namespace).
            None => {
                let path = self.other_name(&path, key)?;
                let found = named(&path)?;
                (path, found)
            }
        };
        if metadata.uid() != place.owner && (metadata.uid() != 0 || metadata.nlink() > 1) {
            return None;
        }
        let guarded = self.mark(group, &Found { place: &place, class, path: &path, file, metadata });
        Some((key, guarded))
    }

    fn other_name(&self, path: &Path, key: ObjectKey) -> Option<PathBuf> {
        let name = path.file_name()?;
        let folders: Vec<PathBuf> =
            lock(&self.folders).values().map(|watched| watched.path.clone()).collect();
        folders.into_iter().map(|folder| folder.join(name)).find(|candidate| {
            candidate.symlink_metadata().is_ok_and(|metadata| ObjectKey::of(&metadata) == key)
        })
    }

    fn scan(&self, group: &Group, index: usize) {
        let Some(place) = lock(&self.places).get(index).cloned() else { return };
        // A folder made between a listing and the mark above it is in the next listing.
        let mut watched: HashSet<PathBuf> = HashSet::new();
        loop {
            let mut folders = place.folders(&self.catalog());
            folders.retain(|folder| watched.insert(folder.clone()));
            if folders.is_empty() {
                break;
            }
            folders.iter().for_each(|folder| self.watch_folder(group, &place, index, folder));
        }
        let catalog = self.catalog();
        for (path, class) in place.secrets(&catalog) {
            self.enrol(group, &place, class, &path);
        }
        // What was put there between the first listing and the mark.
        let catalog = self.catalog();
        for (path, class) in place.secrets(&catalog) {
            if !self.table().coverage_has(&path) {
                self.enrol(group, &place, class, &path);
            }
        }
    }

    fn watch_folder(&self, group: &Group, place: &Place, index: usize, folder: &Path) {
        let handle = match self.topology.watch(folder) {
            Ok(handle) => handle,
            Err(error) => {
                tracing::debug!(%error, "a folder cannot be watched");
                return;
            }
        };
        self.remember_folder(handle, folder, |watched| {
            if !watched.places.contains(&index) {
                watched.places.push(index);
            }
        });
        // Folders such as /etc are opened into all the time: there the topology group must do.
        if place.kind != PlaceKind::System
            && let Err(error) = group.mark(MarkKind::Folder, folder)
        {
            tracing::debug!(%error, "a folder cannot be marked");
        }
    }

    fn remember_folder(&self, handle: Vec<u8>, folder: &Path, note: impl FnOnce(&mut Watched)) {
        let mut folders = lock(&self.folders);
        let watched = folders.entry(handle).or_default();
        watched.path = folder.to_path_buf();
        note(watched);
    }

    /// Guards what appeared under this name; the result are the places to look through again.
    fn meet(
        &self,
        group: &Group,
        watched: &Watched,
        path: &Path,
        target: Option<&[u8]>,
        maker: Option<u32>,
    ) -> Vec<usize> {
        // By its handle: the name may lead to something else by now, or nowhere.
        let found = match target {
            Some(target) => Topology::target(&watched.path, target),
            None => open_path(path),
        };
        let Ok((file, metadata)) = found.and_then(|file| file.metadata().map(|about| (file, about))) else {
            return Vec::new();
        };
        if metadata.is_dir() {
            if metadata.ino() == SUBVOLUME_ROOT {
                self.news.look_around();
            }
            return watched.places.clone();
        }
        let mut secret = false;
        let catalog = self.catalog();
        for place in watched.places.iter().filter_map(|index| lock(&self.places).get(*index).cloned()) {
            let Some(class) = place.classify(&catalog, path) else { continue };
            secret = true;
            if metadata.is_symlink() {
                self.enrol(group, &place, class, path);
            } else if self
                .enrol_file(group, &Found { place: &place, class, path, file: &file, metadata: &metadata })
            {
                self.follow(group, &place, path, &file);
                self.table().made_by(ObjectKey::of(&metadata), maker);
            }
        }
        if !secret && metadata.is_file() {
            // It may be given a secret's name and be moved away again before anybody looks.
            let _ = group.mark_open_file(MarkKind::Passing, file.as_fd());
        }
        Vec::new()
    }

    /// Marks the folder that a secret was moved on to, so that the next one to go that way is seen
    /// there.
    fn follow(&self, group: &Group, place: &Place, path: &Path, file: &File) {
        let Ok(now) = std::fs::read_link(super::fd_path(file)) else { return };
        let (Some(folder), Some(known)) = (now.parent(), path.parent()) else { return };
        let owned = folder.metadata().is_ok_and(|metadata| metadata.uid() == place.owner);
        if folder == known || !owned || self.is_watched(folder) {
            return;
        }
        let mut passages = lock(&self.passages);
        if passages.iter().any(|passage| passage == folder) || group.mark(MarkKind::Folder, folder).is_err() {
            return;
        }
        passages.push_back(folder.to_owned());
        if passages.len() > PASSAGES
            && let Some(oldest) = passages.pop_front()
            && !self.is_watched(&oldest)
        {
            // Its folder may be gone, and the mark with it.
            let _ = group.unmark(MarkKind::Folder, &oldest);
        }
    }

    fn is_watched(&self, folder: &Path) -> bool {
        lock(&self.folders).values().any(|watched| watched.path == folder)
    }

    fn enrol(&self, group: &Group, place: &Place, class: &SecretClass, path: &Path) {
        let Ok(target) = path.canonicalize() else { return };
        let opened = open_path(&target).and_then(|file| file.metadata().map(|about| (file, about)));
        let Ok((file, metadata)) = opened else { return };
        if metadata.is_file() {
            self.enrol_file(group, &Found { place, class, path, file: &file, metadata: &metadata });
        }
    }

    /// True where the file is guarded now.
    fn enrol_file(&self, group: &Group, found: &Found<'_>) -> bool {
        let Found { place, path, metadata, .. } = found;
        if !metadata.is_file() {
            return false;
        }
        let linked = path.symlink_metadata().is_ok_and(|own| own.is_symlink());
        let own = metadata.uid() == place.owner || (metadata.uid() == 0 && !linked && metadata.nlink() <= 1);
        if !own {
            // A link to somebody else's file must not let its maker hold up that file's readers.
            let note = "It belongs to another user, so it is not guarded here.".to_owned();
            self.table().insert_failed(found.guarded(CoverageLevel::None, note));
            return false;
        }
        self.mark(group, found).level != CoverageLevel::None
    }

    fn mark(&self, group: &Group, found: &Found<'_>) -> Guarded {
        let Found { file, metadata, .. } = found;
        let key = ObjectKey::of(metadata);
        let known = self.table().get(key, Some(&Birth::of(file, metadata))).cloned();
        if let Some(decoy) = known.filter(|known| known.secret.class == decoy::CLASS) {
            // It stays one, whatever its name says.
            return decoy;
        }
        let (level, note) = set_marks(group, file);
        let guarded = found.guarded(level, note);
        self.keep(key, guarded.clone());
        guarded
    }

    /// Guards a copy of a guarded file; false where it cannot be marked.
    pub(super) fn add_copy(&self, group: &Group, original: ObjectKey, path: &Path) -> Option<bool> {
        let file = open_path(path).ok()?;
        let metadata = file.metadata().ok().filter(Metadata::is_file)?;
        let (key, birth) = (ObjectKey::of(&metadata), Birth::of(&file, &metadata));
        let known = {
            let table = self.table();
            if key == original || table.get(key, Some(&birth)).is_some() {
                return None;
            }
            table.get(original, None)?.clone()
        };
        let (level, note) = set_marks(group, &file);
        let marked = level != CoverageLevel::None;
        if marked {
            let mut copy = Guarded { level, note, birth, ..known };
            copy.secret.path = path.to_path_buf();
            copy.copy_of = Some(original);
            self.keep(key, copy);
        }
        Some(marked)
    }

    fn keep(&self, key: ObjectKey, guarded: Guarded) {
        if guarded.level == CoverageLevel::None {
            return self.table().insert_failed(guarded);
        }
        let fresh = self.table().insert(key, guarded);
        if fresh {
            self.news.guarded(key);
        }
    }
}

/// The kernel's path of a file that was removed while it was opened, without the kernel's remark.
fn without_deleted(path: PathBuf) -> PathBuf {
    match path.as_os_str().as_bytes().strip_suffix(b" (deleted)") {
        Some(plain) => OsStr::from_bytes(plain).into(),
        None => path,
    }
}

/// A file that is a secret by its name.
struct Found<'a> {
    place: &'a Place,
    class: &'a SecretClass,
    path: &'a Path,
    file: &'a File,
    metadata: &'a Metadata,
}

impl Found<'_> {
    fn guarded(&self, level: CoverageLevel, note: String) -> Guarded {
        let Self { place, class, path, file, metadata } = self;
        Guarded {
            secret: Secret {
                path: path.to_path_buf(),
                class: class.id.clone(),
                title: class.title.clone(),
                tier: class.tier,
            },
            owner: place.owner,
            root: place.root.clone(),
            level,
            note,
            birth: Birth::of(file, metadata),
            marked: Instant::now(),
            maker: None,
            copy_of: None,
        }
    }
}

/// O_PATH: opens nothing, raises no event, cannot hang on a pipe.
fn open_path(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_NOFOLLOW).open(path)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
