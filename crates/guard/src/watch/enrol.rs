//! Which files and folders are marked, and how they come to be.

use super::table::{Guarded, ObjectKey, Table};
use crate::catalog::{Catalog, SecretClass};
use crate::config::Home;
use crate::sys::{DirectoryEvent, EventBuffer, FanotifyError, Group, MarkKind, Topology};
use doorward_protocol::{CoverageLevel, Secret};
use std::collections::HashMap;
use std::fs::{File, Metadata, OpenOptions};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A place with secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What kind.
    pub kind: PlaceKind,
    /// The folder.
    pub root: PathBuf,
    /// The user whose secrets they are.
    pub owner: u32,
}

/// What kind of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceKind {
    /// A user's home.
    Home,
    /// A project folder.
    Project,
    /// The system itself.
    System,
}

/// Marks files and folders and remembers which.
#[derive(Debug)]
pub struct Enrolment {
    catalog: Catalog,
    topology: Topology,
    places: Mutex<Vec<Place>>,
    folders: Mutex<HashMap<Vec<u8>, Watched>>,
    table: Mutex<Table>,
}

#[derive(Debug, Clone)]
struct Watched {
    path: PathBuf,
    places: Vec<usize>,
}

impl Enrolment {
    /// Nothing is marked yet.
    pub fn new(catalog: Catalog, topology: Topology) -> Self {
        Self {
            catalog,
            topology,
            places: Mutex::default(),
            folders: Mutex::default(),
            table: Mutex::default(),
        }
    }

    /// The catalog in force.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The group that tells about new names.
    pub fn topology(&self) -> &Topology {
        &self.topology
    }

    /// The guarded files; hold the lock briefly.
    pub fn table(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }

    /// Guards a home, a project or the system. May take as long as listing its folders does.
    pub fn add_place(&self, group: &Group, place: Place) {
        let index = {
            let mut places = lock(&self.places);
            match places.iter().position(|known| known.root == place.root && known.kind == place.kind) {
                Some(index) => index,
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
                DirectoryEvent::Appeared { folder, name } => {
                    let Some(watched) = lock(&self.folders).get(&folder).cloned() else { continue };
                    let path = watched.path.join(name);
                    match path.symlink_metadata() {
                        Ok(metadata) if metadata.is_dir() => scan.extend(watched.places),
                        Ok(_) => {
                            watched.places.iter().for_each(|index| self.enrol_path(group, *index, &path))
                        }
                        Err(_) => {}
                    }
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
        let born = metadata.created().ok();
        if let Some(guarded) = self.table().get(key, born) {
            return Some((key, guarded.clone()));
        }
        if !metadata.is_file() {
            return None;
        }
        let path = std::fs::read_link(super::fd_path(file)).ok()?;
        let named = |path: &Path| {
            let places = lock(&self.places);
            places.iter().find_map(|place| self.classify(place, path).map(|class| (place.clone(), class)))
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
        let guarded = self.mark(group, &place, class, &path, file, metadata);
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
        let (folders, secrets) = (self.folders_of(&place), self.secrets_of(&place));
        for folder in folders {
            self.watch_folder(group, &place, index, &folder);
        }
        for (path, class) in secrets {
            self.enrol(group, &place, &class, &path);
        }
        // What was put there between the first listing and the mark.
        for (path, class) in self.secrets_of(&place) {
            if !self.table().coverage_has(&path) {
                self.enrol(group, &place, &class, &path);
            }
        }
    }

    fn folders_of(&self, place: &Place) -> Vec<PathBuf> {
        match place.kind {
            PlaceKind::Home => self.catalog.watch_dirs(&place.root),
            PlaceKind::Project => self.catalog.watch_dirs_project(&place.root),
            PlaceKind::System => self.catalog.watch_dirs_system(),
        }
    }

    fn secrets_of(&self, place: &Place) -> Vec<(PathBuf, String)> {
        let found = match place.kind {
            PlaceKind::Home => self.catalog.expand(&place.root),
            PlaceKind::Project => self.catalog.expand_project(&place.root),
            PlaceKind::System => self.catalog.expand_system(),
        };
        found.into_iter().map(|guarded| (guarded.path, guarded.class)).collect()
    }

    fn classify(&self, place: &Place, path: &Path) -> Option<&SecretClass> {
        match place.kind {
            PlaceKind::Home if path.starts_with(&place.root) => self.catalog.classify(&place.root, path),
            PlaceKind::Project => self.catalog.classify_project(&place.root, path),
            PlaceKind::System => self.catalog.classify(&place.root, path),
            PlaceKind::Home => None,
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
        {
            let mut folders = lock(&self.folders);
            let watched = folders
                .entry(handle)
                .or_insert_with(|| Watched { path: folder.to_path_buf(), places: Vec::new() });
            watched.path = folder.to_path_buf();
            if !watched.places.contains(&index) {
                watched.places.push(index);
            }
        }
        // Folders such as /etc are opened into all the time: there the topology group must do.
        if place.kind != PlaceKind::System
            && let Err(error) = group.mark(MarkKind::Folder, folder)
        {
            tracing::debug!(%error, "a folder cannot be marked");
        }
    }

    fn enrol_path(&self, group: &Group, index: usize, path: &Path) {
        let Some(place) = lock(&self.places).get(index).cloned() else { return };
        if let Some(class) = self.classify(&place, path) {
            let id = class.id.clone();
            self.enrol(group, &place, &id, path);
        }
    }

    fn enrol(&self, group: &Group, place: &Place, class: &str, path: &Path) {
        let Some(class) = self.catalog.class(class) else { return };
        let Ok(target) = path.canonicalize() else { return };
        // O_PATH: opens nothing, raises no event, cannot hang on a pipe.
        let opened =
            OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_NOFOLLOW).open(&target);
        let Ok(file) = opened else { return };
        let Ok(metadata) = file.metadata() else { return };
        if !metadata.is_file() {
            return;
        }
        let linked = path.symlink_metadata().is_ok_and(|own| own.is_symlink());
        let own = metadata.uid() == place.owner || (metadata.uid() == 0 && !linked && metadata.nlink() == 1);
        if !own {
            // A link to somebody else's file must not let its maker hold up that file's readers.
            let note = "It belongs to another user, so it is not guarded here.".to_owned();
            self.table().insert_failed(entry(place, class, path, &metadata, CoverageLevel::None, note));
            return;
        }
        self.mark(group, place, class, path, &file, &metadata);
    }

    fn mark(
        &self,
        group: &Group,
        place: &Place,
        class: &SecretClass,
        path: &Path,
        file: &File,
        metadata: &Metadata,
    ) -> Guarded {
        let key = ObjectKey::of(metadata);
        let full =
            group.features().pre_content && group.mark_open_file(MarkKind::FileFull, file.as_fd()).is_ok();
        let (level, note) = if full {
            (CoverageLevel::Full, String::new())
        } else {
            match group.mark_open_file(MarkKind::FileOpens, file.as_fd()) {
                Ok(()) => (CoverageLevel::Opens, super::OPENS_NOTE.to_owned()),
                Err(FanotifyError::Mark { source, .. }) => {
                    (CoverageLevel::None, format!("The kernel refused to guard it: {source}."))
                }
                Err(error) => (CoverageLevel::None, error.to_string()),
            }
        };
        let guarded = entry(place, class, path, metadata, level, note);
        match level {
            CoverageLevel::None => self.table().insert_failed(guarded.clone()),
            _ => self.table().insert(key, guarded.clone()),
        }
        guarded
    }
}

fn entry(
    place: &Place,
    class: &SecretClass,
    path: &Path,
    metadata: &Metadata,
    level: CoverageLevel,
    note: String,
) -> Guarded {
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
        born: metadata.created().ok(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
