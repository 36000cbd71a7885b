//! Keeps a flood of reads from becoming a flood of notifications.

use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// At most one notification about the same thing in this time.
pub(crate) const QUIET: Duration = Duration::from_secs(10);
/// At most so many notifications about different things in that time.
const DIFFERENT: usize = 5;

/// Different things that are counted apart while they are held back; the rest share one count.
const COUNTED_APART: usize = 64;
const THE_REST: &str = "";

/// Decides which alerts are told at once and which are counted up for a summary.
#[derive(Debug, Default)]
pub(crate) struct Calm {
    told: HashMap<String, Instant>,
    held: HashMap<String, Held>,
}

/// Alerts that were held back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) count: u32,
    /// The newest one's sentence.
    pub(crate) newest: String,
}

impl Calm {
    /// True where this alert is to be told now; otherwise it is kept for [`Calm::due`].
    pub(crate) fn admits(&mut self, key: &str, sentence: &str, now: Instant) -> bool {
        self.told.retain(|_, at| now.duration_since(*at) < QUIET);
        if !self.told.contains_key(key) && self.told.len() < DIFFERENT {
            self.told.insert(key.to_owned(), now);
            return true;
        }
        let apart = self.held.contains_key(key) || self.held.len() < COUNTED_APART;
        let key = if apart { key } else { THE_REST };
        let held = self.held.entry(key.to_owned()).or_insert(Held { count: 0, newest: String::new() });
        held.count += 1;
        held.newest = sentence.to_owned();
        false
    }

    /// What was held back and may be summed up now, by key.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<(String, Held)> {
        if self.held.is_empty() {
            return Vec::new();
        }
        self.told.retain(|_, at| now.duration_since(*at) < QUIET);
        let mut due: Vec<String> =
            self.held.keys().filter(|key| !self.told.contains_key(*key)).cloned().collect();
        due.sort();
        due.truncate(DIFFERENT.saturating_sub(self.told.len()));
        due.into_iter()
            .filter_map(|key| {
                let held = self.held.remove(&key)?;
                self.told.insert(key.clone(), now);
                Some((key, held))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_reads_become_one_notification_and_one_summary() {
        let mut calm = Calm::default();
        let start = Instant::now();
        let told = (0..1000).filter(|read| calm.admits("evil-dep ssh-key", &read.to_string(), start)).count();
        assert_eq!(told, 1);
        assert!(calm.due(start + QUIET / 2).is_empty());
        let due = calm.due(start + QUIET);
        assert_eq!(due, [("evil-dep ssh-key".to_owned(), Held { count: 999, newest: "999".to_owned() })]);
        assert!(calm.due(start + QUIET * 3).is_empty());
    }

    #[test]
    fn a_thousand_different_readers_become_a_handful() {
        let mut calm = Calm::default();
        let start = Instant::now();
        let told = (0..1000).filter(|read| calm.admits(&read.to_string(), "x", start)).count();
        assert_eq!(told, DIFFERENT);
        assert!(calm.held.len() <= COUNTED_APART + 1);
        assert_eq!(calm.due(start + QUIET).len(), DIFFERENT);
    }
}
