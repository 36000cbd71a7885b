//! Decoys come and go at a user's request.

use super::control::{error, not_saved, weaken};
use super::session::Session;
use crate::decoy::{self, Planted};
use crate::watch::{Record, guard_event};
use doorward_protocol::{DecoyKind, ErrorCode, Importance, Reply, WireError, visible};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Makes a decoy of a file that the peer just planted.
///
/// A decoy is closed to everybody, so that only a fresh file may become one: no request can lock a
/// user out of a key that was there before.
pub(super) fn add(session: &Session, path: PathBuf, kind: DecoyKind) -> Result<Reply, WireError> {
    let guard = &session.office.guard;
    let refused = |why: &str, hint: &str| {
        error(ErrorCode::Invalid, &format!("{} cannot be a decoy: {why}.", shown(&path)), hint)
    };
    let metadata =
        path.symlink_metadata().map_err(|why| refused(&why.to_string(), "Plant the file first."))?;
    let real = path.canonicalize().is_ok_and(|real| real == path);
    let own = session.sees().is_none_or(|uid| uid == metadata.uid());
    if !metadata.is_file() || !real || !own || metadata.nlink() != 1 {
        return Err(refused(
            "it is not a plain file of yours",
            "Name a new file, from the root on, without links.",
        ));
    }
    if !decoy::is_fresh(&metadata) {
        return Err(refused("it was not made just now", "Let `doorward guard decoy add` make a new file."));
    }
    let Some(home) = guard.enrolment.home_of(&path, metadata.uid()) else {
        return Err(refused("it lies below no home that is guarded", "Plant it below your home folder."));
    };
    let planted = Planted::new(path.clone(), kind, &metadata);
    let saved = guard.settings.add_decoy(home.owner, planted.clone()).map_err(|why| not_saved(&why))?;
    if !saved {
        let message = format!("There are {} decoys already.", decoy::MOST);
        return Err(error(ErrorCode::Busy, &message, "Remove some first."));
    }
    guard.enrolment.add_decoy(&guard.group, &home, &planted.path);
    Ok(Reply::Done)
}

/// Makes an ordinary file of a decoy again.
pub(super) fn remove(session: &Session, path: &Path) -> Result<Reply, WireError> {
    let guard = &session.office.guard;
    let owner = guard.settings.with(|current| {
        let mut owners =
            current.decoys.iter().filter(|(owner, _)| session.sees().is_none_or(|uid| uid == **owner));
        owners.find(|(_, decoys)| decoys.iter().any(|known| known.path == path)).map(|(owner, _)| *owner)
    });
    let Some(owner) = owner else {
        let message = format!("{} is no decoy of yours.", shown(path));
        return Err(error(ErrorCode::NotFound, &message, "List the decoys again."));
    };
    weaken(session)?;
    let saved = guard.settings.remove_decoy(owner, path);
    guard.enrolment.remove_decoy(&guard.group, path);
    let mut event =
        guard_event(guard.next_event_id(), owner, &format!("{} is no decoy any more.", shown(path)));
    event.importance = Importance::Attention;
    guard.recorder.send(Record::plain(event));
    saved.map(|()| Reply::Done).map_err(|why| not_saved(&why))
}

fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy()).into_owned()
}
