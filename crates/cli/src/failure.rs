//! What a command says when it could not do its work.

use doorward_protocol::WireError;
use std::error::Error;
use std::fmt::Display;

/// What failed, why, and what the user can do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    /// "what failed: path: why".
    pub(crate) message: String,
    /// What to do; empty where there is nothing to suggest.
    pub(crate) hint: String,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: String::new() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// An error with everything that caused it, in one line.
    pub(crate) fn caused(doing: impl Display, error: &dyn Error) -> Self {
        let mut message = format!("{doing}: {error}");
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !message.contains(&cause_text) {
                message.push_str(": ");
                message.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self::new(message)
    }
}

impl From<WireError> for Failure {
    fn from(refusal: WireError) -> Self {
        Self { message: refusal.message, hint: refusal.hint }
    }
}
