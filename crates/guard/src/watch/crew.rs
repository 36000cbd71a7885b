use super::pending::Run;
use super::recent::ReadKey;
use super::table::Guarded;
use crate::looks::{LOOK_TIME, STALLED};
use crate::sys::PermissionEvent;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Threads that are always there.
const ALWAYS: usize = 2;
/// Threads at most: one is left where as many processes as may each hold up another.
const MOST: usize = STALLED + 1;
/// How long a read may wait for its turn to be looked at.
const QUEUE_TIME: Duration = Duration::from_secs(10);
/// How often the event thread looks after the crew while there is work.
const CARE: Duration = Duration::from_millis(20);
/// How long an extra thread waits for work.
const IDLE: Duration = Duration::from_secs(10);

/// The threads that look at readers. A process can make a look at it take for ever (see [`crate::looks`]), so
/// the event thread never looks itself: it gives each look a time, and what takes longer is a stranger.
#[derive(Debug, Default)]
pub(super) struct Crew {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Look>,
    underway: HashMap<u64, Look>,
    /// The processes that are being looked at, and since when: one thread for each is enough.
    subjects: HashMap<u32, Instant>,
    threads: usize,
    idle: usize,
    next: u64,
    stopping: bool,
}

/// A read that waits for a look at its reader.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) request: PermissionEvent,
    pub(super) about: Arc<About>,
    pub(super) since: Instant,
}

/// What somebody wants to read.
#[derive(Debug)]
pub(super) struct About {
    pub(super) guarded: Guarded,
    /// Device and inode of the guarded file.
    pub(super) file: (u64, u64),
    pub(super) key: Option<ReadKey>,
    /// True where nothing is in the file yet.
    pub(super) empty: bool,
    /// True where the reader itself made the file.
    pub(super) made: bool,
}

impl About {
    /// The run of the program that reads.
    pub(super) fn run(&self) -> Option<Run> {
        self.key.map(|key| (key.pid, key.generation))
    }
}

impl Crew {
    /// Takes a read whose reader is to be looked at.
    pub(super) fn look(&self, look: Look) {
        self.state().waiting.push_back(look);
        self.work.notify_one();
    }

    /// The next read whose reader is to be looked at: its number, the process and the file. `None`: end the thread.
    pub(super) fn next(&self) -> Option<(u64, u32, Arc<About>)> {
        let mut state = self.state();
        loop {
            if state.stopping {
                state.threads -= 1;
                return None;
            }
            if let Some(next) = state.take() {
                return Some(next);
            }
            state.idle += 1;
            let (back, waited) = self.work.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = back;
            state.idle -= 1;
            if waited.timed_out() && state.threads > ALWAYS {
                state.threads -= 1;
                return None;
            }
        }
    }

    /// The read for which a look was made; `None` where it took too long and was answered already.
    pub(super) fn looked(&self, number: u64, pid: u32) -> Option<Look> {
        let mut state = self.state();
        state.subjects.remove(&pid);
        let look = state.underway.remove(&number);
        drop(state);
        // Another read of this process may wait for just that.
        self.work.notify_one();
        look
    }

    /// Takes out the reads whose reader could not be looked at in time; all of them where `now` is `None`.
    pub(super) fn overdue(&self, now: Option<Instant>) -> Vec<Look> {
        let mut state = self.state();
        let State { waiting, underway, subjects, .. } = &mut *state;
        let stuck =
            |pid: u32| now.is_none_or(|now| subjects.get(&pid).is_some_and(|since| now - *since > LOOK_TIME));
        let late: Vec<u64> =
            underway.iter().filter(|(_, look)| stuck(look.request.pid)).map(|(number, _)| *number).collect();
        let mut over: Vec<Look> = late.into_iter().filter_map(|number| underway.remove(&number)).collect();
        let waited = |look: &Look| now.is_none_or(|now| now - look.since > QUEUE_TIME);
        for look in std::mem::take(waiting) {
            if stuck(look.request.pid) || waited(&look) { over.push(look) } else { waiting.push_back(look) }
        }
        over
    }

    /// When the event thread should look after the crew; `None`: there is no work.
    pub(super) fn next_care(&self) -> Option<Duration> {
        let state = self.state();
        (!state.waiting.is_empty() || !state.underway.is_empty()).then_some(CARE)
    }

    /// True where another thread should be started (and is counted from now on): at the beginning, and
    /// while work waits although every thread has been busy for a while.
    pub(super) fn needs_hand(&self) -> bool {
        let mut state = self.state();
        let late = state.waiting.front().is_some_and(|look| look.since.elapsed() > CARE);
        let needed = state.threads < ALWAYS || (late && state.idle == 0 && state.threads < MOST);
        state.threads += usize::from(needed);
        needed
    }

    /// Ends the threads once they are done.
    pub(super) fn stop(&self) {
        self.state().stopping = true;
        self.work.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self) -> Option<(u64, u32, Arc<About>)> {
        let at = self.waiting.iter().position(|look| !self.subjects.contains_key(&look.request.pid))?;
        let look = self.waiting.remove(at)?;
        let (pid, about) = (look.request.pid, Arc::clone(&look.about));
        self.subjects.insert(pid, Instant::now());
        self.next += 1;
        self.underway.insert(self.next, look);
        Some((self.next, pid, about))
    }
}
