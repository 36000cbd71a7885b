use crate::decoy;
use crate::journal::Journal;
use crate::sweep::{self, Sweep};
use doorward_protocol::{Action, Event, Importance, Secret};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Changes that wait for their event at most: events of one moment may arrive out of order.
const WAITING: usize = 256;

/// Makes one event of a sweep: what was told before it grows quiet, what comes after it is added.
#[derive(Debug, Default)]
pub(super) struct Retold {
    quiet: VecDeque<u64>,
    added: VecDeque<(u64, Secret)>,
}

impl Retold {
    /// The earlier events that read differently because of this one.
    pub(super) fn news(
        &mut self,
        sweep: Option<Sweep>,
        event: &mut Event,
        journal: &Mutex<Journal>,
    ) -> Vec<Event> {
        self.change_late(event);
        let find = |id| journal.lock().unwrap_or_else(PoisonError::into_inner).find(event.owner, id);
        match sweep {
            Some(Sweep::Found(touches)) => {
                let earlier =
                    touches.iter().map(|touch| touch.event).filter(|id| *id != 0 && *id != event.id);
                earlier
                    .filter_map(|id| {
                        let known = find(id);
                        if known.is_none() {
                            remember(&mut self.quiet, id);
                        }
                        known
                            .filter(can_grow_quiet)
                            .map(|known| Event { importance: Importance::Quiet, ..known })
                    })
                    .collect()
            }
            Some(Sweep::GoesOn(id)) => match find(id) {
                Some(mut told) => add(&mut told, &event.secret).then_some(told).into_iter().collect(),
                None => {
                    remember(&mut self.added, (id, event.secret.clone()));
                    Vec::new()
                }
            },
            None => Vec::new(),
        }
    }

    fn change_late(&mut self, event: &mut Event) {
        if let Some(at) = self.quiet.iter().position(|id| *id == event.id)
            && can_grow_quiet(event)
        {
            self.quiet.remove(at);
            event.importance = Importance::Quiet;
        }
        self.added.retain(|(id, secret)| {
            if *id == event.id {
                add(event, secret);
            }
            *id != event.id
        });
    }
}

fn can_grow_quiet(event: &Event) -> bool {
    event.action != Action::Asked && event.secret.class != decoy::CLASS
}

/// Adds a secret to the event of a sweep; false where it is in it already.
fn add(event: &mut Event, secret: &Secret) -> bool {
    if event.sweep.iter().any(|known| known.path == secret.path) {
        return false;
    }
    let before = sweep::in_words(&event.sweep);
    event.sweep.push(secret.clone());
    event.why = event.why.replacen(&before, &sweep::in_words(&event.sweep), 1);
    true
}

fn remember<T>(queue: &mut VecDeque<T>, item: T) {
    queue.push_back(item);
    if queue.len() > WAITING {
        queue.pop_front();
    }
}
