//! The event thread: takes permission events, decides, answers. It never waits for anybody.

mod answer;
mod ask;
mod birth;
mod copies;
mod coverage;
mod crew;
mod disks;
mod enrol;
mod findings;
mod holders;
mod looked;
mod mounts;
mod news;
mod pending;
mod place;
mod recent;
mod record;
mod repeats;
mod retell;
mod runs;
mod survey;
mod table;
mod unknown;

pub use birth::Birth;
pub use enrol::Enrolment;
pub use pending::{Held, Pending, QUESTIONS_PER_USER};
pub use place::{Place, PlaceKind};
pub use record::{Record, Recorder, guard_event, write_down};
pub use survey::survey;
pub use table::{Guarded, ObjectKey, Table};

use crate::config::Config;
use crate::identity::{HashCache, Owners};
use crate::lineage::{FOLLOWERS, Lineage};
use crate::looks::Looks;
use crate::server::Audience;
use crate::state::Settings;
use crate::sweep::Sweeps;
use crate::sys::{Answer, EventBuffer, FanotifyError, Group, Waker, poll_readable, raise_priority};
use answer::Luck;
use crew::Crew;
use doorward_protocol::{Action, Counters};
use recent::Recent;
use repeats::Repeats;
use runs::Runs;
use std::collections::HashSet;
use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};
use unknown::Unknown;

const FOLLOWER_STACK: usize = 256 * 1024;

/// Everything the daemon's threads share. No lock in it is held across I/O.
#[derive(Debug)]
pub struct Guard {
    /// The configuration.
    pub config: Config,
    /// The group of permission events.
    pub group: Arc<Group>,
    /// What is marked.
    pub enrolment: Enrolment,
    /// What the user set.
    pub settings: Settings,
    /// Who listens.
    pub audience: Audience,
    /// Where events go.
    pub recorder: Recorder,
    /// Hashes of executables.
    pub hashes: HashCache,
    /// Which packages programs belong to.
    pub owners: Owners,
    /// Counts.
    pub tally: Tally,
    /// Who descends from whom.
    pub lineage: Arc<Lineage>,
    /// Looks at processes that may make them take long.
    pub looks: Looks,
    pending: Mutex<Pending>,
    granted: Mutex<Recent>,
    repeats: Mutex<Repeats>,
    runs: Mutex<Runs>,
    crew: Crew,
    unknown: Mutex<Unknown>,
    told: Mutex<HashSet<(u32, String, String)>>,
    sweeps: Mutex<Sweeps>,
    started: Instant,
    waker: Waker,
    stopping: AtomicBool,
    next_event: AtomicU64,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Tally {
    answered: AtomicU64,
    denied: AtomicU64,
    asked: AtomicU64,
    timed_out: AtomicU64,
    overflowed: AtomicU64,
}

/// Who settled a held read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettledBy {
    /// The user.
    User,
    /// The deadline.
    Deadline,
    /// The daemon's end.
    End,
}

impl Guard {
    /// Puts the parts together; `first_event` is the first free event id.
    ///
    /// # Errors
    /// Those of eventfd(2).
    pub fn new(
        config: Config,
        group: Arc<Group>,
        enrolment: Enrolment,
        settings: Settings,
        recorder: Recorder,
        lineage: Lineage,
        first_event: u64,
    ) -> std::io::Result<Self> {
        Ok(Self {
            config,
            group,
            enrolment,
            settings,
            audience: Audience::default(),
            recorder,
            hashes: HashCache::new(),
            owners: Owners::default(),
            tally: Tally::default(),
            lineage: Arc::new(lineage),
            looks: Looks::default(),
            pending: Mutex::default(),
            granted: Mutex::default(),
            repeats: Mutex::default(),
            runs: Mutex::default(),
            crew: Crew::default(),
            unknown: Mutex::default(),
            told: Mutex::default(),
            sweeps: Mutex::default(),
            started: Instant::now(),
            waker: Waker::new()?,
            stopping: AtomicBool::new(false),
            next_event: AtomicU64::new(first_event),
        })
    }

    /// The event thread. Returns after [`Guard::stop`], with everything held answered.
    ///
    /// # Errors
    /// [`FanotifyError::Read`].
    pub fn watch(self: &Arc<Self>) -> Result<(), FanotifyError> {
        let (mut requests, mut names) = (EventBuffer::default(), EventBuffer::default());
        let mut luck = Luck::default();
        raise_priority();
        let polled = [self.group.fd(), self.enrolment.topology().fd(), self.waker.fd()];
        let mut stopping = false;
        loop {
            while self.crew.needs_hand() {
                self.add_hand();
            }
            let deadline = lock(&self.pending).next_deadline();
            let sum = lock(&self.repeats).next_due();
            let unknown = lock(&self.unknown).next_due();
            let timeout = [deadline, sum, unknown, self.crew.next_care()].into_iter().flatten().min();
            // The last round is one that finds nothing, and nothing comes to begin it once the marks are gone.
            let timeout = if stopping { Some(Duration::ZERO) } else { timeout };
            let [_, named, woken] = poll_readable(polled, timeout);
            if woken {
                self.waker.clear();
            }
            stopping = self.stopping.load(Relaxed);
            if stopping {
                // Other threads of ours still open files, and soon nobody will be here to answer them.
                self.group.unmark_all()?;
            }
            let idle = !self.serve(&mut requests, &mut names, &mut luck)?;
            if named && self.enrolment.catch_up(&self.group, &mut names)? {
                self.audience.state_changed();
            }
            let unknown = lock(&self.unknown).due(stopping);
            for request in unknown {
                self.answer_request(request, &mut names)?;
            }
            let now = (!stopping).then(Instant::now);
            for look in self.crew.overdue(now) {
                self.conclude_unseen(look);
            }
            let expired = lock(&self.pending).take_expired(now);
            for held in expired {
                let by = if stopping { SettledBy::End } else { SettledBy::Deadline };
                let allow = held.default_allow;
                self.settle(held, allow, by);
            }
            self.tell_sums(stopping);
            if stopping && idle {
                self.crew.stop();
                return Ok(());
            }
        }
    }

    /// Starts the threads that follow processes from their births to their ends.
    pub fn follow_processes(self: &Arc<Self>) {
        for _ in 0..FOLLOWERS {
            self.add_follower();
        }
    }

    /// One more of them; false where it cannot be started.
    fn add_follower(self: &Arc<Self>) -> bool {
        let guard = Arc::clone(self);
        let follow = move || {
            guard.lineage.follow(|| guard.stopping.load(Relaxed), || guard.add_follower());
        };
        let started = Builder::new().name("lineage".into()).stack_size(FOLLOWER_STACK).spawn(follow);
        if let Err(error) = &started {
            tracing::error!(%error, "a thread cannot be started");
        }
        started.is_ok()
    }

    /// What is not known is not answered until [`Self::know_all`]: a predecessor's marks are there already.
    pub fn hold_unknown(&self) {
        lock(&self.unknown).hold();
    }

    /// Everything that is marked was found.
    pub fn know_all(&self) {
        lock(&self.unknown).release();
        self.waker.wake();
    }

    /// Ends the event thread.
    pub fn stop(&self) {
        self.stopping.store(true, Relaxed);
        self.waker.wake();
        self.lineage.wake();
    }

    /// Reads that are held; hold the lock briefly.
    pub fn pending(&self) -> MutexGuard<'_, Pending> {
        lock(&self.pending)
    }

    /// Answers a held read, and where the answer counts for a run, what else of it is held.
    pub fn settle(&self, held: Held, allow: bool, by: SettledBy) {
        if let Some(run) = held.run {
            lock(&self.runs).remember(run, allow);
            let joined = lock(&self.pending).take_joined(run);
            for other in joined {
                self.settle_one(other, allow, by);
            }
        }
        self.settle_one(held, allow, by);
    }

    fn settle_one(&self, held: Held, allow: bool, by: SettledBy) {
        let answer = if allow { Answer::Allow } else { Answer::Deny };
        if let Some(key) = held.grant {
            lock(&self.granted).remember(key, &held.request.file, answer, None, None);
        }
        self.reply(&held.request, answer);
        let mut event = held.event;
        event.action = if allow { Action::Allowed } else { Action::Denied };
        let done = if allow { "allowed" } else { "blocked" };
        let ending = match by {
            SettledBy::User => format!("you {done} it."),
            SettledBy::Deadline => {
                self.tally.timed_out.fetch_add(1, Relaxed);
                format!("nobody answered in time, so it was {done}.")
            }
            SettledBy::End => format!("the guard ended before anybody answered, so it was {done}."),
        };
        let sentence = event.why.rsplit_once("; ").map_or(event.why.as_str(), |(start, _)| start);
        event.why = format!("{sentence}; {ending}");
        self.recorder.send(if held.joined { Record::plain(event) } else { Record::settled(event) });
    }

    /// A number for a new event.
    pub fn next_event_id(&self) -> u64 {
        self.next_event.fetch_add(1, Relaxed)
    }

    /// Counts since the start.
    pub fn counters(&self) -> Counters {
        Counters {
            answered: self.tally.answered.load(Relaxed),
            denied: self.tally.denied.load(Relaxed),
            asked: self.tally.asked.load(Relaxed),
            timed_out: self.tally.timed_out.load(Relaxed),
            overflowed: self.tally.overflowed.load(Relaxed),
            secrets: self.enrolment.table().len() as u64,
        }
    }
}

fn fd_path(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
