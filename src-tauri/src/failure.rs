use serde::Serialize;
use std::error::Error;

/// What every command of the windows rejects with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Failure {
    /// What failed and why.
    pub(crate) message: String,
    /// What to do; may be empty.
    pub(crate) hint: String,
}

/// What a command of the windows comes to.
pub(crate) type Answer<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }

    /// An error with everything that caused it, in one sentence.
    pub(crate) fn of(error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        Self::new(message, "")
    }
}

impl From<doorward_protocol::WireError> for Failure {
    fn from(error: doorward_protocol::WireError) -> Self {
        Self::new(error.message, error.hint)
    }
}

impl From<doorward_store::StoreError> for Failure {
    fn from(error: doorward_store::StoreError) -> Self {
        Self::new(error.to_string(), error.hint)
    }
}

impl From<doorward_vault::VaultError> for Failure {
    fn from(error: doorward_vault::VaultError) -> Self {
        Self::new(error.to_string(), error.hint)
    }
}

impl From<doorward_decoy::DecoyError> for Failure {
    fn from(error: doorward_decoy::DecoyError) -> Self {
        Self::new(error.to_string(), error.hint)
    }
}

impl From<doorward_scan::ScanError> for Failure {
    fn from(error: doorward_scan::ScanError) -> Self {
        Self::new(error.to_string(), error.hint())
    }
}

impl From<doorward_watch::WatchError> for Failure {
    fn from(error: doorward_watch::WatchError) -> Self {
        Self::new(error.to_string(), error.hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_causes_of_an_error_are_told_once_each() {
        #[derive(Debug, thiserror::Error)]
        #[error("could not open the database")]
        struct Outer(#[source] std::io::Error);
        let failure = Failure::of(&Outer(std::io::Error::other("disk full")));
        assert_eq!(failure.message, "could not open the database: disk full");
    }
}
