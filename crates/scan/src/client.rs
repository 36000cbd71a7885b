//! The parent's side: starts workers, hands out packages, collects reports.

use crate::ScanError;
use doorward_protocol::{Excerpt, SCHEMA_VERSION, ScanProgress, ScanReport, Summary};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Names the worker's program.
pub const WORKER_VARIABLE: &str = "DOORWARD_SCAN_WORKER";

/// How to scan.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Look every package up in the list of known malware.
    pub feed: bool,
    /// The file that remembers verdicts, in the user's data folder; `None` remembers nothing.
    pub cache: Option<PathBuf>,
    /// The worker's program; `None` looks in the usual places.
    pub worker: Option<PathBuf>,
    /// How many workers read at once.
    pub jobs: usize,
}

impl Default for ScanOptions {
    fn default() -> Self {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        Self { feed: true, cache: None, worker: None, jobs }
    }
}

/// Stops a running scan from another thread.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the scan to stop; it ends with [`ScanError::Cancelled`] soon after.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once somebody asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Finds the packages below `paths` and reports on each one.
///
/// # Errors
/// Any [`ScanError`]; a package that cannot be read is not an error but *unscanned* in its report.
pub fn scan(
    _paths: &[PathBuf],
    _options: &ScanOptions,
    _cancel: &Cancel,
    _on_progress: &mut dyn FnMut(ScanProgress),
) -> Result<ScanReport, ScanError> {
    Ok(ScanReport { schema: SCHEMA_VERSION, summary: Summary::default(), packages: Vec::new() })
}

/// The lines around a finding, read by a worker as well.
///
/// # Errors
/// [`ScanError::NoExcerpt`] where the file or line is not there; otherwise as for [`scan`].
pub fn excerpt(package: &Path, file: &str, _line: u32) -> Result<Excerpt, ScanError> {
    Err(ScanError::NoExcerpt { package: package.into(), file: file.into(), reason: "not read yet".into() })
}
