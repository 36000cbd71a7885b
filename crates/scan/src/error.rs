use std::io;
use std::path::PathBuf;

/// Why a scan could not be done at all. A package that cannot be read is no error: its report says so.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The path does not exist or may not be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// What was asked for.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path holds nothing that the scanner knows.
    #[error("{path} cannot be scanned: {reason}")]
    NotAPackage {
        /// What was asked for.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The worker's program was not found.
    #[error("the scan worker was not found (looked for {looked})")]
    NoWorker {
        /// The places, separated by commas.
        looked: String,
    },
    /// The worker could not be started or did not speak.
    #[error("the scan worker {path} could not be started: {reason}")]
    WorkerFailed {
        /// The program.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The excerpt's file or line is not there.
    #[error("{file} of {package} cannot be shown: {reason}")]
    NoExcerpt {
        /// The folder or archive.
        package: PathBuf,
        /// The file inside it.
        file: String,
        /// Why.
        reason: String,
    },
    /// The caller cancelled.
    #[error("the scan was cancelled")]
    Cancelled,
}

impl ScanError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "Check the path and its permissions.",
            Self::NotAPackage { .. } => {
                "Name a project, an installed package's folder, an install tree such as node_modules or \
                 site-packages, or an archive (.tgz .tar.gz .whl .zip .crate)."
            }
            Self::NoWorker { .. } => {
                "Install doorward-scan-worker beside the program, or name it in DOORWARD_SCAN_WORKER."
            }
            Self::WorkerFailed { .. } => "Check that the program may be executed and matches this version.",
            Self::NoExcerpt { .. } => "Scan the package again; it may have changed.",
            Self::Cancelled => "Start the scan again when you are ready.",
        }
    }
}
