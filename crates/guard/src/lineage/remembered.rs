use crate::identity::{Identity, Process};
use doorward_protocol::{Attribution, Stage};
use std::collections::HashMap;
use std::path::Path;

const MAX_REMEMBERED: usize = 8192;

/// Remembers which processes ran a package's code, so that their children stay attributed after they
/// lost their parents, their environment and their folder, and so that the first answer, given before
/// the package's code could change anything, stays the answer.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    known: HashMap<(u32, u64), Attribution>,
}

impl Remembered {
    /// What was seen of a process, or what is remembered of its ancestors; whatever is found is remembered
    /// for the process and everything between it and its package manager.
    pub(super) fn attribute(
        &mut self,
        identity: &Identity,
        seen: Option<Attribution>,
    ) -> Option<Attribution> {
        // The outermost process that was seen running a package's code speaks for all below it.
        let remembered = identity.line().rev().find_map(|process| self.known.get(&key(process))).cloned();
        let answer = match (remembered, seen) {
            (Some(before), Some(now)) if before.package.name == now.package.name => Some(fuller(before, now)),
            // A program that a package brought may itself install others.
            (Some(before), Some(now)) if before.stage == Stage::Runtime => Some(now),
            (before, now) => before.or(now),
        };
        if let Some(attribution) = &answer {
            self.remember(identity, attribution);
        }
        answer
    }

    fn remember(&mut self, identity: &Identity, attribution: &Attribution) {
        if self.known.len() >= MAX_REMEMBERED {
            self.known.retain(|(pid, _), _| Path::new(&format!("/proc/{pid}")).exists());
        }
        if self.known.len() >= MAX_REMEMBERED {
            // Every entry is alive: forgetting is better than growing without end.
            self.known.clear();
        }
        self.known.insert(key(&identity.process), attribution.clone());
    }
}

/// Of two answers about one package the one that knows its version.
fn fuller(before: Attribution, now: Attribution) -> Attribution {
    if before.package.version.is_empty() { now } else { before }
}

fn key(process: &Process) -> (u32, u64) {
    (process.pid, process.start_time)
}
