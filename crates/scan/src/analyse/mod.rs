//! Work in progress: capabilities of a package, file by file.

use crate::PackageFiles;
use doorward_protocol::Finding;

/// Everything worth saying about a package.
pub fn analyse(_package: &PackageFiles<'_>) -> Vec<Finding> {
    Vec::new()
}
