use crate::Arrival;
use crate::worker::{self, Message};
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

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
    messages: Sender<Message>,
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
        let (messages, inbox) = mpsc::channel();
        worker::start(config, messages.clone(), inbox, Box::new(sender))?;
        Ok(Self { messages })
    }

    /// Watches these projects from now on, and no others. Not to be called from within `sender`.
    pub fn set_projects(&mut self, projects: Vec<PathBuf>) {
        let (done, ready) = mpsc::sync_channel(1);
        if self.messages.send(Message::Projects(projects, done)).is_ok() {
            // Returns when changes are noticed from now on; a slow disk must not hang the caller.
            let _ = ready.recv_timeout(Duration::from_secs(10));
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.messages.send(Message::Stop);
    }
}
