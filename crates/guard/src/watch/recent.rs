use super::birth::handle_while_young;
use super::table::ObjectKey;
use crate::sys::{self, Answer};
use std::collections::{HashMap, VecDeque};
use std::fs::File;
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

#[derive(Debug, Clone)]
struct Answered {
    answer: Answer,
    /// Which file it was about, where that may be doubted.
    file: Option<Vec<u8>>,
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
    pub(super) fn for_read(&self, key: &ReadKey, file: &File) -> Option<Answer> {
        let answered = self.about(key, file)?;
        answered.until.is_none_or(|until| Instant::now() < until).then_some(answered.answer)
    }

    /// What was answered to this process's open of this file a moment ago, and whether that was told;
    /// unless something was set since that could change the answer.
    pub(super) fn for_open(&self, key: &ReadKey, file: &File, settings: u64) -> Option<(Answer, bool)> {
        let answered = self.about(key, file)?;
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
        file: &File,
        answer: Answer,
        until: Option<Instant>,
        for_opens: Option<ForOpens>,
    ) {
        let for_opens = for_opens.map(|conditions| (Instant::now(), conditions));
        let file = handle_while_young(key.born, file);
        if self.answers.insert(key, Answered { answer, file, until, for_opens }).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > ROOM
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }

    fn about(&self, key: &ReadKey, file: &File) -> Option<&Answered> {
        let answered = self.answers.get(key)?;
        let is_it = |known: &Vec<u8>| sys::file_handle(file).is_ok_and(|handle| handle == *known);
        answered.file.as_ref().is_none_or(is_it).then_some(answered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_not_for_the_next_file_with_the_number() {
        let [one, next] = [(); 2].map(|()| tempfile::tempfile().expect("a file"));
        let born = Some(SystemTime::now());
        let key = ReadKey { pid: 1, generation: 1, object: ObjectKey { dev: 1, ino: 1 }, born };
        let for_opens = ForOpens { settings: 1, told: false };
        for answer in [Answer::Allow, Answer::Deny] {
            let mut recent = Recent::default();
            recent.remember(key, &one, answer, None, Some(for_opens));
            assert_eq!(recent.for_read(&key, &one), Some(answer));
            assert_eq!(recent.for_open(&key, &one, 1), Some((answer, false)));
            assert_eq!(recent.for_read(&key, &next), None);
            assert_eq!(recent.for_open(&key, &next, 1), None);
        }
    }
}
