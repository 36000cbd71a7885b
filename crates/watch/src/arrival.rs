use doorward_protocol::Ecosystem;
use std::path::PathBuf;

/// Something that changed in a project or a cache.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// A package is new here, or another version took its place.
    Package {
        /// Its folder, its `.dist-info` folder, or its archive.
        path: PathBuf,
        /// The project it arrived in; `None` for a cache.
        project: Option<PathBuf>,
        /// Which registry family it belongs to.
        ecosystem: Ecosystem,
    },
    /// A lockfile was written.
    Lockfile {
        /// Which.
        path: PathBuf,
        /// Whose.
        project: PathBuf,
    },
    /// An instruction file of an editor or a coding agent, or its folder's content, was written.
    ProjectFile {
        /// Which.
        path: PathBuf,
        /// Whose.
        project: PathBuf,
    },
    /// The project's folder is no longer there.
    ProjectGone {
        /// Which.
        project: PathBuf,
    },
    /// Something is not watched.
    Trouble {
        /// What and why.
        message: String,
        /// What to do; may be empty.
        hint: String,
    },
}
