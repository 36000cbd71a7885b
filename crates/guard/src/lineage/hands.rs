use super::tree::Life;
use crate::looks::STALLED;
use std::collections::HashMap;
use std::sync::Arc;

/// Threads that follow processes, as long as none of them is held up.
pub const FOLLOWERS: usize = 3;

/// A program that was started, and whether that was seen as it happened.
pub(super) type Start = (Arc<Life>, bool);

/// The threads that follow processes. Each can be held up by the process it reads, for as long as that
/// likes; then another takes its place, so that one always waits for events.
#[derive(Debug)]
pub(super) struct Hands {
    threads: usize,
    /// Processes that are being read, each with the program it started meanwhile.
    reading: HashMap<u32, Option<Start>>,
}

/// What is to be done about a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Read it.
    Read,
    /// Read it, and let another thread take this one's place first.
    ReadReplaced,
    /// It is read when it is asked for, or by whoever reads its process already.
    Leave,
}

impl Default for Hands {
    fn default() -> Self {
        Self { threads: FOLLOWERS, reading: HashMap::new() }
    }
}

impl Hands {
    pub(super) fn begin(&mut self, start: &Start) -> Turn {
        let pid = start.0.pid;
        if let Some(later) = self.reading.get_mut(&pid) {
            *later = Some(start.clone());
            return Turn::Leave;
        }
        let last = self.reading.len() + 1 >= self.threads;
        if last && self.threads > STALLED {
            return Turn::Leave;
        }
        self.threads += usize::from(last);
        self.reading.insert(pid, None);
        if last { Turn::ReadReplaced } else { Turn::Read }
    }

    /// What the process that was read started meanwhile.
    pub(super) fn next(&mut self, pid: u32) -> Option<Start> {
        let next = self.reading.get_mut(&pid)?.take();
        if next.is_none() {
            self.reading.remove(&pid);
        }
        next
    }

    /// True where there are enough threads without the one that asks, which ends.
    pub(super) fn is_spare(&mut self) -> bool {
        let spare = self.threads - self.reading.len() > FOLLOWERS;
        self.threads -= usize::from(spare);
        spare
    }

    /// A thread that was to take another's place could not be started.
    pub(super) fn is_missing(&mut self) {
        self.threads -= 1;
    }
}
