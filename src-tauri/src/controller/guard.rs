//! The guard's side: its state, its events, its questions.

use super::{Controller, Input, Shell, Told};
use crate::failure::Answer;
use crate::link::FromDaemon;
use crate::notify::{About, Note, NoteAction};
use doorward_protocol::{
    Action, Asked, Control, Event, EventKind, Expiry, Hello, Importance, Observe, Reply as Answered,
    RequestBody, ServerMessage,
};

/// Events fetched when a connection stands.
const HISTORY: u32 = 1000;

impl<S: Shell> Controller<S> {
    pub(super) fn hear(&mut self, message: FromDaemon) {
        match message {
            FromDaemon::Connected(hello) => self.greet(*hello),
            FromDaemon::Gone(why) => {
                if self.guard.take().is_some() {
                    tracing::warn!(why, "the guard is gone");
                }
                self.away = why;
                for asked in self.asked.drain(..) {
                    self.shell.withdraw(About::Asked(asked.event.id));
                }
            }
            FromDaemon::Said(ServerMessage::Event(event)) => self.on_event(*event),
            FromDaemon::Said(ServerMessage::Asked(asked)) => self.on_asked(*asked),
            FromDaemon::Said(ServerMessage::Settled(event)) => {
                self.forget_question(event.id);
                self.record(*event);
            }
            FromDaemon::Said(ServerMessage::State(state)) => self.guard = Some(*state),
            FromDaemon::Said(ServerMessage::Gate(question)) => self.tools.scans.answer_gate(question),
            FromDaemon::Said(ServerMessage::Hello(_) | ServerMessage::Reply { .. }) => {}
        }
    }

    fn greet(&mut self, hello: Hello) {
        tracing::info!(version = hello.version, pid = hello.pid, "the guard is here");
        self.guard = Some(hello.state);
        self.unsaved.extend(hello.recent);
        self.stale = true;
        let old = std::mem::take(&mut self.asked);
        for asked in hello.asked {
            if !old.iter().any(|known| known.event.id == asked.event.id) {
                self.on_asked(asked);
            } else {
                self.asked.push(asked);
            }
        }
        self.fetch_history();
        self.ask_guard(RequestBody::Observe(Observe::Subscribe), "The guard's events are not followed");
        self.tell_projects();
        if self.features.get(&super::FeatureName::Scanner).is_none_or(|(on, _)| *on) {
            self.ask_guard(
                RequestBody::Control(Control::ServeGate),
                "Install scripts are not held for a scan",
            );
        }
    }

    fn fetch_history(&self) {
        let (link, inputs) = (self.tools.link.clone(), self.tools.inputs.clone());
        tokio::spawn(async move {
            let all = RequestBody::Observe(Observe::Events { after: 0, limit: HISTORY });
            if let Ok(Answered::Events(events)) = link.request(all).await {
                let _ = inputs.send(Input::History(events));
            }
        });
    }

    /// Tells the guard which project folders hold secrets of their own.
    pub(super) fn tell_projects(&self) {
        if self.guard.is_some() {
            let paths = self.projects.iter().map(|project| project.path.clone()).collect();
            self.ask_guard(
                RequestBody::Control(Control::SetProjects(paths)),
                "The projects' own secrets are not guarded",
            );
        }
    }

    fn on_event(&mut self, event: Event) {
        let loud = event.importance >= Importance::Attention && event.action != Action::Asked;
        if loud && event.kind != EventKind::Guard {
            let key = subject(&event);
            if self.calm.admits(&key, &event.why, tokio::time::Instant::now()) {
                self.notify(alert(&event, key));
            }
        }
        self.record(event);
    }

    fn record(&mut self, event: Event) {
        self.stale = true;
        self.shell.tell(Told::Event(Box::new(event.clone())));
        self.unsaved.push(event);
    }

    fn on_asked(&mut self, asked: Asked) {
        let event = asked.event.clone();
        if self.asked.iter().any(|known| known.event.id == event.id) {
            return;
        }
        self.asked.push(asked);
        self.asked.sort_by_key(|asked| asked.event.id);
        self.notify(Note {
            about: About::Asked(event.id),
            title: "A program waits for your answer".to_owned(),
            body: format!("{}. {}", event.why.trim_end_matches('.'), reader_now(&event)),
            urgent: true,
            actions: vec![
                ("Deny", NoteAction::Deny(event.id)),
                ("Allow once", NoteAction::AllowOnce(event.id)),
                ("Show", NoteAction::ShowQuestion),
            ],
        });
        self.record(event);
    }

    pub(super) fn forget_question(&mut self, event: u64) {
        self.asked.retain(|asked| asked.event.id != event);
        self.shell.withdraw(About::Asked(event));
    }

    pub(super) fn save_events(&mut self) {
        if self.unsaved.is_empty() {
            return;
        }
        let events = std::mem::take(&mut self.unsaved);
        if let Err(error) = self.tools.store.writer.save_events(&events) {
            self.database_failed(&error);
        }
    }

    pub(super) fn answer_from_note(&mut self, event: u64, allow: bool) {
        if self.asked.iter().any(|asked| asked.event.id == event) {
            let answer = Control::Answer { event, allow, expiry: Expiry::Once };
            self.ask_guard(RequestBody::Control(answer), "Your answer did not reach the guard");
        }
    }

    pub(super) fn pause_from_tray(&self, seconds: u32) {
        self.ask_guard(RequestBody::Control(Control::Pause { seconds }), "The guard was not paused");
    }

    pub(super) fn resume_from_tray(&self) {
        self.ask_guard(RequestBody::Control(Control::Resume), "The guard is still paused");
    }

    /// Sends a request whose failure nobody waits for.
    pub(super) fn ask_guard(&self, body: RequestBody, otherwise: &'static str) {
        let (link, inputs) = (self.tools.link.clone(), self.tools.inputs.clone());
        tokio::spawn(async move {
            if let Err(failure) = link.request(body).await {
                let _ = inputs.send(Input::Failed { doing: otherwise, failure });
            }
        });
    }

    /// Sends a request for a window that waits for the outcome.
    pub(super) fn control(&self, control: Control, reply: super::Reply<()>) {
        let link = self.tools.link.clone();
        tokio::spawn(async move {
            let outcome: Answer<()> = link.request(RequestBody::Control(control)).await.map(|_| ());
            let _ = reply.send(outcome);
        });
    }
}

/// What makes two reads the same to a person: who, and which kind of secret.
fn subject(event: &Event) -> String {
    let who = match &event.package {
        Some(behind) => behind.package.purl(),
        None => event.reader.exe.display().to_string(),
    };
    format!("{who} {}", event.secret.class)
}

fn reader_now(event: &Event) -> String {
    crate::process::still_running(event.reader.pid, &event.reader.exe)
}

fn alert(event: &Event, key: String) -> Note {
    let alarm = event.importance == Importance::Alarm;
    let title = match (event.action, event.kind) {
        (Action::Denied, EventKind::Exec) => "A script was stopped",
        (Action::Denied, _) => "A read was denied",
        (_, EventKind::Exec) => "A script was started",
        _ => "A secret was read",
    };
    Note {
        about: About::Reads(key),
        title: title.to_owned(),
        body: format!("{}. {}", event.why.trim_end_matches('.'), reader_now(event)),
        urgent: alarm,
        actions: vec![("Show", NoteAction::ShowEvents)],
    }
}
