//! What the desk says, worked out from what is known; pure.

use super::input::FeatureName;
use doorward_protocol::{Asked, Desk, Feature, GuardState, Mode, Mood, Timestamp, Today};
use std::collections::BTreeMap;

/// A feature's state: whether it works, and what it does or why it does not.
pub(crate) type Features = BTreeMap<FeatureName, (bool, String)>;

/// Everything the desk is worked out from.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) now: Timestamp,
    pub(crate) guard: Option<&'a GuardState>,
    /// Why there is no guard.
    pub(crate) away: &'a str,
    pub(crate) features: &'a Features,
    pub(crate) asked: &'a [Asked],
    /// Alarms nobody has looked at.
    pub(crate) alarms: u32,
    /// Alarms and lesser alerts nobody has looked at.
    pub(crate) unseen: u32,
    pub(crate) today: Today,
}

impl Known<'_> {
    pub(crate) fn desk(&self) -> Desk {
        Desk {
            mood: self.mood(),
            headline: self.headline(),
            features: self.features(),
            guard: self.guard.cloned(),
            asked: self.asked.to_vec(),
            unseen: self.unseen,
            today: self.today,
        }
    }

    fn mood(&self) -> Mood {
        if self.alarms > 0 {
            Mood::Alarm
        } else if !self.asked.is_empty() {
            Mood::Attention
        } else if self.guard.is_none() || self.broken().is_some() {
            Mood::Degraded
        } else if self.paused_until().is_some() {
            Mood::Paused
        } else if self.unseen > 0 {
            Mood::Attention
        } else {
            Mood::Calm
        }
    }

    fn headline(&self) -> String {
        let protection = self.protection();
        let needs = match (self.asked.len(), self.unseen) {
            (0, 0) => return protection,
            (0, 1) => "1 alert to look at".to_owned(),
            (0, alerts) => format!("{alerts} alerts to look at"),
            (1, _) => "1 program waits for your answer".to_owned(),
            (asked, _) => format!("{asked} programs wait for your answer"),
        };
        format!("{needs}. {protection}")
    }

    fn protection(&self) -> String {
        let Some(guard) = self.guard else {
            return match self.broken() {
                None => "Watching and scanning only: the guard is not running.".to_owned(),
                Some((FeatureName::Watching, _)) => {
                    "Scanning only: the guard is not running and nothing is watched.".to_owned()
                }
                Some((FeatureName::Scanner, _)) => "Neither the guard nor the scanner is running.".to_owned(),
                Some(_) => "Watching and scanning only: the guard is not running, and nothing is remembered."
                    .to_owned(),
            };
        };
        let secrets = match guard.counters.secrets {
            1 => "1 secret".to_owned(),
            count => format!("{count} secrets"),
        };
        if let Some(until) = self.paused_until() {
            let minutes = until.millis().saturating_sub(self.now.millis()).div_ceil(60_000);
            let unit = if minutes == 1 { "minute" } else { "minutes" };
            return format!("Paused for {minutes} more {unit}: reads are written down, none is denied.");
        }
        let guarding = if guard.policy.mode == Mode::Observe {
            format!("Observing {secrets}: reads are written down, none is denied")
        } else {
            format!("Guarding {secrets}")
        };
        match self.broken() {
            Some((FeatureName::Watching, _)) => format!("{guarding}. New packages are not noticed."),
            Some((FeatureName::Scanner, _)) => format!("{guarding}. Packages are not scanned."),
            Some(_) => format!("{guarding}. Nothing is remembered after a restart."),
            None => format!("{guarding}."),
        }
    }

    fn paused_until(&self) -> Option<Timestamp> {
        self.guard.and_then(|guard| guard.paused_until).filter(|until| *until > self.now)
    }

    /// The worst feature that is off and without which the desk is not whole.
    fn broken(&self) -> Option<(FeatureName, &str)> {
        [FeatureName::Scanner, FeatureName::Watching, FeatureName::Database].into_iter().find_map(|name| {
            let (on, note) = self.features.get(&name)?;
            (!on).then_some((name, note.as_str()))
        })
    }

    fn features(&self) -> Vec<Feature> {
        let guard = match self.guard {
            Some(guard) => Feature {
                name: "guard".to_owned(),
                on: true,
                note: format!(
                    "Every open of {} guarded files is answered by the daemon.",
                    guard.counters.secrets
                ),
            },
            None => Feature {
                name: "guard".to_owned(),
                on: false,
                note: format!("Reads of secrets are neither seen nor stopped: {}.", self.away),
            },
        };
        let others = self.features.iter().map(|(name, (on, note))| Feature {
            name: name.as_str().to_owned(),
            on: *on,
            note: note.clone(),
        });
        std::iter::once(guard).chain(others).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_protocol::{Counters, Kernel, Policy};
    use std::time::Duration;

    fn guard() -> GuardState {
        GuardState {
            policy: Policy::default(),
            paused_until: None,
            rules: Vec::new(),
            coverage: Vec::new(),
            decoys: Vec::new(),
            kernel: Kernel::default(),
            counters: Counters { secrets: 12, ..Counters::default() },
            gaps: Vec::new(),
        }
    }

    fn desk(guard: Option<&GuardState>, features: &Features, alarms: u32, unseen: u32) -> (Mood, String) {
        let desk = Known {
            now: Timestamp::from_millis(1_000_000),
            guard,
            away: "no daemon listens",
            features,
            asked: &[],
            alarms,
            unseen,
            today: Today::default(),
        }
        .desk();
        (desk.mood, desk.headline)
    }

    #[test]
    fn each_mood_has_its_reason() {
        let fine = Features::new();
        let state = guard();
        assert_eq!(desk(Some(&state), &fine, 0, 0), (Mood::Calm, "Guarding 12 secrets.".to_owned()));
        assert_eq!(desk(Some(&state), &fine, 0, 2).0, Mood::Attention);
        assert_eq!(
            desk(Some(&state), &fine, 1, 1),
            (Mood::Alarm, "1 alert to look at. Guarding 12 secrets.".to_owned())
        );
        let (mood, headline) = desk(None, &fine, 0, 0);
        assert_eq!(mood, Mood::Degraded);
        assert_eq!(headline, "Watching and scanning only: the guard is not running.");
    }

    #[test]
    fn a_pause_is_told_until_it_is_over() {
        let mut state = guard();
        let now = Timestamp::from_millis(1_000_000);
        state.paused_until = Some(now.plus(Duration::from_secs(61)));
        let (mood, headline) = desk(Some(&state), &Features::new(), 0, 0);
        assert_eq!(mood, Mood::Paused);
        assert!(headline.starts_with("Paused for 2 more minutes"), "{headline}");
        state.paused_until = Some(now);
        assert_eq!(desk(Some(&state), &Features::new(), 0, 0).0, Mood::Calm);
    }

    #[test]
    fn a_broken_scanner_is_said_but_a_missing_tray_is_no_degradation() {
        let state = guard();
        let off = |name| Features::from([(name, (false, "gone".to_owned()))]);
        let (mood, headline) = desk(Some(&state), &off(FeatureName::Scanner), 0, 0);
        assert_eq!(
            (mood, headline.as_str()),
            (Mood::Degraded, "Guarding 12 secrets. Packages are not scanned.")
        );
        assert_eq!(desk(Some(&state), &off(FeatureName::Tray), 0, 0).0, Mood::Calm);
    }
}
