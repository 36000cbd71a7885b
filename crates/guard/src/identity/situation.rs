//! What surrounds a process at the moment of its read: whom it talks to, who gives it its commands,
//! where the names in its arguments lead.

use super::{Identity, proc};
use std::fs::{self, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Descriptors that are looked at, at most.
const MAX_DESCRIPTORS: usize = 256;

/// Where the names in a process's arguments lead.
pub(crate) struct Names<'a> {
    /// Its working folder now, and the one it was started in where that is another.
    folders: [Option<&'a Path>; 2],
    home: &'a Path,
}

/// Where a name leads: device and inode, and the path.
pub(crate) type Led = ((u64, u64), PathBuf);

impl Identity {
    /// True where it has opened a socket, or a pipe to a program that connects for it. Standard input,
    /// output and error do not count: whoever starts a program chooses them.
    pub fn is_connected(&self) -> bool {
        let Ok(entries) = fs::read_dir(proc::path(self.pid, "fd")) else { return false };
        entries.flatten().take(MAX_DESCRIPTORS).any(|entry| {
            let number = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
            number.is_some_and(|number| number > 2)
                && fs::read_link(entry.path()).is_ok_and(|to| {
                    let to = to.to_string_lossy();
                    to.starts_with("socket:") || to.starts_with("pipe:")
                })
        })
    }

    /// True where its standard input is a terminal.
    pub fn is_fed_by_terminal(&self) -> bool {
        proc::link(self.pid, "fd/0")
            .is_some_and(|to| to.starts_with("/dev/pts") || to.starts_with("/dev/tty"))
    }

    /// True where `/` means another folder to it than to the daemon.
    pub fn has_own_root(&self) -> bool {
        proc::link(self.pid, "root").as_deref() != Some(Path::new("/"))
    }

    /// The file name of what it runs: of the script or module where it is an interpreter.
    pub fn program_name(&self) -> String {
        let file = self.script.as_ref().filter(|_| self.module.is_none()).unwrap_or(&self.exe);
        let name = || file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.module.clone().unwrap_or_else(name)
    }

    /// Its arguments without the program's own name; those of a title are its words.
    pub fn arguments(&self) -> Vec<&str> {
        match self.cmdline.as_slice() {
            [title] => title.split_whitespace().skip(1).collect(),
            words => words.iter().skip(1).map(String::as_str).collect(),
        }
    }

    /// True where there are more arguments than were read.
    pub fn has_unread_arguments(&self) -> bool {
        let bytes: usize = self.cmdline.iter().map(|word| word.len() + 1).sum();
        bytes as u64 >= proc::MAX_CMDLINE
    }

    /// Where the names in its arguments lead; `~` stands for `home`.
    pub(crate) fn names<'a>(&'a self, home: &'a Path) -> Names<'a> {
        let start = self.process.cwd.as_deref().filter(|start| self.cwd.as_deref() != Some(*start));
        Names { folders: [self.cwd.as_deref(), start], home }
    }
}

impl Names<'_> {
    /// The files that a name leads to, from the folder where the process is and from the one where it
    /// was started. May take as long as the file system of a user likes.
    pub(crate) fn lead_to(&self, name: &str) -> impl Iterator<Item = Led> {
        let path = match name.strip_prefix("~/") {
            Some(below) => self.home.join(below),
            None => PathBuf::from(name),
        };
        let folders = if path.is_absolute() { &self.folders[..1] } else { &self.folders[..] };
        let led = folders.iter().flatten().filter_map(|folder| lead(&folder.join(&path)));
        led.collect::<Vec<_>>().into_iter()
    }
}

/// Names the file without opening it: that would raise an event of its own.
fn lead(path: &Path) -> Option<Led> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_PATH).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let real = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()?;
    Some(((metadata.dev(), metadata.ino()), real))
}
