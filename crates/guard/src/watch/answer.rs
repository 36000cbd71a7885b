//! From a permission event to its answer.

use super::crew::{About, Look};
use super::looked::Looked;
use super::recent::{ForOpens, ReadKey};
use super::record::Record;
use super::repeats::Repeat;
use super::table::{Guarded, ObjectKey};
use super::{Guard, lock};
use crate::attribution;
use crate::catalog::{Claim, Sought};
use crate::decide::{self, Decision, Facts, Outcome, Standing, Step};
use crate::decoy;
use crate::sweep::{self, Sweep, Touch};
use crate::sys::{Answer, EventBuffer, FanotifyError, PermissionEvent, raise_priority};
use doorward_protocol::{Action, Event, EventKind, Importance, Mode, Timestamp};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// How long the maker of a file may go on writing it.
const WRITING_TIME: Duration = Duration::from_secs(10);
/// An open of a file that was marked less than this ago may have begun before the mark.
const BLIND_TIME: Duration = Duration::from_secs(2);
/// Reads that were told once and are remembered, so that they are not told again.
const TOLD: usize = 1_024;
const STACK_BYTES: usize = 256 * 1024;
/// How long the event thread waits for another event without sleeping.
const LINGER: Duration = Duration::from_micros(50);
/// After so many waits in vain it waits once in two to the power of this.
const MISSES: u32 = 8;
/// How long it answers before it looks at anything else.
const ROUND: Duration = Duration::from_millis(5);

/// A decision, and the version of the settings it was made under.
pub(super) struct Judged {
    pub(super) decision: Decision,
    settings: u64,
    /// The number of its event; 0 where it has none.
    event: u64,
    /// What the read means for the sweep it belongs to.
    pub(super) sweep: Option<Sweep>,
}

/// Whether it helps to wait for the next event without sleeping: it does where readers run on another
/// core, and does not where they wait for this one.
#[derive(Debug, Default)]
pub(super) struct Luck {
    misses: u32,
    skipped: u32,
}

impl Luck {
    fn is_tried(&mut self) -> bool {
        let tried = self.skipped + 1 >= 1 << self.misses;
        self.skipped = if tried { 0 } else { self.skipped + 1 };
        tried
    }

    fn was_good(&mut self) {
        self.misses = self.misses.saturating_sub(1);
    }

    fn was_bad(&mut self) {
        self.misses = (self.misses + 1).min(MISSES);
    }
}

impl Guard {
    /// Answers what waits, and what comes a moment later: who opens a secret reads it next, and to
    /// fall asleep in between can cost more than all the rest. False where nothing waited.
    pub(super) fn serve(
        &self,
        requests: &mut EventBuffer,
        names: &mut EventBuffer,
        luck: &mut Luck,
    ) -> Result<bool, FanotifyError> {
        if !self.answer_waiting(requests, names)? {
            return Ok(false);
        }
        let start = Instant::now();
        let (mut last, mut waits) = (start, luck.is_tried());
        while waits {
            let came = self.answer_waiting(requests, names)?;
            let now = Instant::now();
            if came {
                last = now;
                luck.was_good();
            } else if now - last > LINGER {
                luck.was_bad();
                waits = false;
            }
            // Deadlines want to be looked after too, however much there is to answer.
            waits &= now - start < ROUND;
        }
        Ok(true)
    }

    /// Answers what waits, or hands it to the crew; false where nothing waited.
    fn answer_waiting(
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
        let judged = self.judge(&look.about, &looked);
        self.carry_out(look, looked, judged);
    }

    fn work(&self) {
        raise_priority();
        while let Some((number, pid, about)) = self.crew.next() {
            let looked = Looked::at(pid, &self.lineage, &self.hashes);
            let judged = self.judge(&about, &looked);
            if let Some(look) = self.crew.looked(number, pid) {
                self.carry_out(look, looked, judged);
            }
        }
    }

    pub(super) fn answer_request(
        &self,
        request: PermissionEvent,
        names: &mut EventBuffer,
    ) -> Result<(), FanotifyError> {
        let pid = request.pid;
        if pid == std::process::id() {
            self.reply(&request, Answer::Allow);
            return Ok(());
        }
        let Ok(metadata) = request.file.metadata() else {
            self.reply(&request, Answer::Deny);
            return Ok(());
        };
        self.lineage.catch_up();
        let (object, born) = (ObjectKey::of(&metadata), metadata.created().ok());
        let key = self.lineage.generation(pid).map(|generation| ReadKey { pid, generation, object, born });
        if let Some(answer) = key.and_then(|key| self.known_answer(&key, &request)) {
            self.reply(&request, answer);
            return Ok(());
        }
        self.enrolment.catch_up(&self.group, names)?;
        let Some((_, guarded)) = self.enrolment.recognise(&self.group, &request.file, &metadata) else {
            let request = lock(&self.unknown).keep(request);
            if let Some(request) = request {
                self.reply(&request, Answer::Allow);
            }
            return Ok(());
        };
        let file = (object.dev, object.ino);
        let made = guarded.maker == Some(pid);
        // Whoever opens it blindly is not seen again, and could read what is written later.
        let blind = request.open && guarded.marked.elapsed() < BLIND_TIME;
        let empty = metadata.len() == 0 && (made || !blind);
        if empty && !made {
            self.enrolment.news().guarded(object);
        }
        let about = Arc::new(About { guarded, file, key, empty, made });
        self.crew.look(Look { request, about, since: Instant::now() });
        Ok(())
    }

    fn known_answer(&self, key: &ReadKey, request: &PermissionEvent) -> Option<Answer> {
        let granted = lock(&self.granted);
        if !request.open {
            return granted.for_read(key, &request.file);
        }
        let (answer, told) = granted.for_open(key, &request.file, self.settings.version())?;
        drop(granted);
        let allowed = answer == Answer::Allow;
        (!told || lock(&self.repeats).is_counted(Repeat::Read(*key, allowed))).then_some(answer)
    }

    fn judge(&self, about: &About, looked: &Looked) -> Judged {
        let settings = self.settings.version();
        let mut decision = self.decide(about, looked);
        if matches!(decision.step, Step::Lineage | Step::Reader)
            && decision.importance.is_some()
            && decision.outcome == Outcome::Allow
            && self.was_told(&about.guarded, looked)
        {
            decision.importance = None;
        }
        Judged { decision, settings, event: 0, sweep: None }
    }

    fn decide(&self, about: &About, looked: &Looked) -> Decision {
        let guarded = &about.guarded;
        let catalog = self.enrolment.catalog();
        let class = catalog.class(&guarded.secret.class);
        let claim = class.zip(looked.identity.as_ref()).map_or(Claim::Stranger, |(class, identity)| {
            let (path, home) = (&guarded.secret.path, &guarded.root);
            catalog.judge(&Sought { class, path, file: about.file, home }, identity)
        });
        let (known, misused) = match &claim {
            Claim::Reader(reader) => (Some(*reader), None),
            Claim::Misused(reader, why) => (None, Some((reader.title.as_str(), why.as_str()))),
            Claim::WholeFolders(_) | Claim::Stranger => (None, None),
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
            run: matches!(claim, Claim::WholeFolders(_)).then(|| self.run_so_far(about.run())),
            for_others: looked
                .identity
                .as_ref()
                .and_then(|identity| catalog.reads_for_others(identity))
                .map(|reader| reader.title.as_str()),
            fetches_sources: known.is_some_and(|reader| reader.fetches_sources)
                && looked.identity.as_ref().is_some_and(|identity| {
                    attribution::is_started_by_manager(identity, |process| catalog.fetches_sources(process))
                }),
            managers_own,
            decoy: guarded.secret.class == decoy::CLASS,
            empty: about.empty,
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

    fn carry_out(&self, look: Look, looked: Looked, mut judged: Judged) {
        let owner = look.about.guarded.owner;
        if judged.decision.importance.is_some() {
            judged.event = self.next_event_id();
        }
        judged.sweep = self.sweep_of(&look.about.guarded, &looked, &judged);
        if let Some(sweep) = &judged.sweep {
            judged.decision = decide::swept(judged.decision, sweep, self.blocks());
        }
        let decision = &mut judged.decision;
        if matches!(decision.outcome, Outcome::Ask { .. }) && lock(&self.pending).is_full(owner) {
            self.tally.overflowed.fetch_add(1, Relaxed);
            let sentence = decision.why.rsplit_once("; ").map_or("", |(start, _)| start);
            let why = format!("{sentence}; too many questions are open already, so it was blocked.");
            decision.outcome = Outcome::Deny;
            decision.why = why;
            return self.answer_now(look, looked, judged, Some(Repeat::Overflow(owner)));
        }
        let repeat = look.about.key.map(|key| Repeat::Read(key, decision.outcome == Outcome::Allow));
        match decision.outcome {
            Outcome::Ask { .. } => self.ask(look, looked, judged),
            Outcome::Allow | Outcome::Deny => self.answer_now(look, looked, judged, repeat),
        }
    }

    fn answer_now(&self, look: Look, looked: Looked, judged: Judged, repeat: Option<Repeat>) {
        let decision = &judged.decision;
        let settings = judged.settings;
        let allow = decision.outcome == Outcome::Allow;
        let answer = if allow { Answer::Allow } else { Answer::Deny };
        let About { key, empty, made, .. } = *look.about;
        if let Some(key) = key.filter(|_| empty && !made) {
            // Nobody but its maker has a claim to what comes into an empty file.
            lock(&self.granted).forget(&key);
        } else if let Some(key) = key {
            // The maker writes it now, and has no claim to what comes into it later.
            let until = empty.then(|| Instant::now() + WRITING_TIME);
            let for_opens = ForOpens { settings, told: decision.importance.is_some() };
            let for_opens = (!empty).then_some(for_opens);
            lock(&self.granted).remember(key, &look.request.file, answer, until, for_opens);
        }
        self.reply(&look.request, answer);
        if decision.importance.is_none()
            || repeat.is_some_and(|repeat| lock(&self.repeats).is_counted(repeat))
        {
            return;
        }
        let action = if allow { Action::Allowed } else { Action::Denied };
        let event = self.event(&look.about.guarded, &looked, &judged, action);
        if let Some(repeat) = repeat {
            lock(&self.repeats).told(repeat, &event);
            self.waker.wake();
        }
        self.recorder.send(Record::found(event, None, looked, judged.sweep));
    }

    pub(super) fn event(&self, guarded: &Guarded, looked: &Looked, judged: &Judged, action: Action) -> Event {
        Event {
            schema: 1,
            id: judged.event,
            time: Timestamp::now(),
            kind: EventKind::Read,
            action,
            importance: judged.decision.importance.unwrap_or(Importance::Quiet),
            owner: guarded.owner,
            secret: guarded.secret.clone(),
            reader: looked.reader.clone(),
            package: looked.package.clone(),
            candidates: None,
            sweep: judged.sweep.as_ref().map(Sweep::secrets).unwrap_or_default(),
            why: judged.decision.why.clone(),
        }
    }

    /// Tells what was only counted for a while.
    pub(super) fn tell_sums(&self, all: bool) {
        for mut event in lock(&self.repeats).sums(all) {
            event.id = self.next_event_id();
            event.time = Timestamp::now();
            self.recorder.send(Record::plain(event));
        }
    }

    /// Takes note of a read that nothing vouches for.
    fn sweep_of(&self, guarded: &Guarded, looked: &Looked, judged: &Judged) -> Option<Sweep> {
        let identity = looked.identity.as_ref().filter(|_| judged.decision.counts)?;
        let touch = Touch { secret: guarded.secret.clone(), at: self.started.elapsed(), event: judged.event };
        lock(&self.sweeps).touch(sweep::root(identity), touch)
    }

    /// True while the overall mode is to block.
    fn blocks(&self) -> bool {
        let now = Timestamp::now();
        self.settings.with(|current| current.policy.mode == Mode::Block && !current.is_paused(now))
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
