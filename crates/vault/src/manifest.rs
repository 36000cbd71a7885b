//! What the vault writes down about an item: its manifest, replaced whole at every step, and the journal,
//! which only grows.

use crate::VaultError;
use crate::cipher::{Wrapped, fill_random};
use crate::entry::RawPath;
use crate::error::Context;
use doorward_protocol::{PackageRef, SealReason, SealedItem, SealedState, Timestamp};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Where an item stands, to the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    /// To be sealed; the original is untouched.
    Planned,
    /// The sealed copy is whole and proven; the original is about to go.
    Copied,
    /// Locked away.
    Sealed,
    /// Being put back; the sealed copy is whole.
    Restoring,
    /// Put back.
    Restored,
    /// Gone for good.
    Deleted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) schema: u32,
    pub(crate) tool: String,
    pub(crate) id: String,
    pub(crate) stage: Stage,
    pub(crate) sealed: Timestamp,
    pub(crate) origin: RawPath,
    /// Device and inode of the original, and of the restored tree while it is being put in place.
    pub(crate) identity: Option<(u64, u64)>,
    pub(crate) package: Option<PackageRef>,
    pub(crate) reason: SealReason,
    pub(crate) entries: u32,
    pub(crate) bytes: u64,
    /// What the user may want to know about the item.
    pub(crate) notes: Vec<String>,
    /// The item's own key; without it the content is noise.
    pub(crate) key: Option<Wrapped>,
}

impl Manifest {
    pub(crate) fn item(&self) -> SealedItem {
        SealedItem {
            id: self.id.clone(),
            sealed: self.sealed,
            package: self.package.clone(),
            origin: self.origin.0.clone(),
            reason: self.reason.clone(),
            entries: self.entries,
            bytes: self.bytes,
            state: match self.stage {
                Stage::Planned | Stage::Copied | Stage::Restoring => SealedState::Interrupted,
                Stage::Sealed => SealedState::Sealed,
                Stage::Restored => SealedState::Restored,
                Stage::Deleted => SealedState::Deleted,
            },
        }
    }
}

/// The vault's folder as files.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(crate) dir: PathBuf,
}

/// A line of the journal. It never holds a key, so that deleting an item's key deletes its content.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    time: Timestamp,
    what: String,
    item: Manifest,
}

impl Shelf {
    pub(crate) fn item_dir(&self, id: &str) -> PathBuf {
        self.dir.join(id)
    }

    pub(crate) fn content(&self, id: &str) -> PathBuf {
        self.item_dir(id).join("content.sealed")
    }

    pub(crate) fn index(&self, id: &str) -> PathBuf {
        self.item_dir(id).join("index.sealed")
    }

    /// A short name that nothing has yet.
    pub(crate) fn fresh_id(&self) -> io::Result<String> {
        const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        loop {
            let mut bytes = [0; 8];
            fill_random(&mut bytes)?;
            let id: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
            if !self.item_dir(&id).try_exists()? {
                return Ok(id);
            }
        }
    }

    /// Writes the journal, then the manifest, each to the disk itself.
    pub(crate) fn write(&self, manifest: &Manifest, what: &str) -> Result<(), VaultError> {
        const DOING: &str = "write down a step in";
        let journal = self.dir.join("journal.jsonl");
        self.append(&journal, manifest, what).context(DOING, &journal)?;
        let dir = self.item_dir(&manifest.id);
        let draft = dir.join("manifest.new");
        let replace = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            serde_json::to_writer_pretty(&mut file, manifest)?;
            file.sync_all()?;
            fs::rename(&draft, dir.join("manifest.json"))?;
            File::open(&dir)?.sync_all()
        };
        replace().context(DOING, &dir)
    }

    fn append(&self, journal: &Path, manifest: &Manifest, what: &str) -> io::Result<()> {
        let line = Line {
            time: Timestamp::now(),
            what: what.to_owned(),
            item: Manifest { key: None, ..manifest.clone() },
        };
        // A line break first where a crash or a full disk left half a line.
        let mut bytes = Vec::new();
        if !ends_with_line_break(journal)? {
            bytes.push(b'\n');
        }
        serde_json::to_writer(&mut bytes, &line)?;
        bytes.push(b'\n');
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(journal)?;
        file.write_all(&bytes)?;
        file.sync_all()
    }

    /// Notes that an item never came to be.
    pub(crate) fn forget(&self, manifest: &Manifest, why: &str) -> Result<(), VaultError> {
        let dir = self.item_dir(&manifest.id);
        fs::remove_dir_all(&dir).context("undo a step in", &dir)?;
        // On a full disk there may be no room for the line; that the folder is gone says it too.
        let _ = self.append(&self.dir.join("journal.jsonl"), manifest, why);
        Ok(())
    }

    pub(crate) fn load(&self, doing: &'static str, id: &str) -> Result<Manifest, VaultError> {
        let unknown = || {
            let hint = "`doorward quarantine list` shows what there is.";
            VaultError::refused(doing, id, "there is no such item in the quarantine", hint)
        };
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return Err(unknown());
        }
        let path = self.item_dir(id).join("manifest.json");
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(unknown()),
            bytes => serde_json::from_slice(&bytes.context(doing, &path)?).map_err(|error| {
                let hint = "Restore the vault's folder from a backup; the journal beside it names the item.";
                VaultError::refused(doing, &path, format!("it is damaged: {error}"), hint)
            }),
        }
    }

    /// Every item, newest first. One with a damaged manifest comes as the journal last knew it.
    pub(crate) fn all(&self) -> Result<Vec<Manifest>, VaultError> {
        const DOING: &str = "list";
        let mut items = Vec::new();
        for entry in fs::read_dir(&self.dir).context(DOING, &self.dir)? {
            let entry = entry.context(DOING, &self.dir)?;
            let Some(id) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if !entry.path().is_dir() {
                continue;
            }
            match self.load(DOING, &id) {
                Ok(manifest) => items.push(manifest),
                Err(_) => items.extend(self.last_in_journal(&id)),
            }
        }
        items.sort_by(|a, b| (b.sealed, &b.id).cmp(&(a.sealed, &a.id)));
        Ok(items)
    }

    fn last_in_journal(&self, id: &str) -> Option<Manifest> {
        let journal = File::open(self.dir.join("journal.jsonl")).ok()?;
        BufReader::new(journal)
            .split(b'\n')
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_slice::<Line>(&line).ok())
            .filter(|line| line.item.id == id)
            .last()
            .map(|line| Manifest { stage: Stage::Restoring, ..line.item })
    }
}

fn ends_with_line_break(path: &Path) -> io::Result<bool> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        file => file?,
    };
    if file.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last[0] == b'\n')
}
