//! The watcher's thread: waits until a burst of changes has settled, looks, tells.

use crate::names::{is_instruction, is_lockfile};
use crate::target::{Again, LIMIT_REACHED, Subject, Target};
use crate::watches::Watches;
use crate::{Arrival, WatchConfig, WatchError};
use notify::event::{AccessKind, AccessMode, ModifyKind};
use notify::{Event, EventKind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender};
use std::time::{Duration, Instant};

/// A burst has settled when nothing changed for this long …
const SETTLED: Duration = Duration::from_millis(300);
/// … and is looked at after this long in any case.
const LATEST: Duration = Duration::from_secs(2);
/// Until something half written is looked at again.
const AGAIN: Duration = Duration::from_millis(500);
/// Looks at something half written before it is left to the next change.
const AGAIN_TIMES: u32 = 40;
/// Between looks where the kernel's watches do not suffice.
const WITHOUT_WATCHES: Duration = Duration::from_secs(30);

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum Message {
    Changed(notify::Result<Event>),
    Projects(Vec<PathBuf>, SyncSender<()>),
    Stop,
}

type Tell = Box<dyn Fn(Vec<Arrival>) + Send>;

struct Worker {
    watches: Watches,
    targets: Vec<(Target, State)>,
    tell: Tell,
    /// Some folder could not be watched for want of watches.
    short_of_watches: bool,
}

/// When a target is to be looked at.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// The first and the last change since the last look.
    burst: Option<(Instant, Instant)>,
    /// Something was half written, or may still grow.
    again: Option<Instant>,
    again_count: u32,
}

impl State {
    fn due(&self) -> Option<Instant> {
        let burst = self.burst.map(|(first, last)| (last + SETTLED).min(first + LATEST));
        burst.into_iter().chain(self.again).min()
    }
}

pub(crate) fn start(
    config: WatchConfig,
    messages: Sender<Message>,
    inbox: Receiver<Message>,
    tell: Tell,
) -> Result<(), WatchError> {
    let failed = |error: notify::Error| WatchError {
        why: error.to_string(),
        hint: "Raise the limit with `sysctl fs.inotify.max_user_instances=512`.".into(),
        source: Some(error),
    };
    let handler = move |event: notify::Result<Event>| {
        // Reads, our own among them, change nothing and are many.
        let read_only = event.as_ref().is_ok_and(|event| match event.kind {
            EventKind::Access(kind) => kind != AccessKind::Close(AccessMode::Write),
            _ => false,
        });
        if !read_only {
            let _ = messages.send(Message::Changed(event));
        }
    };
    let watcher = notify::recommended_watcher(handler).map_err(failed)?;
    let mut worker =
        Worker { watches: Watches::new(watcher), targets: Vec::new(), tell, short_of_watches: false };
    let mut first = Vec::new();
    if config.caches {
        worker.add(Subject::Caches(config.home), &mut first);
    }
    worker.set_projects(config.projects, &mut first);
    std::thread::Builder::new()
        .name("watch".into())
        .spawn(move || {
            worker.say(first);
            worker.run(&inbox);
        })
        .map(|_| ())
        .map_err(|error| failed(notify::Error::io(error)))
}

impl Worker {
    fn run(&mut self, inbox: &Receiver<Message>) {
        let mut fallback = Instant::now() + WITHOUT_WATCHES;
        loop {
            let now = Instant::now();
            let due = self.targets.iter().filter_map(|(_, state)| state.due()).min();
            let due =
                if self.short_of_watches { Some(due.map_or(fallback, |due| due.min(fallback))) } else { due };
            let message = match due {
                Some(due) => inbox.recv_timeout(due.saturating_duration_since(now)),
                None => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Changed(event)) => self.note(event),
                Ok(Message::Projects(projects, done)) => {
                    let mut out = Vec::new();
                    self.set_projects(projects, &mut out);
                    let _ = done.send(());
                    self.say(out);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.short_of_watches && Instant::now() >= fallback {
                self.touch_all();
                fallback = Instant::now() + WITHOUT_WATCHES;
            }
            self.look();
        }
    }

    /// Remembers which targets a change may concern.
    fn note(&mut self, event: notify::Result<Event>) {
        let event = match event {
            Ok(event) if !event.need_rescan() => event,
            // Changes were lost: only looking everywhere helps.
            _ => return self.touch_all(),
        };
        let shape = matches!(
            event.kind,
            EventKind::Create(_)
                | EventKind::Remove(_)
                | EventKind::Modify(ModifyKind::Name(_))
                | EventKind::Any
        );
        let went = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
        for path in &event.paths {
            let name = path.file_name().unwrap_or_default();
            let telling = is_lockfile(name) || is_instruction(name);
            for (target, state) in &mut self.targets {
                if target.cares(path, shape, telling) {
                    touch(state);
                }
                if went {
                    target.lost(path);
                }
            }
            if went {
                self.watches.lose(path);
            }
        }
    }

    fn touch_all(&mut self) {
        self.targets.iter_mut().for_each(|(_, state)| touch(state));
    }

    fn look(&mut self) {
        let now = Instant::now();
        let mut out = Vec::new();
        for (target, state) in &mut self.targets {
            if state.due().is_none_or(|due| due > now) {
                continue;
            }
            let count = if state.burst.is_some() { 0 } else { state.again_count };
            let Again { unfinished, growing } = target.look(&mut self.watches, &mut out);
            let unfinished = unfinished && count < AGAIN_TIMES;
            let again = unfinished.then_some(AGAIN).into_iter().chain(growing).min();
            *state = State {
                burst: None,
                again: again.map(|wait| Instant::now() + wait),
                again_count: count + u32::from(unfinished),
            };
        }
        self.say(out);
    }

    fn add(&mut self, subject: Subject, out: &mut Vec<Arrival>) {
        self.targets.push((Target::new(subject, &mut self.watches, out), State::default()));
    }

    fn set_projects(&mut self, projects: Vec<PathBuf>, out: &mut Vec<Arrival>) {
        let wanted: Vec<Subject> = projects.into_iter().map(Subject::Project).collect();
        let (kept, dropped): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.targets).into_iter().partition(|(target, _)| {
                matches!(target.subject, Subject::Caches(_)) || wanted.contains(&target.subject)
            });
        self.targets = kept;
        for (target, _) in dropped {
            target.release(&mut self.watches);
        }
        for subject in wanted {
            if !self.targets.iter().any(|(target, _)| target.subject == subject) {
                self.add(subject, out);
            }
        }
    }

    fn say(&mut self, arrivals: Vec<Arrival>) {
        let mut told: Vec<Arrival> = Vec::new();
        for arrival in arrivals {
            if matches!(&arrival, Arrival::Trouble { message, .. } if message == LIMIT_REACHED) {
                // One limit, one message, however many folders it hits.
                if self.short_of_watches {
                    continue;
                }
                self.short_of_watches = true;
            }
            told.push(arrival);
        }
        if !told.is_empty() {
            (self.tell)(told);
        }
    }
}

fn touch(state: &mut State) {
    let now = Instant::now();
    let first = state.burst.map_or(now, |(first, _)| first);
    state.burst = Some((first, now));
}
