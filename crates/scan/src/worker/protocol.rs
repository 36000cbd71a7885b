//! What the parent and a worker say to each other, in frames of JSON on the worker's standard input and output.

use crate::fetched::PackageCaches;
use crate::traits::Traits;
use crate::walk::Target;
use doorward_protocol::{Excerpt, PackageRef, PackageReport};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// From the parent, which trusts nothing that comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToWorker {
    /// The first message: what may be read. The worker confines itself and answers `Ready`.
    Start {
        grants: Vec<PathBuf>,
        /// Where earlier versions may lie.
        caches: PackageCaches,
        /// Look packages up in the list of known malware.
        feed: bool,
        /// The list, where it is not the one that is compiled in.
        list: Option<PathBuf>,
    },
    /// Find the packages below a path: any number of `Found`, then `Searched`.
    Search { path: PathBuf },
    /// Report on one package. With `remember` the worker first says `Listed` and `Hashed`, and goes on
    /// only when told to.
    Scan { target: Target, remember: bool },
    /// Go on, and compare with this earlier version, where one is known.
    Go { before: Option<Box<Traits>> },
    /// The report is known already.
    Skip,
    /// Lines around a finding.
    Excerpt { package: PathBuf, file: String, line: u32 },
}

/// From a worker.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FromWorker {
    Ready(Confinement),
    Found(Vec<Target>),
    /// `reason` says why nothing could be looked for.
    Searched {
        reason: Option<String>,
    },
    /// What changes when any file of the package does, as far as the file system tells.
    Listed {
        fingerprint: String,
    },
    /// What changes when the package's content does, and where a report should say the package lies.
    Hashed {
        content: String,
        path: PathBuf,
        package: PackageRef,
    },
    Report {
        report: Box<PackageReport>,
        bytes: u64,
        /// By which a later version can be compared.
        traits: Option<Box<Traits>>,
    },
    /// There was nothing to report on after all.
    Nothing,
    Excerpt(Result<Excerpt, String>),
}

/// What holds a worker in, as far as this kernel can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confinement {
    /// `full`, `partial` or `none`.
    pub(crate) landlock: String,
    /// System calls are filtered; without this no worker works.
    pub(crate) seccomp: bool,
}
