//! One task owns everything the app knows. It hears of every change through [`Input`], changes its
//! state, and tells a [`Shell`] what to show; it knows nothing of windows, trays or buses.

mod calls;
mod calm;
mod decoys;
mod desk;
mod guard;
mod input;
mod projects;
mod shell;
#[cfg(test)]
mod tests;
mod vault;

pub(crate) use input::{Call, FeatureName, Input, Reply, closing};
pub(crate) use shell::{Page, Shell, Told};

use crate::link::Link;
use crate::notify::{About, Note, NoteAction};
use crate::scans::{Scans, main_reason};
use crate::tray::{TrayAction, TrayView};
use calm::Calm;
use desk::{Features, Known};
use doorward_protocol::{
    Asked, Desk, Event, GuardState, PackageRef, Project, ProjectPackage, SealedItem, SealedState, Settings,
    Timestamp, Today, Verdict, visible,
};
use doorward_store::{Store, Unseen};
use doorward_vault::Vault;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

/// Where everything that happens is sent.
pub(crate) type Inputs = mpsc::UnboundedSender<Input>;

/// Inputs handled before the desk is drawn anew.
const BATCH: usize = 64;
/// Alerts in the tray's menu.
const MENU_ALERTS: u32 = 5;

/// What the controller works with.
pub(crate) struct Tools {
    pub(crate) inputs: Inputs,
    pub(crate) store: Store,
    pub(crate) link: Link,
    pub(crate) scans: Scans,
    pub(crate) engine: Arc<dyn crate::scans::Engine>,
    /// Told whenever the list of projects changes.
    pub(crate) watch_projects: Box<dyn Fn(Vec<PathBuf>) + Send>,
    pub(crate) home: PathBuf,
    pub(crate) autostart: crate::settings::Autostart,
}

/// The owner of all state.
pub(crate) struct Controller<S> {
    shell: S,
    tools: Tools,
    guard: Option<GuardState>,
    away: String,
    asked: Vec<Asked>,
    features: Features,
    settings: Settings,
    projects: Vec<Project>,
    /// Packages that a scan called suspicious or malicious, by path.
    flagged: BTreeMap<PathBuf, Flagged>,
    vault: Option<Arc<Mutex<Vault>>>,
    sealed: Vec<SealedItem>,
    calm: Calm,
    /// Events that are not in the database yet.
    unsaved: Vec<Event>,
    unseen: Unseen,
    today: Today,
    alerts: Vec<String>,
    /// Counts and alerts are to be read from the database again.
    stale: bool,
    drawn: Option<(Desk, TrayView)>,
    drawn_at: u64,
    asked_drawn: Option<u64>,
}

/// A package that somebody should look at.
#[derive(Debug, Clone)]
struct Flagged {
    project: Option<i64>,
    package: PackageRef,
    verdict: Verdict,
    why: String,
    seen: bool,
}

impl Flagged {
    /// What an earlier run of the app knew, if the package is still there.
    fn remembered(stored: doorward_store::Flagged) -> Option<(PathBuf, Self)> {
        let doorward_store::Flagged { package: ProjectPackage { project, report, .. }, looked_at } = stored;
        let (package, why) = (report.package(), main_reason(&report));
        let flagged = Self { project, package, verdict: report.verdict, why, seen: looked_at };
        report.path.symlink_metadata().is_ok().then_some((report.path, flagged))
    }
}

impl<S: Shell> Controller<S> {
    pub(crate) fn new(shell: S, tools: Tools) -> Self {
        let settings = tools.store.reader.settings().unwrap_or_default();
        let projects = tools.store.reader.projects().unwrap_or_default();
        let flagged = tools.store.reader.flagged().unwrap_or_default();
        let flagged = flagged.into_iter().filter_map(Flagged::remembered).collect();
        Self {
            shell,
            tools,
            guard: None,
            away: "the connection is being made".to_owned(),
            asked: Vec::new(),
            features: Features::new(),
            settings,
            projects,
            flagged,
            vault: None,
            sealed: Vec::new(),
            calm: Calm::default(),
            unsaved: Vec::new(),
            unseen: Unseen::default(),
            today: Today::default(),
            alerts: Vec::new(),
            stale: true,
            drawn: None,
            drawn_at: 0,
            asked_drawn: None,
        }
    }

    /// Works until it is told to quit.
    pub(crate) async fn run(mut self, mut inputs: mpsc::UnboundedReceiver<Input>) {
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                count = inputs.recv_many(&mut batch, BATCH) => if count == 0 { return },
                _ = tick.tick() => batch.push(Input::Tick),
            }
            for input in batch.drain(..) {
                if matches!(input, Input::Quit | Input::FromTray(TrayAction::Quit)) {
                    self.tools.scans.cancel_all();
                    self.save_events();
                    self.shell.quit();
                    return;
                }
                self.handle(input);
            }
            self.save_events();
            self.draw();
        }
    }

    fn handle(&mut self, input: Input) {
        match input {
            Input::FromDaemon(message) => self.hear(message),
            Input::History(events) => {
                self.unsaved.extend(events);
                self.stale = true;
            }
            Input::FromWindow(call) => self.serve(call),
            Input::FromWatch(arrivals) => self.arrive(arrivals),
            Input::FromScan(message) => self.scanned(message),
            Input::FromTray(action) => self.tray_chosen(action),
            Input::FromNotification(action) => self.pressed(action),
            Input::Feature { name, on, note } => {
                self.features.insert(name, (on, note));
            }
            Input::VaultOpened(opened) => self.vault_opened(opened),
            Input::Sealed(items) => self.sealed_changed(items),
            Input::Tell(note) => self.notify(note),
            Input::Failed { doing, failure } => self.tell_failure(doing, &failure),
            Input::SecondInstance => self.shell.show_main(Page::Any),
            Input::Tick => self.tick(),
            Input::Quit => {}
        }
    }

    fn tray_chosen(&mut self, action: TrayAction) {
        match action {
            TrayAction::Open => self.shell.show_main(Page::Any),
            TrayAction::ShowEvents => self.shell.show_main(Page::Events),
            TrayAction::ShowQuarantine => self.shell.show_main(Page::Quarantine),
            TrayAction::Scan(project) => {
                if let Err(failure) = self.start_scan(project) {
                    self.tell_failure("The project was not scanned", &failure);
                }
                self.shell.show_main(Page::Projects);
            }
            TrayAction::Pause { seconds } => self.pause_from_tray(seconds),
            TrayAction::Resume => self.resume_from_tray(),
            TrayAction::Host(state) => {
                let (on, note) = match state {
                    Ok(()) => (true, "The icon is in the tray.".to_owned()),
                    Err(why) => (
                        false,
                        format!(
                            "No icon: {why}. Everything is in this window; `doorward-app --show` opens it."
                        ),
                    ),
                };
                self.features.insert(FeatureName::Tray, (on, note));
            }
            TrayAction::Quit => {}
        }
    }

    fn pressed(&mut self, action: NoteAction) {
        match action {
            NoteAction::Deny(event) => self.answer_from_note(event, false),
            NoteAction::AllowOnce(event) => self.answer_from_note(event, true),
            NoteAction::ShowQuestion => {
                if self.asked.is_empty() {
                    self.shell.show_main(Page::Events);
                } else {
                    self.shell.show_prompt();
                }
            }
            NoteAction::ShowEvents => self.shell.show_main(Page::Events),
            NoteAction::ShowProjects => self.shell.show_main(Page::Projects),
            NoteAction::ShowQuarantine => self.shell.show_main(Page::Quarantine),
            NoteAction::LockAway(path) => self.lock_away(path),
        }
    }

    fn tick(&mut self) {
        let now = Timestamp::now();
        // The daemon settles what nobody answered; this only clears what it never told about.
        let long_past = |asked: &Asked| asked.deadline.plus(Duration::from_secs(5)) < now;
        self.asked.retain(|asked| !long_past(asked));
        for (key, held) in self.calm.due(tokio::time::Instant::now()) {
            let times = if held.count == 1 { "once".to_owned() } else { format!("{} times", held.count) };
            let body =
                format!("{}. Something like it happened {times} more.", held.newest.trim_end_matches('.'));
            self.notify(Note {
                about: About::Reads(key),
                title: "More of the same".to_owned(),
                body,
                urgent: false,
                actions: vec![("Show", NoteAction::ShowEvents)],
            });
        }
        // A new day starts its counts at nothing.
        if now.millis() / 60_000 != self.last_minute() {
            self.stale = true;
        }
    }

    fn last_minute(&self) -> u64 {
        self.drawn_at / 60_000
    }

    /// Tells the shell what changed since it was told last.
    fn draw(&mut self) {
        let now = Timestamp::now();
        if std::mem::take(&mut self.stale) {
            self.count(now);
        }
        self.drawn_at = now.millis();
        let desk = self.desk(now);
        let tray = self.tray_view(&desk);
        let (old_desk, old_tray) = match self.drawn.take() {
            Some((desk, tray)) => (Some(desk), Some(tray)),
            None => (None, None),
        };
        if old_tray.as_ref() != Some(&tray) {
            self.shell.tray(tray.clone());
        }
        if old_desk.as_ref() != Some(&desk) {
            self.shell.tell(Told::Desk(Box::new(desk.clone())));
        }
        self.drawn = Some((desk, tray));
        self.draw_question();
    }

    fn draw_question(&mut self) {
        let first = self.asked.first();
        let id = first.map(|asked| asked.event.id);
        if id == self.asked_drawn {
            return;
        }
        self.asked_drawn = id;
        self.shell.tell(Told::Asked(first.cloned().map(Box::new)));
        if id.is_some() {
            self.shell.show_prompt();
        } else {
            self.shell.close_prompt();
        }
    }

    fn desk(&self, now: Timestamp) -> Desk {
        let unseen_packages = self.flagged.values().filter(|flagged| !flagged.seen);
        let (mut suspicious, mut malicious) = (0, 0);
        for flagged in unseen_packages {
            if flagged.verdict == Verdict::Malicious {
                malicious += 1;
            } else {
                suspicious += 1;
            }
        }
        Known {
            now,
            guard: self.guard.as_ref(),
            away: &self.away,
            features: &self.features,
            asked: &self.asked,
            alarms: self.unseen.alarm + malicious,
            unseen: self.unseen.total() + malicious + suspicious,
            today: self.today,
        }
        .desk()
    }

    fn tray_view(&self, desk: &Desk) -> TrayView {
        let packages = self
            .flagged
            .values()
            .filter(|flagged| !flagged.seen)
            .map(|flagged| format!("{} is {}", flagged.package, flagged.verdict.as_str()));
        let alerts = packages.chain(self.alerts.iter().cloned()).take(MENU_ALERTS as usize).collect();
        TrayView {
            mood: desk.mood,
            headline: desk.headline.clone(),
            alerts,
            projects: self.projects.iter().map(|project| (project.id, project.name.clone())).collect(),
            sealed: self.sealed.iter().filter(|item| item.state == SealedState::Sealed).count(),
            guarded: desk.guard.is_some(),
            paused: desk.guard.as_ref().and_then(|guard| guard.paused_until).is_some(),
        }
    }

    /// Reads the counts and the newest alerts from the database.
    fn count(&mut self, now: Timestamp) {
        let reader = &self.tools.store.reader;
        match (reader.unseen(), reader.today(midnight(now)), reader.events(None, 200)) {
            (Ok(unseen), Ok(today), Ok(events)) => {
                (self.unseen, self.today) = (unseen, today);
                self.alerts = events
                    .iter()
                    .filter(|event| event.importance >= doorward_protocol::Importance::Attention)
                    .take(MENU_ALERTS as usize)
                    .map(|event| event.why.clone())
                    .collect();
            }
            (unseen, today, events) => {
                let errors = [unseen.err(), today.err(), events.err()];
                if let Some(error) = errors.into_iter().flatten().next() {
                    self.database_failed(&error);
                }
            }
        }
    }

    fn database_failed(&mut self, error: &doorward_store::StoreError) {
        tracing::warn!(%error, "the database failed");
        let note = format!("{error}. {}", error.hint);
        self.features.insert(FeatureName::Database, (false, note));
    }

    fn notify(&self, note: Note) {
        if self.settings.notifications {
            self.shell.notify(note);
        }
    }

    fn tell_failure(&self, doing: &str, failure: &crate::failure::Failure) {
        tracing::warn!(doing, message = failure.message, "failed");
        self.notify(Note {
            about: About::App,
            title: doing.to_owned(),
            body: format!("{}. {}", visible(&failure.message), failure.hint),
            urgent: false,
            actions: Vec::new(),
        });
    }
}

/// The last midnight where the user is.
fn midnight(now: Timestamp) -> Timestamp {
    let millis = i64::try_from(now.millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .ok()
        .and_then(|moment| moment.to_zoned(jiff::tz::TimeZone::system()).start_of_day().ok())
        .and_then(|start| u64::try_from(start.timestamp().as_millisecond()).ok())
        .map_or(now, Timestamp::from_millis)
}
