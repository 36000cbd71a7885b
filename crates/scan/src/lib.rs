//! Reads dependencies and says what they can do.
//!
//! [`scan`] finds the packages below some paths and has each one read by a sandboxed worker process;
//! the calling process never opens a file of theirs. [`excerpt`] shows the lines around a finding.

pub mod analyse;
mod cache;
mod client;
mod error;
pub mod feed;
mod fetched;
#[cfg(fuzzing)]
pub mod fuzzing;
mod lockfile;
mod manifest;
pub mod names;
mod package;
mod source;
mod traits;
pub mod verdict;
mod walk;
pub mod worker;

pub use client::{Cancel, ScanOptions, WORKER_VARIABLE, excerpt, scan};
pub use error::ScanError;
pub use fetched::PackageCaches;
pub use package::{
    CargoManifest, Manifest, NpmDependency, NpmManifest, NpmScript, PackageFiles, PypiKind, PypiManifest,
    SourceFile,
};
