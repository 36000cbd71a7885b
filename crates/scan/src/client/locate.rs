//! What a worker needs to start: its program, and what it may read.

use super::{ScanOptions, WORKER_VARIABLE};
use crate::ScanError;
use crate::feed::{FeedStatus, Installed, Origin};
use crate::walk::file_name;
use crate::worker::protocol::ToWorker;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const PROGRAM: &str = "doorward-scan-worker";
const LIBEXEC: &str = "/usr/libexec/doorward";

/// Everything a worker is started with.
pub(super) struct Setup {
    program: PathBuf,
    start: ToWorker,
    feed: bool,
    digest: String,
}

impl Setup {
    pub(super) fn new(paths: &[PathBuf], options: &ScanOptions) -> Result<Self, ScanError> {
        let program = find_program(options.worker.as_deref())?;
        let list = options
            .lists
            .as_ref()
            .map_or_else(FeedStatus::built_in, |folder| Installed::in_folder(folder).status());
        let feed = options.feed;
        let caches = options.caches.existing();
        let grants = paths.iter().flat_map(|path| grants(path)).chain(caches.grants()).collect();
        let start = ToWorker::Start {
            grants,
            caches,
            feed,
            list: match list.origin {
                Origin::Installed(file) if feed => Some(file),
                _ => None,
            },
        };
        Ok(Self { program, start, feed, digest: list.digest })
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    pub(super) fn start_message(&self) -> &ToWorker {
        &self.start
    }

    pub(super) fn feed(&self) -> bool {
        self.feed
    }

    /// What makes remembered verdicts worthless when it changes: the worker's rules and the list of known malware.
    pub(super) fn stamp(&self) -> String {
        let worker = fs::metadata(&self.program)
            .map(|meta| format!("{}.{}.{}", meta.size(), meta.mtime(), meta.mtime_nsec()))
            .unwrap_or_default();
        format!("{}/{worker}/{}", env!("CARGO_PKG_VERSION"), self.digest)
    }
}

/// The path without links, which must be text: every report names it.
pub(super) fn real_path(path: &Path) -> Result<PathBuf, ScanError> {
    let real =
        fs::canonicalize(path).map_err(|source| ScanError::Unreadable { path: path.into(), source })?;
    if real.to_str().is_none() {
        let reason = "its name is not UTF-8, so no report could name it; rename it".into();
        return Err(ScanError::NotAPackage { path: path.into(), reason });
    }
    Ok(real)
}

fn find_program(named: Option<&Path>) -> Result<PathBuf, ScanError> {
    let from_variable =
        std::env::var_os(WORKER_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    let places: Vec<PathBuf> = match named.map(PathBuf::from).or(from_variable) {
        Some(path) => vec![path],
        None => {
            let folder = std::env::current_exe().ok().and_then(|exe| exe.parent().map(PathBuf::from));
            // Cargo puts test programs one folder below the others.
            let above = folder.as_deref().filter(|path| path.ends_with("deps")).and_then(Path::parent);
            let above = above.map(PathBuf::from);
            folder
                .into_iter()
                .chain(above)
                .chain([LIBEXEC.into()])
                .map(|folder| folder.join(PROGRAM))
                .collect()
        }
    };
    let found = places.iter().find(|path| path.is_file()).cloned();
    found.ok_or_else(|| {
        let looked: Vec<String> = places.iter().map(|path| path.display().to_string()).collect();
        ScanError::NoWorker { looked: looked.join(", ") }
    })
}

/// What a worker must be able to read for one path.
fn grants(path: &Path) -> Vec<PathBuf> {
    let mut grants = vec![path.to_path_buf()];
    // A Python package is known by the metadata beside it, and its programs lie in the environment's `bin`.
    let environment = path
        .ancestors()
        .find(|folder| folder.ends_with("site-packages") || folder.ends_with("dist-packages"));
    let beside = path.parent().filter(|parent| path.is_dir() && holds_distributions(parent));
    if let Some(environment) = environment.or(beside) {
        grants.push(environment.to_path_buf());
        if let Some(prefix) = environment.ancestors().nth(3) {
            grants.push(prefix.join("bin"));
        }
    }
    grants.retain(|path| path.exists());
    grants
}

fn holds_distributions(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.take(10_000).any(|entry| file_name(&entry.path()).ends_with(".dist-info"))
}
