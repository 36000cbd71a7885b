//! Prints the facts that the model is fitted on, from inside the sandbox.

use super::read::Listing;
use super::sandbox;
use crate::analyse::Before;
use crate::source::Limits;
use crate::walk;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

/// Confines this process to the paths and prints one JSON line for every package found at them:
/// its path, its verdict, its rules and the facts of each group of files that run together.
pub(super) fn run(paths: &[OsString]) -> ExitCode {
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    if let Err(error) = sandbox::confine(&paths) {
        eprintln!("cannot confine the worker before reading packages: {error}");
        return ExitCode::FAILURE;
    }
    let mut out = io::stdout().lock();
    let limits = Limits::default();
    for path in &paths {
        for target in walk::search(path, &[]).unwrap_or_default() {
            let mut package = Listing::of(&target, &limits).read(&limits);
            let bytes = package.bytes();
            let groups = package.facts();
            let (report, _) = package.report(false, Before::nothing());
            let line = serde_json::json!({
                "path": report.path,
                "bytes": bytes,
                "verdict": report.verdict,
                "rules": report.findings.iter().map(|found| (&found.rule, found.severity)).collect::<Vec<_>>(),
                "groups": groups,
            });
            if writeln!(out, "{line}").is_err() {
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
