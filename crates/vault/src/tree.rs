//! Walks, checks and removes trees from directory descriptors, so that nobody can swap a folder for
//! a link underneath.

use crate::VaultError;
use crate::cipher::to_hex;
use crate::entry::{Entry, Kind, RawPath};
use crate::error::Context;
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{
    AtFlags, CWD, Dir, Mode, OFlags, ResolveFlags, Stat, fgetxattr, flistxattr, fstat, openat, openat2,
    readlinkat, statat, unlinkat,
};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Deeper trees are refused; package managers stay far below.
const DEEPEST: usize = 200;

/// A name in an open folder.
pub(crate) struct Place {
    pub(crate) parent: OwnedFd,
    pub(crate) name: OsString,
    pub(crate) path: PathBuf,
}

impl Place {
    /// The folder is opened by its real path, with no link in it followed from then on.
    pub(crate) fn of(doing: &'static str, path: &Path) -> Result<Self, VaultError> {
        let name = path.file_name().ok_or_else(|| {
            VaultError::refused(doing, path, "it names no file or folder", "Name the package's own folder.")
        })?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new(".")).canonicalize().context(doing, path)?;
        let folder = openat2(
            CWD,
            &parent,
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
            ResolveFlags::NO_SYMLINKS,
        )
        .context(doing, &parent)?;
        Ok(Self { parent: folder, name: name.to_owned(), path: parent.join(name) })
    }

    /// A hidden name beside it that is the item's own.
    pub(crate) fn sibling(&self, id: &str) -> OsString {
        OsString::from(format!(".doorward-{id}"))
    }

    pub(crate) fn stat(&self, name: &OsStr) -> Result<Option<Stat>, Errno> {
        match statat(&self.parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Opens for reading without following a link and, where allowed, without touching its time.
pub(crate) fn open_at(parent: impl AsFd, name: impl AsRef<OsStr>, kind: Kind) -> Result<OwnedFd, Errno> {
    let mut flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    if kind == Kind::Folder {
        flags |= OFlags::DIRECTORY;
    }
    match openat(&parent, name.as_ref(), flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => openat(&parent, name.as_ref(), flags, Mode::empty()),
        outcome => outcome,
    }
}

/// Visits a tree, folders before what is in them and names in order. A file comes open.
pub(crate) struct Walk<'a> {
    pub(crate) doing: &'static str,
    /// For messages.
    pub(crate) root: &'a Path,
    pub(crate) visit: &'a mut dyn FnMut(Entry, Option<File>) -> Result<(), VaultError>,
    pub(crate) seen: HashMap<(u64, u64), RawPath>,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        doing: &'static str,
        root: &'a Path,
        visit: &'a mut dyn FnMut(Entry, Option<File>) -> Result<(), VaultError>,
    ) -> Self {
        Self { doing, root, visit, seen: HashMap::new() }
    }

    pub(crate) fn run(&mut self, parent: impl AsFd, name: &OsStr) -> Result<(), VaultError> {
        self.step(parent.as_fd(), name, RawPath::default(), None, 0)
    }

    fn step(
        &mut self,
        parent: BorrowedFd<'_>,
        name: &OsStr,
        path: RawPath,
        dev: Option<u64>,
        depth: usize,
    ) -> Result<(), VaultError> {
        let doing = self.doing;
        let full = within(self.root, &path.0);
        let refuse = |why: &str, hint: &str| Err(VaultError::refused(doing, &full, why, hint));
        if depth > DEEPEST {
            return refuse("its folders are nested too deeply", "Name a folder further down.");
        }
        let stat = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).context(doing, &full)?;
        let Some(mut entry) = Entry::from_stat(path, &stat) else {
            return refuse("it is a device, socket or pipe", "Remove it first; packages hold no such thing.");
        };
        if dev.is_some_and(|dev| dev != entry.dev) {
            return refuse("another file system is mounted there", "Unmount it first.");
        }
        if entry.kind == Kind::Link {
            let target = readlinkat(parent, name, Vec::new()).context(doing, &full)?;
            entry.target = Some(RawPath::from_bytes(target.into_bytes()));
            return (self.visit)(entry, None);
        }
        let fd = open_at(parent, name, entry.kind).context(doing, &full)?;
        let opened = fstat(&fd).context(doing, &full)?;
        if !entry.is_still(&opened) {
            return refuse("it changed meanwhile", CHANGED);
        }
        entry.attributes = attributes(&fd).context(doing, &full)?;
        if entry.kind == Kind::File {
            if stat.st_nlink > 1 {
                if let Some(first) = self.seen.get(&(entry.dev, entry.ino)) {
                    entry.target = Some(first.clone());
                    entry.kind = Kind::Again;
                    return (self.visit)(entry, None);
                }
                self.seen.insert((entry.dev, entry.ino), entry.path.clone());
            }
            return (self.visit)(entry, Some(File::from(fd)));
        }
        let (path, dev) = (entry.path.clone(), entry.dev);
        (self.visit)(entry, None)?;
        for name in names(&fd).context(doing, &full)? {
            let below = RawPath(path.0.join(&name));
            self.step(fd.as_fd(), &name, below, Some(dev), depth + 1)?;
        }
        Ok(())
    }
}

pub(crate) const CHANGED: &str =
    "Wait until nothing writes there (an install may be running), and try again.";

/// A path inside a tree; the tree's own where that is empty.
pub(crate) fn within(root: &Path, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() { root.to_path_buf() } else { root.join(path) }
}

/// The names in a folder, in order.
pub(crate) fn names(folder: impl AsFd) -> Result<Vec<OsString>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = OsString::from_vec(entry?.file_name().to_bytes().to_vec());
        if name != "." && name != ".." {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Those extended attributes that can be given back: the user's own, access lists, capabilities.
fn attributes(fd: impl AsFd) -> Result<Vec<(String, String)>, Errno> {
    let mut list = vec![0u8; 64 * 1024];
    let length = match flistxattr(&fd, &mut list[..]) {
        Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
        length => length?,
    };
    let mut attributes = Vec::new();
    for name in list[..length].split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok()) {
        let kept = name.starts_with("user.")
            || name.starts_with("system.posix_acl_")
            || name == "security.capability";
        if kept {
            let mut value = vec![0u8; 64 * 1024];
            let length = fgetxattr(&fd, name, &mut value[..])?;
            attributes.push((name.to_owned(), to_hex(&value[..length])));
        }
    }
    attributes.sort();
    Ok(attributes)
}

/// Copies a file of a known size and returns its SHA-256; a file that grew or shrank is an error.
pub(crate) fn copy_exactly(mut from: impl Read, mut to: impl Write, size: u64) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut copied = 0u64;
    loop {
        let read = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            break;
        }
        copied += read as u64;
        if copied > size {
            break;
        }
        hash.update(&buffer[..read]);
        to.write_all(&buffer[..read])?;
    }
    if copied != size {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "its size changed while it was read"));
    }
    Ok(to_hex(&hash.finalize()))
}

/// The recorded entries of a tree, to compare what is on disk with.
pub(crate) struct Record<'a> {
    doing: &'static str,
    root: &'a Path,
    entries: HashMap<&'a Path, &'a Entry>,
}

impl<'a> Record<'a> {
    pub(crate) fn new(doing: &'static str, root: &'a Path, entries: &'a [Entry]) -> Self {
        let entries = entries.iter().map(|entry| (entry.path.0.as_path(), entry)).collect();
        Self { doing, root, entries }
    }

    /// That everything there is recorded and unchanged; returns how much is there.
    pub(crate) fn check(&self, parent: impl AsFd, name: &OsStr) -> Result<usize, VaultError> {
        self.check_step(parent.as_fd(), name, PathBuf::new())
    }

    fn check_step(&self, parent: BorrowedFd<'_>, name: &OsStr, path: PathBuf) -> Result<usize, VaultError> {
        let full = within(self.root, &path);
        let stat = statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).context(self.doing, &full)?;
        let entry = self.entries.get(path.as_path()).filter(|entry| entry.is_still(&stat));
        let Some(entry) = entry else {
            return Err(VaultError::refused(
                self.doing,
                full,
                "it changed while it was being copied",
                CHANGED,
            ));
        };
        let mut count = 1;
        if entry.kind == Kind::Folder {
            let fd = open_at(parent, name, Kind::Folder).context(self.doing, &full)?;
            for name in names(&fd).context(self.doing, &full)? {
                count += self.check_step(fd.as_fd(), &name, path.join(&name))?;
            }
        }
        Ok(count)
    }

    /// Removes what is recorded and unchanged; returns how much of something else was left. `after` is told
    /// of each removal.
    pub(crate) fn remove(
        &self,
        parent: impl AsFd,
        name: &OsStr,
        after: &mut dyn FnMut(),
    ) -> Result<usize, VaultError> {
        self.remove_step(parent.as_fd(), name, PathBuf::new(), after)
    }

    fn remove_step(
        &self,
        parent: BorrowedFd<'_>,
        name: &OsStr,
        path: PathBuf,
        after: &mut dyn FnMut(),
    ) -> Result<usize, VaultError> {
        let full = within(self.root, &path);
        let stat = match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(0),
            stat => stat.context(self.doing, &full)?,
        };
        let entry = self.entries.get(path.as_path()).filter(|entry| entry.is_still(&stat));
        let Some(entry) = entry else { return Ok(1) };
        let mut left = 0;
        let mut flags = AtFlags::empty();
        if entry.kind == Kind::Folder {
            flags = AtFlags::REMOVEDIR;
            let fd = open_at(parent, name, Kind::Folder).context(self.doing, &full)?;
            if entry.mode & 0o300 != 0o300 {
                rustix::fs::fchmod(&fd, Mode::from_raw_mode(entry.mode | 0o700))
                    .context(self.doing, &full)?;
            }
            for name in names(&fd).context(self.doing, &full)? {
                left += self.remove_step(fd.as_fd(), &name, path.join(&name), after)?;
            }
        }
        if left == 0 {
            unlinkat(parent, name, flags).context(self.doing, &full)?;
            after();
        }
        Ok(left)
    }
}

/// Removes a tree of our own making, whatever is in it.
pub(crate) fn remove_all(parent: BorrowedFd<'_>, name: &OsStr) -> Result<(), Errno> {
    let stat = match statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => return Ok(()),
        stat => stat?,
    };
    if rustix::fs::FileType::from_raw_mode(stat.st_mode) != rustix::fs::FileType::Directory {
        return unlinkat(parent, name, AtFlags::empty());
    }
    let fd = open_at(parent, name, Kind::Folder)?;
    if stat.st_mode & 0o300 != 0o300 {
        rustix::fs::fchmod(&fd, Mode::from_raw_mode(0o700))?;
    }
    for name in names(&fd)? {
        remove_all(fd.as_fd(), &name)?;
    }
    unlinkat(parent, name, AtFlags::REMOVEDIR)
}

/// Opens a folder inside a tree of our own making by its path in it.
pub(crate) fn folder_in(root: impl AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    let path = if path.as_os_str().is_empty() { OsStr::from_bytes(b".") } else { path.as_os_str() };
    openat2(
        root,
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS,
    )
}
