//! Which file it is of those that had the same inode number one after the other.

use crate::sys;
use std::fs::{File, Metadata};
use std::time::{Duration, SystemTime};

/// The slowest clock that a file system dates by.
const TICK: Duration = Duration::from_secs(2);

/// What tells a file from an earlier one with its inode number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Birth {
    /// When it was made, by a clock that may not have ticked since the earlier one was made.
    time: Option<SystemTime>,
    /// The kernel's name for it; `None` where the file system has none.
    handle: Option<Vec<u8>>,
}

impl Birth {
    /// That of an open file.
    pub fn of(file: &File, metadata: &Metadata) -> Self {
        Self { time: metadata.created().ok(), handle: sys::file_handle(file).ok() }
    }

    /// True where both are the birth of the same file, given that the inode number is the same.
    pub fn is(&self, other: &Self) -> bool {
        let named = self.handle.as_ref().zip(other.handle.as_ref());
        self.time == other.time && named.is_none_or(|(one, other)| one == other)
    }
}

/// The kernel's name for a file whose time of birth alone does not tell it from one that comes after it.
pub(super) fn handle_while_young(born: Option<SystemTime>, file: &File) -> Option<Vec<u8>> {
    let is_old = born.and_then(|born| born.elapsed().ok()).is_some_and(|age| age > TICK);
    if is_old { None } else { sys::file_handle(file).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_made_within_one_tick_are_told_apart() {
        let time = Some(SystemTime::now());
        let named = |time, name: u8| Birth { time, handle: Some(vec![name]) };
        assert!(named(time, 1).is(&named(time, 1)));
        assert!(!named(time, 1).is(&named(time, 2)));
        assert!(!named(time, 1).is(&named(None, 1)));
        let nameless = Birth { time, handle: None };
        assert!(nameless.is(&nameless) && nameless.is(&named(time, 1)));
    }
}
