//! What the event thread noticed and the survey has to look into.

use super::table::ObjectKey;
use crate::sys::Waker;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Mutex, PoisonError};

/// Files remembered one by one, at most; beyond it everything is looked into.
const ROOM: usize = 65_536;

/// A message box between the event thread, which never waits, and the survey.
#[derive(Debug)]
pub(super) struct News {
    waker: Waker,
    told: Mutex<Told>,
}

/// What was noticed since the last look.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Files that are guarded from now on.
    pub(super) fresh: Vec<ObjectKey>,
    /// Homes or snapshots may have come.
    pub(super) around: bool,
    /// More than could be remembered.
    pub(super) everything: bool,
}

impl News {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { waker: Waker::new()?, told: Mutex::default() })
    }

    /// The descriptor, to be polled.
    pub(super) fn fd(&self) -> RawFd {
        self.waker.fd()
    }

    /// A file is guarded from now on, or may be held open by a stranger since it was empty.
    pub(super) fn guarded(&self, key: ObjectKey) {
        self.tell(|told| match told.fresh.len() < ROOM {
            true => told.fresh.push(key),
            false => told.everything = true,
        });
    }

    /// A home or a snapshot may have come.
    pub(super) fn look_around(&self) {
        self.tell(|told| told.around = true);
    }

    /// Takes what was noticed.
    pub(super) fn take(&self) -> Told {
        self.waker.clear();
        std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn tell(&self, note: impl FnOnce(&mut Told)) {
        note(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner));
        self.waker.wake();
    }
}
