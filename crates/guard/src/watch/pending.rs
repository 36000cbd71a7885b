use crate::sys::PermissionEvent;
use doorward_protocol::{Asked, Event, Timestamp};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Questions one user may have open at once.
pub const QUESTIONS_PER_USER: usize = 64;

/// A read that is held.
#[derive(Debug)]
pub struct Held {
    /// Keeps the event's descriptor, and with it the reader, waiting.
    pub request: PermissionEvent,
    /// The event, its action still `asked`.
    pub event: Event,
    /// `pid@starttime` of the reader.
    pub process: String,
    /// Grants further reads of what was opened.
    pub grant: Option<super::recent::ReadKey>,
    /// When the default answer is given.
    pub deadline: Instant,
    /// The same, by the clock.
    pub deadline_time: Timestamp,
    /// The default answer.
    pub default_allow: bool,
    /// The run whose other reads the answer counts for, where the reader reads whole folders.
    pub(super) run: Option<Run>,
    /// True where an earlier read of the same run is asked about: its answer counts for this one too.
    pub(super) joined: bool,
}

/// One run of a program: process id, and which program of which process with that id.
pub(super) type Run = (u32, u64);

/// The reads that are held, by event id.
#[derive(Debug, Default)]
pub struct Pending(BTreeMap<u64, Held>);

impl Pending {
    /// True where the user has no room for another question.
    pub fn is_full(&self, owner: u32) -> bool {
        self.0.values().filter(|held| held.event.owner == owner).count() >= QUESTIONS_PER_USER
    }

    /// Holds a read.
    pub fn hold(&mut self, held: Held) {
        self.0.insert(held.event.id, held);
    }

    /// True where a read of this run is asked about.
    pub(super) fn asks_about(&self, run: Run) -> bool {
        self.0.values().any(|held| held.run == Some(run) && !held.joined)
    }

    /// Takes out the reads that waited for the answer to another one of their run.
    pub(super) fn take_joined(&mut self, run: Run) -> Vec<Held> {
        let joined = self.0.values().filter(|held| held.run == Some(run) && held.joined);
        let ids: Vec<u64> = joined.map(|held| held.event.id).collect();
        ids.into_iter().filter_map(|id| self.0.remove(&id)).collect()
    }

    /// Takes a held read out, if this user (`None`: anybody) may answer it.
    pub fn take(&mut self, id: u64, owner: Option<u32>) -> Option<Held> {
        let held = self.0.get(&id)?;
        if owner.is_some_and(|uid| uid != held.event.owner) { None } else { self.0.remove(&id) }
    }

    /// Takes everything out whose time is over; everything there is where `now` is `None`.
    pub fn take_expired(&mut self, now: Option<Instant>) -> Vec<Held> {
        let over = |held: &Held| now.is_none_or(|now| held.deadline <= now);
        let ids: Vec<u64> = self.0.iter().filter(|(_, held)| over(held)).map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| self.0.remove(&id)).collect()
    }

    /// How long until the next deadline.
    pub fn next_deadline(&self) -> Option<Duration> {
        let next = self.0.values().map(|held| held.deadline).min()?;
        Some(next.saturating_duration_since(Instant::now()) + Duration::from_millis(1))
    }

    /// `pid@starttime` of the reader that a question is about.
    pub fn process_of(&self, id: u64) -> Option<String> {
        self.0.get(&id).map(|held| held.process.clone())
    }

    /// The open questions of a user (`None`: of everybody), oldest first.
    pub fn questions(&self, owner: Option<u32>) -> Vec<Asked> {
        let mine = self.0.values().filter(|held| owner.is_none_or(|uid| uid == held.event.owner));
        mine.filter(|held| !held.joined).map(Held::question).collect()
    }
}

impl Held {
    /// The question as clients see it.
    pub fn question(&self) -> Asked {
        Asked { event: self.event.clone(), deadline: self.deadline_time, default_allow: self.default_allow }
    }
}
