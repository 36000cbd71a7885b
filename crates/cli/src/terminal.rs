//! Printing: colour only on a terminal that wants it, and never a control character that is not ours.

use crate::failure::Failure;
use doorward_protocol::visible;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// Decides once per stream whether colour is used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// For standard output: a terminal, no `NO_COLOR`, and a `TERM` that is not `dumb`.
    pub(crate) fn stdout() -> Self {
        Self::of(&io::stdout())
    }

    /// The same for standard error.
    pub(crate) fn stderr() -> Self {
        Self::of(&io::stderr())
    }

    fn of(stream: &impl IsTerminal) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { on: !refused && stream.is_terminal() }
    }

    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { on: false }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    pub(crate) fn amber(self, text: &str) -> String {
        self.wrap("33", text)
    }

    pub(crate) fn teal(self, text: &str) -> String {
        self.wrap("36", text)
    }
}

/// Writes one piece of output and flushes it. A reader that went away, as in `doorward events | head`,
/// is a quiet end.
pub(crate) fn put(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        outcome => outcome.map_err(|error| Failure::caused("writing the output", &error)),
    }
}

/// Writes one line.
pub(crate) fn put_line(text: &str) -> Result<(), Failure> {
    put(&format!("{text}\n"))
}

/// Writes one JSON value on one line.
pub(crate) fn put_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value).map_err(|error| Failure::caused("writing JSON", &error))?;
    put_line(&text)
}

/// Tells on standard error why a command failed, and what to do.
pub(crate) fn complain(failure: &Failure) {
    let paint = Paint::stderr();
    let mut text = format!("{} {}\n", paint.red("doorward:"), visible(&failure.message));
    if !failure.hint.is_empty() {
        text.push_str(&format!("{} {}\n", paint.teal("hint:"), visible(&failure.hint)));
    }
    note(&text);
}

/// Writes to standard error; there is nowhere to report a failure of that.
pub(crate) fn note(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
