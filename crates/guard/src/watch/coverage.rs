//! What the marks on a file cover, as far as its file system lets them.

use crate::sys::{self, FanotifyError, FileSystem, Group, MarkKind};
use doorward_protocol::CoverageLevel;
use std::fs::File;
use std::os::fd::AsFd;

/// Marks a file as well as its file system allows, and says what that leaves open.
pub(super) fn set_marks(group: &Group, file: &File) -> (CoverageLevel, String) {
    let kind = sys::file_system(file);
    let also = match kind {
        FileSystem::Network => " Reads on other machines are not seen.",
        FileSystem::Fuse => " The program that serves the file system, and what it reads from, are not seen.",
        FileSystem::Overlay => " The same bytes can be read in the folders below the overlay.",
        _ => "",
    };
    if group.features().pre_content && group.mark_open_file(MarkKind::FileFull, file.as_fd()).is_ok() {
        return (CoverageLevel::Full, also.trim_start().to_owned());
    }
    let place = match kind {
        FileSystem::Tmpfs => "A file system in memory (tmpfs)",
        FileSystem::Overlay => "An overlay file system",
        FileSystem::Network => "A network file system",
        FileSystem::Fuse => "A file system served by a program (FUSE)",
        _ if group.features().pre_content => "This file system",
        _ => "This kernel",
    };
    match group.mark_open_file(MarkKind::FileOpens, file.as_fd()) {
        Ok(()) => {
            let note = format!(
                "{place} has no pre-content events: a descriptor that an allowed program passes on can be mapped \
                 into memory unseen.{also}"
            );
            (CoverageLevel::Opens, note)
        }
        Err(FanotifyError::Mark { source, .. }) => {
            (CoverageLevel::None, format!("The kernel refused to guard it: {source}."))
        }
        Err(error) => (CoverageLevel::None, error.to_string()),
    }
}
