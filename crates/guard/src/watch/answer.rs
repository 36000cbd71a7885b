//! From a permission event to its answer.

use super::crew::Look;
use super::looked::Looked;
use super::pending::Held;
use super::recent::ReadKey;
use super::record::Record;
use super::table::Guarded;
use super::{Guard, lock};
use crate::attribution;
use crate::catalog::{Claim, Sought};
use crate::decide::{self, Decision, Facts, Outcome, Standing, Step};
use crate::sys::{Answer, EventBuffer, FanotifyError, PermissionEvent, raise_priority};
use doorward_protocol::{Action, Event, EventKind, Importance, Timestamp};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// How long the maker of a file may go on writing it.
const WRITING_TIME: Duration = Duration::from_secs(10);
/// Reads that were told once and are remembered, so that they are not told again.
const TOLD: usize = 1_024;
const STACK_BYTES: usize = 256 * 1024;

impl Guard {
    /// Answers what waits, or hands it to the crew; false where nothing waited.
    pub(super) fn answer_waiting(
        &self,
        requests: &mut EventBuffer,
        names: &mut EventBuffer,
    ) -> Result<bool, FanotifyError> {
        let batch = self.group.read(requests)?;
        let some = !batch.is_empty();
        for request in batch {
            self.answer_request(request, names)?;
        }
        Ok(some)
    }

    /// Starts one more thread of the crew.
    pub(super) fn add_hand(self: &Arc<Self>) {
        let guard = Arc::clone(self);
        let started = std::thread::Builder::new()
            .name("look".into())
            .stack_size(STACK_BYTES)
            .spawn(move || guard.work());
        if let Err(error) = started {
            tracing::error!(%error, "a thread cannot be started");
        }
    }

    /// Decides a read whose reader could not be looked at.
    pub(super) fn conclude_unseen(&self, look: Look) {
        let looked = Looked::unseen(look.request.pid, &self.lineage);
        self.conclude(look, &Arc::new(looked));
    }

    fn work(&self) {
        raise_priority();
        while let Some((number, pid)) = self.crew.next() {
            let looked = Arc::new(Looked::at(pid, &self.lineage, &self.hashes));
            if let Some(look) = self.crew.looked(number, pid) {
                self.conclude(look, &looked);
            }
        }
    }

    fn answer_request(&self, request: PermissionEvent, names: &mut EventBuffer) -> Result<(), FanotifyError> {
        if request.pid == std::process::id() {
            self.reply(&request, Answer::Allow);
            return Ok(());
        }
        self.lineage.catch_up();
        self.enrolment.catch_up(&self.group, names)?;
        let Ok(metadata) = request.file.metadata() else {
            self.reply(&request, Answer::Deny);
            return Ok(());
        };
        let Some((object, guarded)) = self.enrolment.recognise(&self.group, &request.file, &metadata) else {
            self.reply(&request, Answer::Allow);
            return Ok(());
        };
        let pid = request.pid;
        let key = self.lineage.generation(pid).map(|generation| ReadKey { pid, generation, object });
        if let Some(answer) = key.and_then(|key| self.known_answer(&key, request.open)) {
            self.reply(&request, answer);
            return Ok(());
        }
        let (empty, since) = (metadata.len() == 0, Instant::now());
        let look = Look { request, guarded, file: (object.dev, object.ino), key, empty, since };
        if let Some(look) = self.conclude_familiar(look) {
            self.crew.look(look);
        }
        Ok(())
    }

    fn known_answer(&self, key: &ReadKey, open: bool) -> Option<Answer> {
        let granted = lock(&self.granted);
        if open {
            granted.allows_open(key, self.settings.version()).then_some(Answer::Allow)
        } else {
            granted.for_read(key)
        }
    }

    /// Decides a read by a look at its reader made a moment ago, where that is enough; gives it back
    /// where it is not: what allows a program because of what it is needs a look made for this very file.
    fn conclude_familiar(&self, look: Look) -> Option<Look> {
        let Some(key) = look.key else { return Some(look) };
        let known = lock(&self.familiar).get(key.pid, key.generation);
        let Some(looked) = known else { return Some(look) };
        let version = self.settings.version();
        let decision = self.decide(&look, &looked);
        if decision.outcome != Outcome::Deny && decision.step != Step::Mode {
            return Some(look);
        }
        self.carry_out(look, &looked, decision, version);
        None
    }

    fn conclude(&self, look: Look, looked: &Arc<Looked>) {
        if let Some(key) = look.key
            && looked.identity.is_some()
        {
            lock(&self.familiar).remember(key.pid, key.generation, Arc::clone(looked));
        }
        let version = self.settings.version();
        let mut decision = self.decide(&look, looked);
        if decision.step == Step::Lineage
            && decision.outcome == Outcome::Allow
            && self.was_told(&look.guarded, looked)
        {
            decision.importance = None;
        }
        self.carry_out(look, looked, decision, version);
    }

    fn decide(&self, look: &Look, looked: &Looked) -> Decision {
        let guarded = &look.guarded;
        let catalog = self.enrolment.catalog();
        let class = catalog.class(&guarded.secret.class);
        let claim = class.zip(looked.identity.as_ref()).map_or(Claim::Stranger, |(class, identity)| {
            let (path, home) = (&guarded.secret.path, &guarded.root);
            catalog.judge(&Sought { class, path, file: look.file, home }, identity)
        });
        let (known, misused) = match &claim {
            Claim::Reader(reader) => (Some(*reader), None),
            Claim::Misused(reader, why) => (None, Some((reader.title.as_str(), why.as_str()))),
            Claim::Stranger => (None, None),
        };
        let managers_own = class
            .zip(looked.manager.as_ref())
            .is_some_and(|(class, manager)| class.owned_by.iter().any(|owner| owner == manager));
        let facts = Facts {
            secret: &guarded.secret,
            subject: &looked.subject,
            package: looked.package.as_ref(),
            manager: looked.manager.as_deref(),
            known_reader: known.map(|reader| reader.title.as_str()),
            misused,
            fetches_sources: known.is_some_and(|reader| reader.fetches_sources)
                && looked.identity.as_ref().is_some_and(|identity| {
                    attribution::is_started_by_manager(identity, |process| catalog.fetches_sources(process))
                }),
            managers_own,
            decoy: guarded.secret.class.starts_with("decoy"),
            empty: look.empty,
            terminal: looked.identity.as_ref().is_some_and(|identity| identity.tty),
            unseen: looked.identity.is_none(),
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

    fn carry_out(&self, look: Look, looked: &Arc<Looked>, mut decision: Decision, settings: u64) {
        let Look { request, guarded, key, empty, .. } = look;
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
            reader: looked.reader.clone(),
            package: looked.package.clone(),
            why: decision.why,
        };
        let record =
            |event, question| Record { event, question, settled: false, looked: Some(Arc::clone(looked)) };
        match decision.outcome {
            Outcome::Allow | Outcome::Deny => {
                let answer = if action == Action::Allowed { Answer::Allow } else { Answer::Deny };
                // Whoever makes a file writes it now, and has no claim to what comes into it later.
                let until = empty.then(|| Instant::now() + WRITING_TIME);
                if let Some(key) = key {
                    let silent = action == Action::Allowed && decision.importance.is_none() && !empty;
                    let for_opens = silent.then_some(settings);
                    lock(&self.granted).remember(key, answer, until, for_opens);
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
                    grant: key,
                    deadline: Instant::now() + wait,
                    deadline_time: event.time.plus(wait),
                    default_allow,
                };
                let question = held.question();
                lock(&self.pending).hold(held);
                self.waker.wake();
                self.recorder.send(record(event, Some(question)));
            }
        }
    }

    pub(super) fn reply(&self, request: &PermissionEvent, answer: Answer) {
        self.tally.answered.fetch_add(1, Relaxed);
        if answer == Answer::Deny {
            self.tally.denied.fetch_add(1, Relaxed);
        }
        // It fails only where the reader has been killed: then nobody waits.
        let _ = self.group.answer(request.file.as_fd(), answer);
    }
}
