//! The child's side: confines itself, then reads packages on request.

use std::process::ExitCode;

/// The whole worker program.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
