use super::input::Reply;
use crate::notify::{About, Note};
use crate::tray::TrayView;
use doorward_protocol::{Asked, Desk, Event, Project, ScanProgress, SealedItem};
use serde::Serialize;
use std::path::PathBuf;

/// What the controller needs of a desktop. Nothing here waits.
pub(crate) trait Shell: Send + 'static {
    fn show_main(&self, page: Page);
    fn show_prompt(&self);
    fn close_prompt(&self);
    fn tell(&self, told: Told);
    fn tray(&self, view: TrayView);
    fn notify(&self, note: Note);
    fn withdraw(&self, about: About);
    fn choose_folder(&self, reply: Reply<Option<PathBuf>>);
    /// Ends the app; the controller is done.
    fn quit(&self);
}

/// A page of the main window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    /// Whatever is shown, or the overview.
    Any,
    Events,
    Projects,
    Quarantine,
}

impl Page {
    /// The part of the address behind `#`.
    pub(crate) fn fragment(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Events => "events",
            Self::Projects => "projects",
            Self::Quarantine => "quarantine",
        }
    }
}

/// Something the windows are told without asking.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Told {
    Desk(Box<Desk>),
    Event(Box<Event>),
    /// The question the prompt shows now.
    Asked(Option<Box<Asked>>),
    Project(Box<Project>),
    Scan {
        project: i64,
        progress: ScanProgress,
    },
    Quarantine(Vec<SealedItem>),
}

impl Told {
    /// The name windows listen to.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Desk(_) => "desk",
            Self::Event(_) => "event",
            Self::Asked(_) => "asked",
            Self::Project(_) => "project",
            Self::Scan { .. } => "scan",
            Self::Quarantine(_) => "quarantine",
        }
    }

    /// True for what the prompt may hear too.
    pub(crate) fn for_prompt(&self) -> bool {
        matches!(self, Self::Desk(_) | Self::Asked(_))
    }
}
