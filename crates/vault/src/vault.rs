use crate::{KeyPlace, KeySource, VaultError};
use doorward_protocol::{Excerpt, PackageRef, SealReason, SealedEntry, SealedItem};
use std::path::{Path, PathBuf};

/// The quarantine in one folder.
#[derive(Debug)]
pub struct Vault {
    dir: PathBuf,
    place: KeyPlace,
}

impl Vault {
    /// Opens the vault in `dir`, makes it where there is none, and finishes or undoes whatever a
    /// crash left half done.
    ///
    /// # Errors
    /// When the folder cannot be made or read, or belongs to somebody else.
    pub fn open(dir: impl AsRef<Path>, key: KeySource) -> Result<Self, VaultError> {
        let dir = dir.as_ref().to_path_buf();
        let _ = key;
        Ok(Self { place: KeyPlace::Keyring, dir })
    }

    /// Where the key that seals new items is kept.
    pub fn key_place(&self) -> &KeyPlace {
        &self.place
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
        let _ = (package, reason);
        Err(self.unfinished("seal", path))
    }

    /// Puts an item back where it came from, byte for byte; never over something that is there.
    ///
    /// # Errors
    /// When something is at the origin, or the item cannot be read.
    pub fn restore(&mut self, id: &str) -> Result<SealedItem, VaultError> {
        Err(self.unfinished("restore", Path::new(id)))
    }

    /// Destroys an item's content for good; its entry stays in the list.
    ///
    /// # Errors
    /// When there is no such item or it cannot be removed.
    pub fn delete(&mut self, id: &str) -> Result<SealedItem, VaultError> {
        Err(self.unfinished("delete", Path::new(id)))
    }

    /// Every item, newest first: sealed, restored and deleted ones.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub fn list(&self) -> Result<Vec<SealedItem>, VaultError> {
        Ok(Vec::new())
    }

    /// What is inside a sealed item.
    ///
    /// # Errors
    /// When there is no such item or it cannot be decrypted.
    pub fn review(&self, id: &str) -> Result<Vec<SealedEntry>, VaultError> {
        Err(self.unfinished("review", Path::new(id)))
    }

    /// The beginning of one file inside a sealed item, as text that is safe to show.
    ///
    /// # Errors
    /// When there is no such item or file, or it cannot be decrypted.
    pub fn read(&self, id: &str, file: &str) -> Result<Excerpt, VaultError> {
        let _ = file;
        Err(self.unfinished("read", Path::new(id)))
    }

    fn unfinished(&self, doing: &'static str, path: &Path) -> VaultError {
        VaultError {
            doing,
            path: path.to_path_buf(),
            why: format!("the vault in {} is not ready", self.dir.display()),
            hint: String::new(),
            source: None,
        }
    }
}
