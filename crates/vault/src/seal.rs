//! Sealing: plan, copy, prove, move away, remove.

use crate::cipher::{Encrypt, Key};
use crate::entry::{Entry, Kind, RawPath};
use crate::error::Context;
use crate::manifest::{Manifest, Stage};
use crate::step::Step;
use crate::tree::{CHANGED, Place, Record, Walk, copy_exactly, within};
use crate::vault::unreadable;
use crate::{Vault, VaultError};
use doorward_protocol::{PackageRef, SealReason, Timestamp};
use rustix::fs::{FileType, RenameFlags, fsync, renameat_with};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

const DOING: &str = "seal";

pub(crate) fn seal(
    vault: &Vault,
    path: &Path,
    package: Option<PackageRef>,
    reason: SealReason,
) -> Result<Manifest, VaultError> {
    let place = Place::of(DOING, path)?;
    let identity = suitable(vault, &place)?;
    let id = vault.shelf.fresh_id().context(DOING, &vault.shelf.dir)?;
    let key = Key::random().context(DOING, &place.path)?;
    let wrapped = vault.keys.primary().wrap(&key, &id).context(DOING, &place.path)?;
    let mut manifest = Manifest {
        schema: 1,
        tool: concat!("doorward ", env!("CARGO_PKG_VERSION")).into(),
        id,
        stage: Stage::Planned,
        sealed: Timestamp::now(),
        origin: RawPath(place.path.clone()),
        identity: Some(identity),
        package,
        reason,
        entries: 0,
        bytes: 0,
        notes: Vec::new(),
        key: Some(wrapped),
    };
    let dir = vault.shelf.item_dir(&manifest.id);
    DirBuilder::new().mode(0o700).create(&dir).context(DOING, &dir)?;
    match copy(vault, &place, &key, &mut manifest).and_then(|entries| {
        move_away(vault, &place, &manifest, &entries)?;
        Ok(entries)
    }) {
        Ok(entries) => {
            finish(vault, &place, &mut manifest, &entries)?;
            Ok(manifest)
        }
        Err(error) => {
            vault.shelf.forget(&manifest, "not sealed after all")?;
            Err(error)
        }
    }
}

/// Refuses what is no package; returns the device and inode of what is.
fn suitable(vault: &Vault, place: &Place) -> Result<(u64, u64), VaultError> {
    let path = &place.path;
    let refuse = |why: &str, hint: &str| Err(VaultError::refused(DOING, path, why, hint));
    let Some(stat) = place.stat(&place.name).context(DOING, path)? else {
        return refuse("there is nothing", "Check the path.");
    };
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::Directory | FileType::RegularFile => {}
        FileType::Symlink => {
            let target = path.canonicalize().unwrap_or_else(|_| path.clone());
            let hint = format!("Name what it points to: {}", RawPath(target).shown());
            return refuse("it is a link", &hint);
        }
        _ => return refuse("it is neither a folder nor a file", "Name the package's own folder."),
    }
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    if path.parent().is_none_or(|parent| parent.parent().is_none())
        || home.is_some_and(|home| home.starts_with(path))
    {
        return refuse("it holds far more than one package", "Name the package's own folder.");
    }
    if vault.shelf.dir.starts_with(path) || path.starts_with(&vault.shelf.dir) {
        return refuse("the quarantine itself is there", "Name the package's own folder.");
    }
    Ok((stat.st_dev, stat.st_ino))
}

/// Plans, copies and proves the copy; nothing outside the vault is touched.
fn copy(vault: &Vault, place: &Place, key: &Key, manifest: &mut Manifest) -> Result<Vec<Entry>, VaultError> {
    vault.shelf.write(manifest, "planned")?;
    (vault.reached)(Step::Planned);
    let (entries, notes) = write_content(vault, place, key, &manifest.id)?;
    if entries.first().map(|root| (root.dev, root.ino)) != manifest.identity {
        return Err(VaultError::refused(DOING, &place.path, "another thing took its place", CHANGED));
    }
    write_index(vault, key, &manifest.id, &entries)?;
    (vault.reached)(Step::Written);
    prove(vault, key, &manifest.id, &entries)?;
    let inside = entries.len() - usize::from(entries.len() > 1 || entries[0].kind == Kind::Folder);
    manifest.entries = u32::try_from(inside).unwrap_or(u32::MAX);
    manifest.bytes = entries.iter().filter(|entry| entry.kind == Kind::File).map(|entry| entry.size).sum();
    manifest.notes = notes;
    manifest.stage = Stage::Copied;
    vault.shelf.write(manifest, "copied")?;
    (vault.reached)(Step::Proven);
    Ok(entries)
}

fn write_content(
    vault: &Vault,
    place: &Place,
    key: &Key,
    id: &str,
) -> Result<(Vec<Entry>, Vec<String>), VaultError> {
    let path = vault.shelf.content(id);
    let mut content = Encrypt::new(key, BufWriter::new(create(&path)?)).context(DOING, &path)?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut offset = 0;
    let mut linked_elsewhere = 0u32;
    let user = rustix::process::geteuid();
    let mut visit = |mut entry: Entry, file: Option<File>| {
        let full = within(&place.path, &entry.path.0);
        if !user.is_root() && entry.uid != user.as_raw() {
            let hint = "Seal it as root, so that its owner can be given back.";
            return Err(VaultError::refused(DOING, full, "it belongs to another user", hint));
        }
        if let Some(file) = file {
            entry.offset = offset;
            let mut names = Counting { content: &mut content, failed: false };
            entry.sha256 = match copy_exactly(&file, &mut names, entry.size) {
                Err(error) if names.failed => return Err(VaultError::io(DOING, &path, error)),
                digest => digest.context(DOING, &full)?,
            };
            offset += entry.size;
            let after = rustix::fs::fstat(&file).context(DOING, &full)?;
            if !entry.is_still(&after) {
                return Err(VaultError::refused(
                    DOING,
                    full,
                    "it changed while it was being copied",
                    CHANGED,
                ));
            }
            if after.st_nlink > 1 {
                linked_elsewhere += u32::try_from(after.st_nlink - 1).unwrap_or(u32::MAX);
            }
        } else if entry.kind == Kind::Again {
            linked_elsewhere = linked_elsewhere.saturating_sub(1);
        }
        entries.push(entry);
        Ok(())
    };
    Walk::new(DOING, &place.path, &mut visit).run(&place.parent, &place.name)?;
    let file = content.finish().and_then(|buffer| buffer.into_inner().map_err(io::Error::from));
    file.and_then(|file| file.sync_all()).context(DOING, &path)?;
    let mut notes = Vec::new();
    if linked_elsewhere > 0 {
        notes.push(format!(
            "{linked_elsewhere} other names of its files exist elsewhere (a package store links them); those were \
             not sealed."
        ));
    }
    Ok((entries, notes))
}

/// Tells a failure to write from a failure to read.
struct Counting<'a, W: Write> {
    content: &'a mut Encrypt<W>,
    failed: bool,
}

impl<W: Write> Write for Counting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.content.write(bytes).inspect_err(|_| self.failed = true)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.content.flush()
    }
}

fn write_index(vault: &Vault, key: &Key, id: &str, entries: &[Entry]) -> Result<(), VaultError> {
    let path = vault.shelf.index(id);
    let file = create(&path)?;
    let write = || {
        let mut out = BufWriter::new(Encrypt::new(key, file)?);
        serde_json::to_writer(&mut out, entries)?;
        out.into_inner().map_err(io::Error::from)?.finish()?.sync_all()
    };
    write().context(DOING, &path)
}

fn create(path: &Path) -> Result<File, VaultError> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).context(DOING, path)
}

/// Reads the copy back from the disk and compares every hash.
fn prove(vault: &Vault, key: &Key, id: &str, entries: &[Entry]) -> Result<(), VaultError> {
    let path = vault.shelf.content(id);
    if vault.index(DOING, id, key)? != entries {
        return Err(VaultError::damaged(DOING, vault.shelf.index(id)));
    }
    let mut content = vault.content(DOING, id, key)?;
    for entry in entries.iter().filter(|entry| entry.kind == Kind::File) {
        let part = io::Read::take(&mut content, entry.size);
        let digest =
            copy_exactly(part, io::sink(), entry.size).map_err(|error| unreadable(DOING, &path, error))?;
        if digest != entry.sha256 {
            return Err(VaultError::damaged(DOING, path));
        }
    }
    Ok(())
}

/// Gives the original its hidden name if it is still what was copied; otherwise it keeps its own.
fn move_away(vault: &Vault, place: &Place, manifest: &Manifest, entries: &[Entry]) -> Result<(), VaultError> {
    let hidden = place.sibling(&manifest.id);
    let path = &place.path;
    renameat_with(&place.parent, &place.name, &place.parent, &hidden, RenameFlags::NOREPLACE)
        .context(DOING, path)?;
    (vault.reached)(Step::MovedAway);
    let unchanged = Record::new(DOING, path, entries).check(&place.parent, &hidden).and_then(|count| {
        if count == entries.len() {
            return Ok(());
        }
        Err(VaultError::refused(DOING, path, "something in it was removed while it was copied", CHANGED))
    });
    if let Err(error) = unchanged {
        renameat_with(&place.parent, &hidden, &place.parent, &place.name, RenameFlags::NOREPLACE).map_err(
            |failure| VaultError {
                hint: format!("It is whole, under the name {} beside it.", hidden.display()),
                ..VaultError::io("put back", path, failure)
            },
        )?;
        return Err(error);
    }
    Ok(())
}

/// Removes what was copied from under the hidden name; the item is sealed from then on.
pub(crate) fn finish(
    vault: &Vault,
    place: &Place,
    manifest: &mut Manifest,
    entries: &[Entry],
) -> Result<(), VaultError> {
    let hidden = place.sibling(&manifest.id);
    let left = Record::new(DOING, &place.path, entries).remove(&place.parent, &hidden, &mut || {
        (vault.reached)(Step::EntryRemoved);
    })?;
    fsync(&place.parent).context(DOING, &place.path)?;
    (vault.reached)(Step::Removed);
    if left > 0 {
        manifest.notes.push(format!(
            "{left} files changed at the last moment and were left in {}.",
            RawPath(place.path.with_file_name(&hidden)).shown()
        ));
    }
    manifest.stage = Stage::Sealed;
    vault.shelf.write(manifest, "sealed")
}
