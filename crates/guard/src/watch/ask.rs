//! Questions: one for each read, or one for everything that a program reads in one run.

use super::answer::Judged;
use super::crew::Look;
use super::looked::Looked;
use super::pending::{Held, Run};
use super::record::Record;
use super::{Guard, SettledBy, lock};
use crate::decide::{Outcome, RunSoFar};
use doorward_protocol::Action;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

impl Guard {
    /// Holds a read until somebody answers; asks unless its run is asked about already.
    pub(super) fn ask(&self, look: Look, looked: Looked, judged: Judged) {
        let Outcome::Ask { default_allow, whole_run } = judged.decision.outcome else { return };
        let wait = Duration::from_secs(self.config.ask_seconds);
        let event = self.event(&look.about.guarded, &looked, &judged, Action::Asked);
        let held = Held {
            process: looked.subject.process.clone(),
            grant: look.about.key,
            run: look.about.run().filter(|_| whole_run),
            joined: false,
            request: look.request,
            deadline: Instant::now() + wait,
            deadline_time: event.time.plus(wait),
            default_allow,
            event: event.clone(),
        };
        let question = held.question();
        if self.hold(held) {
            self.tally.asked.fetch_add(1, Relaxed);
            self.recorder.send(Record::found(event, Some(question), looked, judged.sweep));
        }
        self.waker.wake();
    }

    /// What was answered for a run.
    pub(super) fn run_so_far(&self, run: Option<Run>) -> RunSoFar {
        match run.and_then(|run| lock(&self.runs).answer(run)) {
            Some(true) => RunSoFar::Allowed,
            Some(false) => RunSoFar::Denied,
            None => RunSoFar::Unanswered,
        }
    }

    /// Holds a read; false where nothing needs to be asked because its run is asked about already.
    fn hold(&self, mut held: Held) -> bool {
        let run = held.run;
        let mut pending = lock(&self.pending);
        let answer = run.and_then(|run| lock(&self.runs).answer(run));
        held.joined = answer.is_some() || run.is_some_and(|run| pending.asks_about(run));
        let asked = !held.joined;
        pending.hold(held);
        // Somebody answered between the decision and now.
        let Some((run, allow)) = run.zip(answer) else { return asked };
        let joined = pending.take_joined(run);
        drop(pending);
        for held in joined {
            self.settle_one(held, allow, SettledBy::User);
        }
        asked
    }
}
