//! After a crash: every step that was under way is finished where the original had begun to go, and
//! undone where it had not.

use crate::manifest::{Manifest, Stage};
use crate::tree::Place;
use crate::{Vault, VaultError, restore, seal};
use std::fs;

const DOING: &str = "finish an interrupted step for";

/// Looks at every item under way. One that resists stays listed as interrupted and hinders nobody.
pub(crate) fn all(vault: &Vault) {
    let Ok(items) = vault.shelf.all() else { return };
    for mut manifest in items {
        // Only a manifest that can be read is acted upon; the journal's word is for listing.
        if vault.shelf.load(DOING, &manifest.id).is_ok() {
            let _ = one(vault, &mut manifest);
        }
    }
    remove_stillborn(vault);
}

fn one(vault: &Vault, manifest: &mut Manifest) -> Result<(), VaultError> {
    match manifest.stage {
        Stage::Planned => vault.shelf.forget(manifest, "undone: the copy was not finished"),
        Stage::Copied => {
            let place = Place::of(DOING, &manifest.origin.0)?;
            let moved = place.stat(&place.sibling(&manifest.id)).is_ok_and(|stat| stat.is_some());
            let untouched = place
                .stat(&place.name)
                .is_ok_and(|stat| stat.map(|stat| (stat.st_dev, stat.st_ino)) == manifest.identity);
            if untouched && !moved {
                return vault.shelf.forget(manifest, "undone: the original had not been moved");
            }
            let (_, key) = vault.unlock(DOING, &manifest.id)?;
            let entries = vault.index(DOING, &manifest.id, &key)?;
            seal::finish(vault, &place, manifest, &entries)
        }
        Stage::Restoring => {
            let place = Place::of(DOING, &manifest.origin.0)?;
            let there = place.stat(&place.name).ok().flatten().map(|stat| (stat.st_dev, stat.st_ino));
            if there.is_some() && there == manifest.identity {
                restore::finish(vault, manifest)
            } else {
                restore::undo(vault, &place, manifest)
            }
        }
        // The last thing a restore or a deletion does is to drop the content.
        Stage::Restored | Stage::Deleted => vault.drop_content(&manifest.id),
        Stage::Sealed => Ok(()),
    }
}

/// An item folder without a manifest is one whose plan was never written down: nothing was copied yet.
fn remove_stillborn(vault: &Vault) {
    let Ok(entries) = fs::read_dir(&vault.shelf.dir) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && !path.join("manifest.json").exists() && !path.join("content.sealed").exists() {
            let _ = fs::remove_file(path.join("manifest.new"));
            let _ = fs::remove_dir(path);
        }
    }
}
