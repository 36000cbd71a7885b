use crate::StoreError;
use crate::tables::{events, packages, projects, scans, settings};
use doorward_protocol::{Event, PackageReport, Project, ScanReport, Settings, Timestamp};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Changes the database, one whole change at a time. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Writer {
    pub(crate) connection: Arc<Mutex<Connection>>,
    pub(crate) path: Arc<Path>,
    /// Held so that nobody sets the file aside while it is in use.
    pub(crate) _lock: Arc<File>,
}

impl Writer {
    /// Adds a folder to the projects.
    ///
    /// # Errors
    /// When it is not a folder, too wide to be a project, or there already.
    pub fn add_project(&self, path: &Path) -> Result<Project, StoreError> {
        const DOING: &str = "add the project";
        let folder = suitable(path, std::env::home_dir())?;
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let added =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
                let project = projects::add(&transaction, &folder, Timestamp::now())?;
                transaction.commit()?;
                Ok(project)
            });
        added.map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation) => {
                StoreError::refused(DOING, &folder, "it is in the list already", "There is nothing to do.")
            }
            _ => StoreError::sql(DOING, &self.path, error),
        })
    }

    /// Takes a project off the list and forgets its verdicts; the folder is not touched. False where
    /// there was no such project.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn remove_project(&self, id: i64) -> Result<bool, StoreError> {
        self.change("remove a project from", |transaction| projects::remove(transaction, id))
    }

    /// Stores a finished scan of a project, which replaces what was known of its packages; without a
    /// project, adds to what is known of packages elsewhere.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn save_scan(
        &self,
        project: Option<i64>,
        report: &ScanReport,
        finished: Timestamp,
    ) -> Result<(), StoreError> {
        self.change("save a scan in", |transaction| scans::save(transaction, project, report, finished))
    }

    /// Stores what one scan said of one package, scanned now.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn save_package(&self, project: Option<i64>, report: &PackageReport) -> Result<(), StoreError> {
        self.change("save a package in", |transaction| {
            packages::save(transaction, project, report, Timestamp::now())
        })
    }

    /// Stores an event, or the final answer of one that is there as a question.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn save_event(&self, event: &Event) -> Result<(), StoreError> {
        self.save_events(std::slice::from_ref(event))
    }

    /// Stores several events at once.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn save_events(&self, batch: &[Event]) -> Result<(), StoreError> {
        self.change("save an event in", |transaction| {
            batch.iter().try_for_each(|event| events::save(transaction, event))
        })
    }

    /// Notes that the user has looked at every event up to the one with this id.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn acknowledge(&self, up_to: u64) -> Result<(), StoreError> {
        self.change("update the events in", |transaction| events::acknowledge(transaction, up_to))
    }

    /// Notes that the user has looked at the flagged packages of one project; with `None`, at those
    /// outside of projects.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn look_at_packages(&self, project: Option<i64>) -> Result<(), StoreError> {
        self.change("update the packages in", |transaction| packages::look_at(transaction, project))
    }

    /// Stores the user's settings.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn save_settings(&self, settings: &Settings) -> Result<(), StoreError> {
        self.change("save the settings in", |transaction| settings::save(transaction, settings))
    }

    fn change<T>(
        &self,
        doing: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let outcome = change(&transaction)?;
                transaction.commit()?;
                Ok(outcome)
            })
            .map_err(|error| StoreError::sql(doing, &self.path, error))
    }
}

/// The folder as the kernel names it, if it can be a project.
fn suitable(path: &Path, home: Option<PathBuf>) -> Result<PathBuf, StoreError> {
    const DOING: &str = "add the project";
    let folder = path.canonicalize().map_err(|error| StoreError::io(DOING, path, error))?;
    if !folder.is_dir() {
        return Err(StoreError::refused(DOING, path, "it is not a folder", "Name the project's folder."));
    }
    let home = home.and_then(|home| home.canonicalize().ok());
    let too_wide = folder.parent().is_none() || home.is_some_and(|home| home.starts_with(&folder));
    if too_wide {
        return Err(StoreError::refused(
            DOING,
            path,
            "it holds far more than one project",
            "Add the project's own folder, the one with its manifest or lockfile.",
        ));
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_the_home_and_what_holds_the_home_are_no_projects() {
        let top = tempfile::tempdir().expect("a folder");
        let home = top.path().join("home/user");
        let project = home.join("code");
        std::fs::create_dir_all(&project).expect("folders");
        std::fs::write(project.join("file"), "").expect("a file");
        let refused = |path: &Path| suitable(path, Some(home.clone())).expect_err("must be refused");
        assert!(refused(Path::new("/")).why.contains("far more"));
        assert!(refused(&home).hint.contains("own folder"));
        assert!(refused(&home.join("..")).why.contains("far more"));
        assert_eq!(refused(&project.join("file")).why, "it is not a folder");
        assert!(refused(&project.join("absent")).to_string().contains("No such file"));
        let link = top.path().join("link");
        std::os::unix::fs::symlink(&home, &link).expect("a link");
        assert!(refused(&link).why.contains("far more"));
        assert_eq!(suitable(&project, Some(home)).expect("fine"), project.canonicalize().expect("path"));
    }
}
