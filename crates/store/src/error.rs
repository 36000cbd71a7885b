use rusqlite::ErrorCode;
use std::io;
use std::path::{Path, PathBuf};

/// Why the database did not do what was asked: what was being done, to which path, why, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing} {}: {why}", doorward_protocol::visible(&path.display().to_string()))]
pub struct StoreError {
    /// What was being done: `open`, `add the project`, …
    pub doing: &'static str,
    /// The database, or the folder it was about.
    pub path: PathBuf,
    /// Why it did not work, for people.
    pub why: String,
    /// What to do; may be empty.
    pub hint: String,
    /// What lies beneath, where there is something.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// A refusal that nothing failed beneath.
    pub(crate) fn refused(
        doing: &'static str,
        path: &Path,
        why: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { doing, path: path.into(), why: why.into(), hint: hint.into(), source: None }
    }

    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let hint = match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FULL,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => UNWRITABLE,
            _ => "",
        };
        Self {
            doing,
            path: path.into(),
            why: source.to_string(),
            hint: hint.into(),
            source: Some(Box::new(source)),
        }
    }

    pub(crate) fn sql(doing: &'static str, path: &Path, source: rusqlite::Error) -> Self {
        let (why, hint) = match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => ("the disk is full".to_owned(), FULL),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                (source.to_string(), UNWRITABLE)
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                ("another program has kept it locked for too long".to_owned(), "Try again in a moment.")
            }
            Some(ErrorCode::SystemIoFailure) => {
                (source.to_string(), "Check that the disk has room and works (`df`, `dmesg`).")
            }
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => (
                "the file is damaged".to_owned(),
                "Start Doorward again: it will set the file aside and begin a new one.",
            ),
            _ => (source.to_string(), ""),
        };
        Self { doing, path: path.into(), why, hint: hint.into(), source: Some(Box::new(source)) }
    }
}

const FULL: &str = "Make room on that disk and try again; nothing that was stored before is lost.";
const UNWRITABLE: &str =
    "Check the owner and the permissions of the folder, or name another one in DOORWARD_DATA_DIR.";
