use doorward_protocol::visible;
use std::io;
use std::path::{Path, PathBuf};

/// Why something in the vault did not work: what was being done, to which path, why, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing} {}: {why}", visible(&path.display().to_string()))]
pub struct VaultError {
    /// What was being done: `seal`, `restore`, `open the vault in`, …
    pub doing: &'static str,
    /// To which path.
    pub path: PathBuf,
    /// Why it did not work, for people.
    pub why: String,
    /// What to do; may be empty.
    pub hint: String,
    /// What the system said, where it said something.
    #[source]
    pub source: Option<io::Error>,
}

impl VaultError {
    /// Nothing failed beneath: it must not be done.
    pub(crate) fn refused(
        doing: &'static str,
        path: impl AsRef<Path>,
        why: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { doing, path: path.as_ref().into(), why: why.into(), hint: hint.into(), source: None }
    }

    pub(crate) fn io(doing: &'static str, path: impl AsRef<Path>, source: impl Into<io::Error>) -> Self {
        let source = source.into();
        let hint = match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "Make room on that disk and try again; nothing was changed."
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "Check the owner and the permissions, or try again as the owner."
            }
            io::ErrorKind::NotFound => "Check that it is still there.",
            _ => "",
        };
        Self {
            doing,
            path: path.as_ref().into(),
            why: source.to_string(),
            hint: hint.into(),
            source: Some(source),
        }
    }

    /// The sealed bytes are not what was sealed, or the key is not the one they were sealed with.
    pub(crate) fn damaged(doing: &'static str, path: impl AsRef<Path>) -> Self {
        Self::refused(
            doing,
            path,
            "its sealed copy is damaged",
            "Restore the vault's folder from a backup, or delete the item.",
        )
    }
}

/// Adds to an error what was being done, and to which path.
pub(crate) trait Context<T> {
    fn context(self, doing: &'static str, path: impl AsRef<Path>) -> Result<T, VaultError>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn context(self, doing: &'static str, path: impl AsRef<Path>) -> Result<T, VaultError> {
        self.map_err(|error| VaultError::io(doing, path, error))
    }
}
