//! Restoring: unpack under a hidden name, prove, put in place.

use crate::cipher::{Key, from_hex};
use crate::entry::{Entry, Kind};
use crate::error::Context;
use crate::manifest::{Manifest, Stage};
use crate::step::Step;
use crate::tree::{Place, Walk, copy_exactly, folder_in, open_at, remove_all, within};
use crate::vault::unreadable;
use crate::{Vault, VaultError};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{
    AtFlags, Gid, Mode, OFlags, RenameFlags, Timespec, Timestamps, Uid, XattrFlags, chownat, fchmod, fchown,
    fsetxattr, fsync, futimens, linkat, mkdirat, openat, renameat_with, symlinkat, syncfs, utimensat,
};
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

const DOING: &str = "restore";

pub(crate) fn restore(vault: &Vault, id: &str) -> Result<Manifest, VaultError> {
    let (mut manifest, key) = vault.unlock(DOING, id)?;
    if manifest.stage != Stage::Sealed {
        let hint = "Open Doorward again: it finishes or undoes the step first.";
        return Err(VaultError::refused(DOING, id, "a step of it was interrupted", hint));
    }
    let entries = vault.index(DOING, id, &key)?;
    let origin = manifest.origin.0.clone();
    if !origin.parent().is_some_and(Path::is_dir) {
        let hint = "Make the folder that it was in again, then restore.";
        return Err(VaultError::refused(DOING, &origin, "the folder that it was in is gone", hint));
    }
    let place = Place::of(DOING, &origin)?;
    if place.stat(&place.name).context(DOING, &origin)?.is_some() {
        return Err(occupied(&origin));
    }
    manifest.stage = Stage::Restoring;
    manifest.identity = None;
    vault.shelf.write(&manifest, "restoring")?;
    (vault.reached)(Step::RestorePlanned);
    match put_back(vault, &place, &mut manifest, &key, &entries) {
        Ok(()) => {
            finish(vault, &mut manifest)?;
            Ok(manifest)
        }
        Err(error) => {
            undo(vault, &place, &mut manifest)?;
            Err(error)
        }
    }
}

fn occupied(origin: &Path) -> VaultError {
    VaultError::refused(
        DOING,
        origin,
        "something is there by now",
        "Move it away first; nothing is ever overwritten.",
    )
}

fn put_back(
    vault: &Vault,
    place: &Place,
    manifest: &mut Manifest,
    key: &Key,
    entries: &[Entry],
) -> Result<(), VaultError> {
    let hidden = place.sibling(&manifest.id);
    unpack(vault, place, &hidden, manifest, key, entries)?;
    (vault.reached)(Step::Unpacked);
    let stat = place.stat(&hidden).context(DOING, &place.path)?;
    manifest.identity = stat.map(|stat| (stat.st_dev, stat.st_ino));
    vault.shelf.write(manifest, "restoring")?;
    (vault.reached)(Step::Identified);
    renameat_with(&place.parent, &hidden, &place.parent, &place.name, RenameFlags::NOREPLACE).map_err(
        |error| match error {
            rustix::io::Errno::EXIST => occupied(&place.path),
            error => VaultError::io(DOING, &place.path, error),
        },
    )?;
    fsync(&place.parent).context(DOING, &place.path)?;
    (vault.reached)(Step::PutInPlace);
    Ok(())
}

/// The tree is in place: the entry stays in the list, the content goes.
pub(crate) fn finish(vault: &Vault, manifest: &mut Manifest) -> Result<(), VaultError> {
    manifest.stage = Stage::Restored;
    vault.shelf.write(manifest, "restored")?;
    vault.drop_content(&manifest.id)
}

/// Removes what was unpacked; the item is sealed as before.
pub(crate) fn undo(vault: &Vault, place: &Place, manifest: &mut Manifest) -> Result<(), VaultError> {
    let hidden = place.sibling(&manifest.id);
    remove_all(place.parent.as_fd(), &hidden).context("undo the restoring of", &place.path)?;
    manifest.stage = Stage::Sealed;
    vault.shelf.write(manifest, "restoring undone")
}

fn unpack(
    vault: &Vault,
    place: &Place,
    hidden: &OsStr,
    manifest: &Manifest,
    key: &Key,
    entries: &[Entry],
) -> Result<(), VaultError> {
    let content_path = vault.shelf.content(&manifest.id);
    let mut content = vault.content(DOING, &manifest.id, key)?;
    let mut tree = Unpacking { place, hidden, root: None };
    for entry in entries {
        let full = within(&place.path, &entry.path.0);
        let (folder, name) = tree.spot(entry).context(DOING, &full)?;
        match entry.kind {
            Kind::Folder => {
                mkdirat(&folder, name, Mode::from_raw_mode(0o700)).context(DOING, &full)?;
                if entry.path.bytes().is_empty() {
                    tree.root = Some(open_at(&folder, name, Kind::Folder).context(DOING, &full)?);
                }
            }
            Kind::File => {
                let flags =
                    OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let file = openat(&folder, name, flags, Mode::from_raw_mode(0o600)).context(DOING, &full)?;
                let file = File::from(file);
                let digest =
                    copy_exactly(content.by_ref().take(entry.size), &file, entry.size).map_err(|error| {
                        match error.kind() {
                            io::ErrorKind::InvalidData => unreadable(DOING, &content_path, error),
                            _ => VaultError::io(DOING, &full, error),
                        }
                    })?;
                if digest != entry.sha256 {
                    return Err(VaultError::damaged(DOING, content_path));
                }
                dress(&file, entry).context(DOING, &full)?;
            }
            Kind::Link => {
                let target = entry.target.as_ref().ok_or_else(|| VaultError::damaged(DOING, &full))?;
                symlinkat(&target.0, &folder, name).context(DOING, &full)?;
                if rustix::process::geteuid().is_root() {
                    let (uid, gid) = owner(entry);
                    chownat(&folder, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW).context(DOING, &full)?;
                }
                utimensat(&folder, name, &times(entry), AtFlags::SYMLINK_NOFOLLOW).context(DOING, &full)?;
            }
            Kind::Again => {
                let first = entries.iter().find(|first| Some(&first.path) == entry.target.as_ref());
                let first = first.ok_or_else(|| VaultError::damaged(DOING, &full))?;
                let (from, first_name) = tree.spot(first).context(DOING, &full)?;
                linkat(&from, first_name, &folder, name, AtFlags::empty()).context(DOING, &full)?;
            }
        }
    }
    // Innermost first, as writing into a folder changes its time and a closed one lets nobody in.
    for entry in entries.iter().rev().filter(|entry| entry.kind == Kind::Folder) {
        let full = within(&place.path, &entry.path.0);
        let (folder, name) = tree.spot(entry).context(DOING, &full)?;
        let fd = open_at(&folder, name, Kind::Folder).context(DOING, &full)?;
        dress(&fd, entry).context(DOING, &full)?;
    }
    syncfs(&place.parent).context(DOING, &place.path)?;
    prove(place, hidden, entries)
}

/// A tree on its way out of the vault.
struct Unpacking<'a> {
    place: &'a Place,
    hidden: &'a OsStr,
    root: Option<OwnedFd>,
}

impl Unpacking<'_> {
    /// The folder that an entry belongs in, and its name there.
    fn spot<'e>(&'e self, entry: &'e Entry) -> io::Result<(OwnedFd, &'e OsStr)> {
        match &self.root {
            Some(root) if !entry.path.bytes().is_empty() => {
                Ok((folder_in(root, entry.parent())?, entry.name()))
            }
            _ => Ok((self.place.parent.try_clone()?, self.hidden)),
        }
    }
}

/// Gives a file or folder its owner, attributes, mode and times, in the order in which they survive.
fn dress(fd: impl AsFd, entry: &Entry) -> io::Result<()> {
    if rustix::process::geteuid().is_root() {
        let (uid, gid) = owner(entry);
        fchown(&fd, uid, gid)?;
    }
    for (name, value) in &entry.attributes {
        fsetxattr(&fd, name, &from_hex(value).unwrap_or_default(), XattrFlags::empty())?;
    }
    fchmod(&fd, Mode::from_raw_mode(entry.mode))?;
    futimens(&fd, &times(entry))?;
    Ok(())
}

fn owner(entry: &Entry) -> (Option<Uid>, Option<Gid>) {
    (Some(Uid::from_raw(entry.uid)), Some(Gid::from_raw(entry.gid)))
}

fn times(entry: &Entry) -> Timestamps {
    let time = |(tv_sec, tv_nsec)| Timespec { tv_sec, tv_nsec };
    Timestamps { last_access: time(entry.accessed), last_modification: time(entry.modified) }
}

/// Reads what was unpacked and compares it with the record.
fn prove(place: &Place, hidden: &OsStr, entries: &[Entry]) -> Result<(), VaultError> {
    let owners = rustix::process::geteuid().is_root();
    let mut recorded = entries.iter();
    let mut visit = |mut entry: Entry, file: Option<File>| {
        let full = within(&place.path, &entry.path.0);
        if let Some(file) = file {
            entry.sha256 = copy_exactly(&file, io::sink(), entry.size).context(DOING, &full)?;
        }
        if recorded.next().is_some_and(|sealed| sealed.same_content(&entry, owners)) {
            return Ok(());
        }
        let hint = "This file system may not keep modes, times or attributes; the item stays sealed.";
        Err(VaultError::refused(DOING, full, "it did not come back as it was sealed", hint))
    };
    Walk::new(DOING, &place.path, &mut visit).run(&place.parent, hidden)?;
    if recorded.next().is_some() {
        return Err(VaultError::refused(DOING, &place.path, "something is missing in what came back", ""));
    }
    Ok(())
}
