use crate::failure::{Answer, Failure};
use crate::link::FromDaemon;
use crate::notify::{Note, NoteAction};
use crate::scans::FromScan;
use crate::tray::TrayAction;
use doorward_protocol::{
    DecoyKind, Desk, Event, Excerpt, Expiry, KnownBad, PackageRef, Policy, Project, ProjectPackage,
    RuleDraft, SealReason, SealedEntry, SealedItem, Settings,
};
use doorward_vault::{Vault, VaultError};
use doorward_watch::Arrival;
use std::path::PathBuf;
use tokio::sync::oneshot;

/// Everything that can happen to the app.
#[derive(Debug)]
pub(crate) enum Input {
    FromDaemon(FromDaemon),
    /// The guard's journal, oldest first.
    History(Vec<Event>),
    FromWindow(Call),
    FromWatch(Vec<Arrival>),
    FromScan(FromScan),
    FromTray(TrayAction),
    FromNotification(NoteAction),
    /// Something that can be off by itself came up or went down.
    Feature {
        name: FeatureName,
        on: bool,
        note: String,
    },
    /// The vault could (or could not) be opened; the keyring may take its time.
    VaultOpened(Result<Vault, VaultError>),
    /// Something in the vault changed; what is in it now.
    Sealed(Vec<SealedItem>),
    /// A notification made beside the controller.
    Tell(Note),
    /// Something nobody waits for did not work.
    Failed {
        doing: &'static str,
        failure: Failure,
    },
    /// The app was started a second time.
    SecondInstance,
    Tick,
    /// End, in good order.
    Quit,
}

/// The features the app itself reports; the guard's own is derived from the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FeatureName {
    Watching,
    Scanner,
    Tray,
    Notifications,
    Keyring,
    Database,
}

impl FeatureName {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Watching => "watching",
            Self::Scanner => "scanner",
            Self::Tray => "tray",
            Self::Notifications => "notifications",
            Self::Keyring => "keyring",
            Self::Database => "database",
        }
    }
}

/// Where the answer to a call goes.
pub(crate) type Reply<T> = oneshot::Sender<Answer<T>>;

/// What a window asks for: one variant for each command.
#[derive(Debug)]
pub(crate) enum Call {
    Desk(Reply<Desk>),
    Events { before: u64, limit: u32, reply: Reply<Vec<Event>> },
    Acknowledge { up_to: u64, reply: Reply<()> },
    Answer { event: u64, allow: bool, expiry: Expiry, reply: Reply<()> },
    SetPolicy { policy: Policy, reply: Reply<()> },
    Pause { seconds: u32, reply: Reply<()> },
    Resume(Reply<()>),
    AddRule { draft: RuleDraft, reply: Reply<()> },
    RemoveRule { id: u64, reply: Reply<()> },
    PlantDecoy { kind: DecoyKind, reply: Reply<()> },
    RemoveDecoy { path: PathBuf, reply: Reply<()> },
    Projects(Reply<Vec<Project>>),
    ChooseFolder(Reply<Option<PathBuf>>),
    AddProject { path: PathBuf, reply: Reply<Project> },
    RemoveProject { id: i64, reply: Reply<()> },
    DiscoverProjects(Reply<Vec<PathBuf>>),
    Packages { project: Option<i64>, reply: Reply<Vec<ProjectPackage>> },
    StartScan { project: i64, reply: Reply<()> },
    CancelScan { project: i64, reply: Reply<()> },
    Excerpt { package_path: PathBuf, file: String, line: u32, reply: Reply<Excerpt> },
    Quarantine(Reply<Vec<SealedItem>>),
    Seal { path: PathBuf, package: PackageRef, reason: SealReason, reply: Reply<SealedItem> },
    ReviewSealed { id: String, reply: Reply<Vec<SealedEntry>> },
    ReadSealed { id: String, file: String, reply: Reply<Excerpt> },
    RestoreSealed { id: String, reply: Reply<()> },
    DeleteSealed { id: String, reply: Reply<()> },
    KnownBad(Reply<KnownBad>),
    Settings(Reply<Settings>),
    SaveSettings { settings: Settings, reply: Reply<()> },
}

/// The app is on its way out.
pub(crate) fn closing() -> Failure {
    Failure::new("Doorward is closing", "Start it again.")
}
