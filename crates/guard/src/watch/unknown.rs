//! Reads that a new worker cannot judge yet. Its predecessor's marks are there before it has found all that they are
//! on, and whoever waits at one must not get by for that.

use crate::sys::PermissionEvent;
use std::time::{Duration, Instant};

/// A read waits no longer than this: finding what is guarded may itself need a process that waits here.
const LONGEST: Duration = Duration::from_secs(5);

/// So many may wait; each costs a descriptor.
const MOST: usize = 4_096;

/// Reads of files that are not known, as long as something may be missing.
#[derive(Debug, Default)]
pub(super) struct Unknown {
    holds: bool,
    waiting: Vec<PermissionEvent>,
    until: Option<Instant>,
}

impl Unknown {
    /// From now on, and until the release, what is not known is not answered.
    pub(super) fn hold(&mut self) {
        self.holds = true;
    }

    /// All that is marked is known.
    pub(super) fn release(&mut self) {
        self.holds = false;
    }

    /// Keeps a read back, or hands it out again where it can be answered.
    pub(super) fn keep(&mut self, request: PermissionEvent) -> Option<PermissionEvent> {
        if !self.holds || self.waiting.len() >= MOST {
            return Some(request);
        }
        self.until.get_or_insert_with(|| Instant::now() + LONGEST);
        self.waiting.push(request);
        None
    }

    /// How long it is until [`Self::due`] has something that waited long enough.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// What is to be judged now; `all`: whatever is missing.
    pub(super) fn due(&mut self, all: bool) -> Vec<PermissionEvent> {
        if all || self.until.is_some_and(|until| Instant::now() >= until) {
            self.holds = false;
        }
        if self.holds {
            return Vec::new();
        }
        self.until = None;
        std::mem::take(&mut self.waiting)
    }
}
