use super::pending::Run;
use std::collections::{HashMap, VecDeque};

const ROOM: usize = 256;

/// What was answered for the runs of programs that read whole folders.
#[derive(Debug, Default)]
pub(super) struct Runs {
    answers: HashMap<Run, bool>,
    order: VecDeque<Run>,
}

impl Runs {
    /// True: allowed. False: denied. `None`: nobody was asked yet.
    pub(super) fn answer(&self, run: Run) -> Option<bool> {
        self.answers.get(&run).copied()
    }

    /// Remembers an answer, and forgets the oldest where there is no room.
    pub(super) fn remember(&mut self, run: Run, allow: bool) {
        if self.answers.insert(run, allow).is_none() {
            self.order.push_back(run);
        }
        if self.order.len() > ROOM
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}
