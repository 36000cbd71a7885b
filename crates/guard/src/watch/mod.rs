//! The event thread: takes permission events, decides, answers. It never waits for anybody.

mod enrol;
mod pending;
mod recent;
mod record;
mod table;

pub use enrol::{Enrolment, Place, PlaceKind};
pub use pending::{Held, Pending, QUESTIONS_PER_USER};
pub use record::{Record, Recorder, guard_event, write_down};
pub use table::{Guarded, ObjectKey, Table};

use crate::attribution::{self, Lineage};
use crate::config::Config;
use crate::decide::{self, Decision, Facts, Outcome, Standing, Step};
use crate::identity::{HashCache, Identity, identify};
use crate::rules::Subject;
use crate::server::Audience;
use crate::state::Settings;
use crate::sys::{Answer, EventBuffer, FanotifyError, Group, PermissionEvent, Waker, poll_readable};
use doorward_protocol::{Action, Attribution, Counters, Event, EventKind, Importance, Reader, Timestamp};
use recent::{ReadKey, Recent};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const OPENS_NOTE: &str = "This file system has no pre-content events: a descriptor that an allowed program passes on \
                          can be mapped into memory unseen.";

/// How long the maker of a file may go on writing it.
const WRITING_TIME: Duration = Duration::from_secs(10);
/// Reads that were told once and are remembered, so that they are not told again.
const TOLD: usize = 1_024;

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
    pub hashes: Arc<HashCache>,
    /// Counts.
    pub tally: Tally,
    pending: Mutex<Pending>,
    granted: Mutex<Recent>,
    told: Mutex<HashSet<(u32, String, String)>>,
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

/// What the guard found out about a reader.
struct Looked {
    identity: Option<Identity>,
    subject: Subject,
    reader: Reader,
    package: Option<Attribution>,
    manager: Option<String>,
    executable: Option<File>,
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
        hashes: Arc<HashCache>,
        first_event: u64,
    ) -> std::io::Result<Self> {
        Ok(Self {
            config,
            group,
            enrolment,
            settings,
            audience: Audience::default(),
            recorder,
            hashes,
            tally: Tally::default(),
            pending: Mutex::default(),
            granted: Mutex::default(),
            told: Mutex::default(),
            waker: Waker::new()?,
            stopping: AtomicBool::new(false),
            next_event: AtomicU64::new(first_event),
        })
    }

    /// The event thread. Returns after [`Guard::stop`], with everything held answered.
    ///
    /// # Errors
    /// [`FanotifyError::Read`].
    pub fn watch(&self) -> Result<(), FanotifyError> {
        let (mut requests, mut names) = (EventBuffer::default(), EventBuffer::default());
        let mut lineage = Lineage::new();
        let polled = [self.group.fd(), self.enrolment.topology().fd(), self.waker.fd()];
        loop {
            let timeout = lock(&self.pending).next_deadline();
            poll_readable(&polled, timeout);
            self.waker.clear();
            if self.enrolment.catch_up(&self.group, &mut names)? {
                self.audience.state_changed();
            }
            let batch = self.group.read(&mut requests)?;
            let idle = batch.is_empty();
            for request in batch {
                self.answer_request(request, &mut names, &mut lineage)?;
            }
            let stopping = self.stopping.load(Relaxed);
            let expired = lock(&self.pending).take_expired((!stopping).then(Instant::now));
            for held in expired {
                let by = if stopping { SettledBy::End } else { SettledBy::Deadline };
                let allow = held.default_allow;
                self.settle(held, allow, by);
            }
            if stopping && idle {
                return Ok(());
            }
        }
    }

    /// Ends the event thread.
    pub fn stop(&self) {
        self.stopping.store(true, Relaxed);
        self.waker.wake();
    }

    /// Reads that are held; hold the lock briefly.
    pub fn pending(&self) -> MutexGuard<'_, Pending> {
        lock(&self.pending)
    }

    /// Answers a held read.
    pub fn settle(&self, held: Held, allow: bool, by: SettledBy) {
        let answer = if allow { Answer::Allow } else { Answer::Deny };
        if let Some(key) = held.grant {
            lock(&self.granted).remember(key, answer, None);
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
        self.recorder.send(Record::settled(event));
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

    fn answer_request(
        &self,
        request: PermissionEvent,
        names: &mut EventBuffer,
        lineage: &mut Lineage,
    ) -> Result<(), FanotifyError> {
        if request.pid == std::process::id() {
            self.reply(&request, Answer::Allow);
            return Ok(());
        }
        self.enrolment.catch_up(&self.group, names)?;
        let Ok(metadata) = request.file.metadata() else {
            self.reply(&request, Answer::Deny);
            return Ok(());
        };
        let Some((key, guarded)) = self.enrolment.recognise(&self.group, &request.file, &metadata) else {
            self.reply(&request, Answer::Allow);
            return Ok(());
        };
        let grant = ReadKey::of(request.pid, key);
        if !request.open
            && let Some(answer) = grant.and_then(|key| lock(&self.granted).get(&key))
        {
            self.reply(&request, answer);
            return Ok(());
        }
        let looked = self.look_at(request.pid, lineage);
        let empty = metadata.len() == 0;
        let mut decision = self.decide(&guarded, &looked, empty);
        if decision.step == Step::Lineage
            && decision.outcome == Outcome::Allow
            && self.was_told(&guarded, &looked)
        {
            decision.importance = None;
        }
        self.carry_out(request, grant, guarded, looked, decision, empty);
        Ok(())
    }

    fn look_at(&self, pid: u32, lineage: &mut Lineage) -> Looked {
        match identify(pid) {
            Ok(identity) => {
                let sha256 = self.hashes.get(&identity);
                // O_PATH raises no event of its own; the recorder reads it after the answer.
                let executable = OpenOptions::new()
                    .read(true)
                    .custom_flags(libc::O_PATH)
                    .open(format!("/proc/{pid}/exe"))
                    .ok()
                    .filter(|_| sha256.is_none());
                Looked {
                    subject: Subject::new(&identity, sha256.clone()),
                    reader: identity.reader(sha256),
                    package: lineage.attribute(&identity),
                    manager: attribution::manager_of(&identity),
                    executable,
                    identity: Some(identity),
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a reader could not be identified");
                Looked {
                    identity: None,
                    subject: Subject { exe: PathBuf::from(format!("process {pid}")), ..Subject::default() },
                    reader: record::unknown_reader(pid),
                    package: None,
                    manager: None,
                    executable: None,
                }
            }
        }
    }

    fn decide(&self, guarded: &Guarded, looked: &Looked, empty: bool) -> Decision {
        let catalog = self.enrolment.catalog();
        let class = catalog.class(&guarded.secret.class);
        let known = class
            .zip(looked.identity.as_ref())
            .and_then(|(class, identity)| catalog.allows(&guarded.root, class, identity));
        let managers_own = class
            .zip(looked.manager.as_ref())
            .is_some_and(|(class, manager)| class.owned_by.iter().any(|owner| owner == manager));
        let facts = Facts {
            secret: &guarded.secret,
            subject: &looked.subject,
            package: looked.package.as_ref(),
            manager: looked.manager.as_deref(),
            known_reader: known.map(|reader| reader.title.as_str()),
            fetches_sources: known.is_some_and(|reader| ["git", "openssh"].contains(&reader.id.as_str())),
            managers_own,
            decoy: guarded.secret.class.starts_with("decoy"),
            empty,
            terminal: looked.identity.as_ref().is_some_and(|identity| identity.tty),
        };
        let now = Timestamp::now();
        let someone_to_ask = self.audience.can_answer(guarded.owner);
        self.settings.with(|current| {
            decide::decide(
                &facts,
                &Standing {
                    policy: &current.policy,
                    paused: current.is_paused(now),
                    rules: current.rules_of(guarded.owner),
                    someone_to_ask,
                    now,
                },
            )
        })
    }

    /// True where this program's reads of this kind of secret for a package manager were told before.
    fn was_told(&self, guarded: &Guarded, looked: &Looked) -> bool {
        let mut told = lock(&self.told);
        if told.len() >= TOLD {
            told.clear();
        }
        !told.insert((guarded.owner, guarded.secret.class.clone(), looked.subject.inode.clone()))
    }

    fn carry_out(
        &self,
        request: PermissionEvent,
        grant: Option<ReadKey>,
        guarded: Guarded,
        looked: Looked,
        decision: Decision,
        empty: bool,
    ) {
        let mut decision = decision;
        if matches!(decision.outcome, Outcome::Ask { .. }) && lock(&self.pending).is_full(guarded.owner) {
            self.tally.overflowed.fetch_add(1, Relaxed);
            decision.outcome = Outcome::Deny;
            let sentence = decision.why.rsplit_once("; ").map_or("", |(start, _)| start);
            decision.why = format!("{sentence}; too many questions are open already, so it was blocked.");
        }
        let action = match decision.outcome {
            Outcome::Allow => Action::Allowed,
            Outcome::Deny => Action::Denied,
            Outcome::Ask { .. } => Action::Asked,
        };
        let id = if decision.importance.is_some() { self.next_event_id() } else { 0 };
        let event = Event {
            schema: 1,
            id,
            time: Timestamp::now(),
            kind: EventKind::Read,
            action,
            importance: decision.importance.unwrap_or(Importance::Quiet),
            owner: guarded.owner,
            secret: guarded.secret,
            reader: looked.reader,
            package: looked.package,
            why: decision.why,
        };
        let record = |event, question| Record {
            event,
            question,
            settled: false,
            hash: looked.identity.zip(looked.executable),
        };
        match decision.outcome {
            Outcome::Allow | Outcome::Deny => {
                let answer = if action == Action::Allowed { Answer::Allow } else { Answer::Deny };
                // Whoever makes a file writes it now, and has no claim to what comes into it later.
                let until = empty.then(|| Instant::now() + WRITING_TIME);
                if let Some(key) = grant {
                    lock(&self.granted).remember(key, answer, until);
                }
                self.reply(&request, answer);
                if decision.importance.is_some() {
                    self.recorder.send(record(event, None));
                }
            }
            Outcome::Ask { default_allow } => {
                self.tally.asked.fetch_add(1, Relaxed);
                let wait = Duration::from_secs(self.config.ask_seconds);
                let held = Held {
                    process: looked.subject.process.clone(),
                    request,
                    event: event.clone(),
                    grant,
                    deadline: Instant::now() + wait,
                    deadline_time: event.time.plus(wait),
                    default_allow,
                };
                let question = held.question();
                lock(&self.pending).hold(held);
                self.recorder.send(record(event, Some(question)));
            }
        }
    }

    fn reply(&self, request: &PermissionEvent, answer: Answer) {
        self.tally.answered.fetch_add(1, Relaxed);
        if answer == Answer::Deny {
            self.tally.denied.fetch_add(1, Relaxed);
        }
        // It fails only where the reader has been killed: then nobody waits.
        let _ = self.group.answer(request.file.as_fd(), answer);
    }
}

fn fd_path(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
