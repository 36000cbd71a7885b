//! Which package's code is running: told from the process that the package manager itself started,
//! and from places that only a package manager fills. No file of a project or package is opened here.

mod lineage;

pub use lineage::Lineage;

use crate::identity::Identity;
use doorward_protocol::Attribution;

/// The package whose script or build is behind a process, if one is.
pub fn attribute(_identity: &Identity) -> Option<Attribution> {
    None
}

/// The nearest package manager or build tool above a process (or the process itself), such as
/// `npm`, `pip` or `cargo`: lineage even where the package cannot be named.
pub fn manager_of(_identity: &Identity) -> Option<String> {
    None
}
