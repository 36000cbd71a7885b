use super::table::ObjectKey;
use crate::sys::Answer;
use std::collections::{HashMap, VecDeque};
use std::fs;
use std::time::Instant;

const ROOM: usize = 4_096;

/// One process that runs one program and reads one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReadKey {
    /// Process id.
    pub pid: u32,
    /// Its start, in clock ticks since boot.
    pub start_time: u64,
    /// Its executable.
    pub exe: ObjectKey,
    /// The guarded file.
    pub object: ObjectKey,
}

impl ReadKey {
    /// The key of a process as it is now.
    pub fn of(pid: u32, object: ObjectKey) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let start_time = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()?;
        let exe = ObjectKey::of(&fs::metadata(format!("/proc/{pid}/exe")).ok()?);
        Some(Self { pid, start_time, exe, object })
    }
}

/// What was answered to opens, so that the reads that follow need no second decision.
#[derive(Debug, Default)]
pub(super) struct Recent {
    answers: HashMap<ReadKey, (Answer, Option<Instant>)>,
    order: VecDeque<ReadKey>,
}

impl Recent {
    /// What was answered to this process's open of this file.
    pub(super) fn get(&self, key: &ReadKey) -> Option<Answer> {
        let (answer, until) = self.answers.get(key)?;
        until.is_none_or(|until| Instant::now() < until).then_some(*answer)
    }

    /// Remembers an answer (until then), and forgets the oldest where there is no room.
    pub(super) fn remember(&mut self, key: ReadKey, answer: Answer, until: Option<Instant>) {
        if self.answers.insert(key, (answer, until)).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > ROOM
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}
