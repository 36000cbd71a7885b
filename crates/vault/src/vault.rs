use crate::cipher::{Decrypt, Key};
use crate::entry::{Entry, Kind};
use crate::error::Context;
use crate::key::{KeyPlace, KeySource, Keys};
use crate::manifest::{Manifest, Shelf, Stage};
use crate::step::Step;
use crate::{VaultError, recover, restore, seal};
use doorward_protocol::{Excerpt, PackageRef, SealReason, SealedEntry, SealedItem, visible};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// How much of a file a review shows.
const SHOWN_BYTES: u64 = 512 * 1024;
const SHOWN_LINES: usize = 5_000;
const SHOWN_COLUMNS: usize = 2_000;

/// The quarantine in one folder. Several processes may have it open; each change happens under a lock.
#[derive(Debug)]
pub struct Vault {
    pub(crate) shelf: Shelf,
    pub(crate) keys: Keys,
    /// Told of each step; tests stop the world there.
    pub(crate) reached: fn(Step),
}

impl Vault {
    /// Opens the vault in `dir`, makes it where there is none, and finishes or undoes whatever a
    /// crash left half done.
    ///
    /// # Errors
    /// When the folder cannot be made or read, or belongs to somebody else.
    pub fn open(dir: impl AsRef<Path>, key: KeySource) -> Result<Self, VaultError> {
        const DOING: &str = "open the vault in";
        let dir = make_private(DOING, dir.as_ref())?;
        let shelf = Shelf { dir };
        let lock = lock_file(DOING, &shelf)?;
        lock.lock().context(DOING, &shelf.dir)?;
        let keys = Keys::find(&shelf.dir, &key)?;
        let vault = Self { shelf, keys, reached: |_| {} };
        recover::all(&vault);
        Ok(vault)
    }

    /// Where the key that seals new items is kept.
    pub fn key_place(&self) -> &KeyPlace {
        &self.keys.place
    }

    /// Locks a package's folder (or archive) away.
    ///
    /// # Errors
    /// When it is not something to seal, changes meanwhile, or does not fit; it is then untouched.
    pub fn seal(
        &mut self,
        path: &Path,
        package: Option<PackageRef>,
        reason: SealReason,
    ) -> Result<SealedItem, VaultError> {
        let _lock = self.locked("seal", path)?;
        seal::seal(self, path, package, reason).map(|manifest| manifest.item())
    }

    /// Puts an item back where it came from, byte for byte; never over something that is there.
    ///
    /// # Errors
    /// When something is at the origin, or the item cannot be read.
    pub fn restore(&mut self, id: &str) -> Result<SealedItem, VaultError> {
        let _lock = self.locked("restore", id)?;
        restore::restore(self, id).map(|manifest| manifest.item())
    }

    /// Destroys an item's content for good; its entry stays in the list.
    ///
    /// # Errors
    /// When there is no such item or it cannot be removed.
    pub fn delete(&mut self, id: &str) -> Result<SealedItem, VaultError> {
        const DOING: &str = "delete";
        let _lock = self.locked(DOING, id)?;
        let mut manifest = self.shelf.load(DOING, id)?;
        match manifest.stage {
            Stage::Sealed | Stage::Restored => {}
            Stage::Deleted => return Err(VaultError::refused(DOING, id, "it is deleted already", "")),
            Stage::Planned | Stage::Copied | Stage::Restoring => {
                return Err(VaultError::refused(
                    DOING,
                    id,
                    "a step of it was interrupted",
                    "Open Doorward again: it finishes or undoes the step first.",
                ));
            }
        }
        // The key first: from then on the content is noise, whatever becomes of its blocks.
        manifest.key = None;
        manifest.stage = Stage::Deleted;
        self.shelf.write(&manifest, "deleted")?;
        (self.reached)(Step::KeyErased);
        self.drop_content(id)?;
        Ok(manifest.item())
    }

    /// Every item, newest first: sealed, restored and deleted ones.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub fn list(&self) -> Result<Vec<SealedItem>, VaultError> {
        Ok(self.shelf.all()?.iter().map(Manifest::item).collect())
    }

    /// What the user may want to know about an item, such as that other copies of its files exist.
    ///
    /// # Errors
    /// When there is no such item.
    pub fn notes(&self, id: &str) -> Result<Vec<String>, VaultError> {
        Ok(self.shelf.load("look at", id)?.notes)
    }

    /// What is inside a sealed item.
    ///
    /// # Errors
    /// When there is no such item or it cannot be decrypted.
    pub fn review(&self, id: &str) -> Result<Vec<SealedEntry>, VaultError> {
        let (manifest, key) = self.unlock("review", id)?;
        let entries = self.index("review", id, &key)?;
        let inside = entries.iter().filter(|entry| is_inside(entry));
        Ok(inside.map(|entry| entry.shown(&manifest.origin.0)).collect())
    }

    /// The beginning of one file inside a sealed item, as text that is safe to show. The file is named
    /// as [`Vault::review`] names it.
    ///
    /// # Errors
    /// When there is no such item or file, or it cannot be decrypted.
    pub fn read(&self, id: &str, file: &str) -> Result<Excerpt, VaultError> {
        const DOING: &str = "read";
        let (manifest, key) = self.unlock(DOING, id)?;
        let entries = self.index(DOING, id, &key)?;
        let named = entries.iter().find(|entry| {
            is_inside(entry)
                && (entry.path.0 == Path::new(file) || entry.shown(&manifest.origin.0).path == file)
        });
        let file_entry = match named {
            Some(entry) if entry.kind == Kind::Again => {
                entries.iter().find(|first| Some(&first.path) == entry.target.as_ref())
            }
            other => other.filter(|entry| entry.kind == Kind::File),
        };
        let Some(entry) = file_entry else {
            let why = if named.is_some() { "it is no file" } else { "the item holds no such file" };
            return Err(VaultError::refused(DOING, visible(file).as_ref(), why, ""));
        };
        let path = self.shelf.content(id);
        let mut content = self.content(DOING, id, &key)?;
        io::copy(&mut content.by_ref().take(entry.offset), &mut io::sink())
            .map_err(|error| unreadable(DOING, &path, error))?;
        let mut bytes = Vec::new();
        content
            .take(entry.size.min(SHOWN_BYTES))
            .read_to_end(&mut bytes)
            .map_err(|error| unreadable(DOING, &path, error))?;
        Ok(excerpt(file, &bytes, entry.size > SHOWN_BYTES))
    }

    /// Takes the vault's lock, and finishes or undoes what another process left half done.
    fn locked(&self, doing: &'static str, path: impl AsRef<Path>) -> Result<File, VaultError> {
        let lock = lock_file(doing, &self.shelf)?;
        lock.lock().context(doing, path)?;
        recover::all(self);
        Ok(lock)
    }

    pub(crate) fn drop_content(&self, id: &str) -> Result<(), VaultError> {
        for path in [self.shelf.content(id), self.shelf.index(id)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                outcome => outcome.context("remove", &path)?,
            }
        }
        Ok(())
    }

    /// An item whose content is there, and its key.
    pub(crate) fn unlock(&self, doing: &'static str, id: &str) -> Result<(Manifest, Key), VaultError> {
        let manifest = self.shelf.load(doing, id)?;
        let refuse = |why: &str, hint: &str| Err(VaultError::refused(doing, id, why, hint));
        match manifest.stage {
            Stage::Restored => return refuse("it was put back", "Its files are where they came from."),
            Stage::Deleted => return refuse("it was deleted", ""),
            _ => {}
        }
        let Some(wrapped) = &manifest.key else { return refuse("its key is gone", "") };
        match self.keys.unwrap(wrapped, id) {
            Some(key) => Ok((manifest, key)),
            None => refuse(
                "the key that it was sealed with is out of reach",
                "Unlock the keyring of your login and open Doorward again.",
            ),
        }
    }

    pub(crate) fn content(
        &self,
        doing: &'static str,
        id: &str,
        key: &Key,
    ) -> Result<Decrypt<File>, VaultError> {
        let path = self.shelf.content(id);
        let file = File::open(&path).context(doing, &path)?;
        Decrypt::new(key, file).map_err(|error| unreadable(doing, &path, error))
    }

    pub(crate) fn index(&self, doing: &'static str, id: &str, key: &Key) -> Result<Vec<Entry>, VaultError> {
        let path = self.shelf.index(id);
        let mut json = Vec::new();
        File::open(&path)
            .and_then(|file| Decrypt::new(key, file)?.read_to_end(&mut json))
            .map_err(|error| unreadable(doing, &path, error))?;
        serde_json::from_slice(&json).map_err(|_| VaultError::damaged(doing, &path))
    }
}

pub(crate) fn unreadable(doing: &'static str, path: &Path, error: io::Error) -> VaultError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => VaultError::damaged(doing, path),
        _ => VaultError::io(doing, path, error),
    }
}

/// The root of a folder is not something inside it; an archive's root is the archive.
fn is_inside(entry: &Entry) -> bool {
    !(entry.path.bytes().is_empty() && entry.kind == Kind::Folder)
}

fn make_private(doing: &'static str, dir: &Path) -> Result<PathBuf, VaultError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).context(doing, dir)?;
    let dir = dir.canonicalize().context(doing, dir)?;
    let metadata = fs::metadata(&dir).context(doing, &dir)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        let hint = "Name a folder of your own in DOORWARD_DATA_DIR.";
        return Err(VaultError::refused(doing, dir, "it belongs to another user", hint));
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).context(doing, &dir)?;
    }
    Ok(dir)
}

fn lock_file(doing: &'static str, shelf: &Shelf) -> Result<File, VaultError> {
    let path = shelf.dir.join("lock");
    OpenOptions::new().create(true).append(true).mode(0o600).open(&path).context(doing, path)
}

fn excerpt(file: &str, bytes: &[u8], cut: bool) -> Excerpt {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let shown = lines
        .by_ref()
        .take(SHOWN_LINES)
        .map(|line| visible(&line.chars().take(SHOWN_COLUMNS).collect::<String>()).into_owned())
        .collect();
    Excerpt { path: file.into(), first_line: 1, lines: shown, more: cut || lines.next().is_some() }
}
