use super::looked::Looked;
use super::table::ObjectKey;
use crate::sys::Answer;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROOM: usize = 4_096;
const READERS: usize = 256;
/// How long a look at a reader counts. Another program, another user, a tracer or the end of the
/// process is told by the kernel and counts at once; a library that it maps later is not, and is
/// seen at the first open after this time. The content of a file whose open was allowed before is
/// in the process already: nothing is won by waiting less.
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
    for_opens: Option<(Instant, u64)>,
}

impl Recent {
    /// What was answered to this process's open of this file: counts for its later reads.
    pub(super) fn for_read(&self, key: &ReadKey) -> Option<Answer> {
        let answered = self.answers.get(key)?;
        answered.until.is_none_or(|until| Instant::now() < until).then_some(answered.answer)
    }

    /// True where this process's last open of this file was allowed in silence a moment ago and
    /// nothing was set since that could change the answer.
    pub(super) fn allows_open(&self, key: &ReadKey, settings: u64) -> bool {
        let known = self.answers.get(key).and_then(|answered| answered.for_opens);
        known.is_some_and(|(since, version)| version == settings && since.elapsed() < FRESH)
    }

    /// Remembers an answer (until then), and forgets the oldest where there is no room.
    /// `for_opens`: it was an allowing one that raised no event, under this version of the settings.
    pub(super) fn remember(
        &mut self,
        key: ReadKey,
        answer: Answer,
        until: Option<Instant>,
        for_opens: Option<u64>,
    ) {
        let for_opens = for_opens.map(|settings| (Instant::now(), settings));
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

/// Readers that were looked at a moment ago.
#[derive(Debug, Default)]
pub(super) struct Familiar(HashMap<u32, (u64, Instant, Arc<Looked>)>);

impl Familiar {
    /// What was found out about a process a moment ago.
    pub(super) fn get(&self, pid: u32, generation: u64) -> Option<Arc<Looked>> {
        let (known, since, looked) = self.0.get(&pid)?;
        (*known == generation && since.elapsed() < FRESH).then(|| Arc::clone(looked))
    }

    pub(super) fn remember(&mut self, pid: u32, generation: u64, looked: Arc<Looked>) {
        if self.0.len() >= READERS {
            self.0.retain(|_, (_, since, _)| since.elapsed() < FRESH);
        }
        if self.0.len() < READERS {
            self.0.insert(pid, (generation, Instant::now(), looked));
        }
    }
}
