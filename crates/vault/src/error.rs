use std::io;
use std::path::PathBuf;

/// Why something in the vault did not work: what was being done, to which path, why, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing} {}: {why}", doorward_protocol::visible(&path.display().to_string()))]
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
