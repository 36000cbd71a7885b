use super::recent::ReadKey;
use doorward_protocol::{Action, Event};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long what was told once is only counted.
const WINDOW: Duration = Duration::from_secs(1);
/// What is counted at once; beyond it, everything is told.
const ROOM: usize = 1_024;

/// What may happen many times over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Repeat {
    /// A program reads the same file again and again.
    Read(ReadKey, bool),
    /// Readers come while a user has too many questions open.
    Overflow(u32),
}

/// Counts what would otherwise be told a thousand times a second.
#[derive(Debug, Default)]
pub(super) struct Repeats(HashMap<Repeat, Told>);

#[derive(Debug)]
struct Told {
    first: Event,
    since: Instant,
    more: u64,
}

impl Repeats {
    /// True where this was told a moment ago: it is counted now.
    pub(super) fn is_counted(&mut self, what: Repeat) -> bool {
        match self.0.get_mut(&what) {
            Some(told) if told.since.elapsed() < WINDOW => {
                told.more += 1;
                true
            }
            _ => false,
        }
    }

    /// From now on it is counted; this is how it was told.
    pub(super) fn told(&mut self, what: Repeat, event: &Event) {
        if self.0.len() < ROOM {
            let since = Instant::now();
            let entry = self.0.entry(what);
            entry.and_modify(|told| told.since = since).or_insert(Told {
                first: event.clone(),
                since,
                more: 0,
            });
        }
    }

    /// The sums of what was counted for long enough (of everything where `all`), each as an event
    /// that still needs its number and its time.
    pub(super) fn sums(&mut self, all: bool) -> Vec<Event> {
        let over: Vec<Repeat> = self
            .0
            .iter()
            .filter(|(_, told)| all || told.since.elapsed() >= WINDOW)
            .map(|(what, _)| *what)
            .collect();
        let told = over.into_iter().filter_map(|what| self.0.remove(&what).map(|told| (what, told)));
        told.filter(|(_, told)| told.more > 0).map(|(what, told)| sum(what, told)).collect()
    }

    /// How long until a sum is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let since = self.0.values().map(|told| told.since).min()?;
        Some(WINDOW.saturating_sub(since.elapsed()) + Duration::from_millis(1))
    }
}

fn sum(what: Repeat, told: Told) -> Event {
    let Told { mut first, more, .. } = told;
    let times = if more == 1 { "once more".to_owned() } else { format!("{more} more times") };
    let done = if first.action == Action::Denied { "blocked" } else { "allowed" };
    first.why = match what {
        Repeat::Read(..) => format!("{} It did so {times} within a second.", first.why),
        Repeat::Overflow(_) => {
            let reads = if more == 1 { "read was" } else { "reads were" };
            format!("{more} more {reads} {done} within a second, because too many questions are open.")
        }
    };
    first
}
