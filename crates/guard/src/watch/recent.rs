use super::table::ObjectKey;
use crate::sys::Answer;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant, SystemTime};

const ROOM: usize = 4_096;
/// How long a look at a reader counts. Another program, another user, a tracer or the end of the
/// process is told by the kernel and counts at once; a library that it maps later is not, and is
/// seen at the first open after this time. What that can cost is little: the content of a file whose
/// open was allowed a moment ago is in the process already.
pub(super) const FRESH: Duration = Duration::from_millis(100);

/// One process that runs one program and reads one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReadKey {
    /// Process id.
    pub pid: u32,
    /// Which program of which process with that id, see [`crate::lineage::Lineage::generation`].
    pub generation: u64,
    /// The guarded file.
    pub object: ObjectKey,
    /// When the file was made: its number may be given to another one.
    pub born: Option<SystemTime>,
}

/// What was answered to opens, so that what follows needs no second decision.
#[derive(Debug, Default)]
pub(super) struct Recent {
    answers: HashMap<ReadKey, Answered>,
    order: VecDeque<ReadKey>,
}

#[derive(Debug, Clone, Copy)]
struct Answered {
    answer: Answer,
    until: Option<Instant>,
    for_opens: Option<(Instant, ForOpens)>,
}

/// Under which conditions an answer counts for further opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ForOpens {
    /// The version of the settings it was given under.
    pub(super) settings: u64,
    /// True where it raised an event.
    pub(super) told: bool,
}

impl Recent {
    /// What was answered to this process's open of this file: counts for its later reads.
    pub(super) fn for_read(&self, key: &ReadKey) -> Option<Answer> {
        let answered = self.answers.get(key)?;
        answered.until.is_none_or(|until| Instant::now() < until).then_some(answered.answer)
    }

    /// What was answered to this process's open of this file a moment ago, and whether that was told;
    /// unless something was set since that could change the answer.
    pub(super) fn for_open(&self, key: &ReadKey, settings: u64) -> Option<(Answer, bool)> {
        let answered = self.answers.get(key)?;
        let (since, conditions) = answered.for_opens?;
        let counts = conditions.settings == settings && since.elapsed() < FRESH;
        counts.then_some((answered.answer, conditions.told))
    }

    /// Forgets what was answered: it was about another content, or another file with that number.
    pub(super) fn forget(&mut self, key: &ReadKey) {
        self.answers.remove(key);
    }

    /// Remembers an answer (until then), and forgets the oldest where there is no room.
    /// `for_opens`: it counts for further opens too.
    pub(super) fn remember(
        &mut self,
        key: ReadKey,
        answer: Answer,
        until: Option<Instant>,
        for_opens: Option<ForOpens>,
    ) {
        let for_opens = for_opens.map(|conditions| (Instant::now(), conditions));
        if self.answers.insert(key, Answered { answer, until, for_opens }).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > ROOM
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}
