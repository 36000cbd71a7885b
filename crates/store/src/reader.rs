use crate::StoreError;
use crate::tables::{Flagged, Unseen, events, packages, projects, scans, settings};
use doorward_protocol::{Event, Project, ProjectPackage, Settings, Timestamp, Today};
use rusqlite::Connection;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Looks things up in the database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    pub(crate) connection: Arc<Mutex<Connection>>,
    pub(crate) path: Arc<Path>,
    /// Held so that nobody sets the file aside while it is in use.
    pub(crate) _lock: Arc<File>,
}

impl Reader {
    /// Every project, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn projects(&self) -> Result<Vec<Project>, StoreError> {
        self.ask("read the projects in", projects::all)
    }

    /// One project; `None` where there is none with that id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn project(&self, id: i64) -> Result<Option<Project>, StoreError> {
        self.ask("read a project in", |connection| projects::one(connection, id))
    }

    /// The packages of one project with their verdicts, worst first; with `None` those outside of
    /// projects, as in the caches.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn packages(&self, project: Option<i64>) -> Result<Vec<ProjectPackage>, StoreError> {
        self.ask("read the packages in", |connection| packages::of(connection, project))
    }

    /// The packages that are suspicious or malicious, worst first, and whether somebody looked at them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn flagged(&self) -> Result<Vec<Flagged>, StoreError> {
        self.ask("read the flagged packages in", packages::flagged)
    }

    /// Whether a scan or an event of the guard told of a package at this place.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn knows(&self, path: &Path) -> Result<bool, StoreError> {
        self.ask("look up a package in", |connection| packages::knows(connection, path))
    }

    /// Events before a moment (all where there is none given), newest first. The moment is that of
    /// the event with the id `before`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn events(&self, before: Option<u64>, limit: u32) -> Result<Vec<Event>, StoreError> {
        self.ask("read the events in", |connection| events::page(connection, before, limit))
    }

    /// How many events of attention or alarm nobody has looked at.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unseen(&self) -> Result<Unseen, StoreError> {
        self.ask("count the events in", events::unseen)
    }

    /// Counts since a moment, which the caller takes to be the last midnight.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn today(&self, midnight: Timestamp) -> Result<Today, StoreError> {
        self.ask("count in", |connection| scans::today(connection, midnight))
    }

    /// The user's settings, or the defaults.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn settings(&self) -> Result<Settings, StoreError> {
        self.ask("read the settings in", settings::load)
    }

    fn ask<T>(
        &self,
        doing: &'static str,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        question(&connection).map_err(|error| StoreError::sql(doing, &self.path, error))
    }
}
