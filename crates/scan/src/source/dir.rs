use super::{Contents, Limits};
use doorward_protocol::visible;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

/// One regular file below a folder, not read yet.
#[derive(Debug)]
pub(crate) struct FolderEntry {
    /// The path inside the package, with `/` between folders.
    pub(crate) path: String,
    /// Where to read it.
    pub(crate) file: PathBuf,
    meta: Metadata,
}

impl FolderEntry {
    /// What changes when the file does.
    pub(crate) fn fingerprint(&self, hasher: &mut blake3::Hasher) {
        let meta = &self.meta;
        hasher.update(self.path.as_bytes());
        for number in [
            0, // ends the path: no name holds eight zero bytes
            meta.dev(),
            meta.ino(),
            meta.size(),
            meta.mtime().cast_unsigned(),
            meta.mtime_nsec().cast_unsigned(),
            meta.ctime().cast_unsigned(),
            meta.ctime_nsec().cast_unsigned(),
            u64::from(meta.mode()),
        ] {
            hasher.update(&number.to_le_bytes());
        }
    }
}

/// Lists the regular files below `root`, in the order of their paths. `skip` is asked about every folder and
/// `wanted` about every file, by their paths inside the package. What cannot be read later is noted at once.
///
/// The walk is our own because each file is looked up from its open folder: of a warm scan, whose cost this is,
/// looking up whole paths took a third.
pub(crate) fn list_folder(
    root: &Path,
    limits: &Limits,
    contents: &mut Contents,
    skip: impl Fn(&str) -> bool,
    wanted: impl Fn(&str) -> bool,
) -> Vec<FolderEntry> {
    let mut entries = Vec::new();
    let mut folders = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, inside, depth)) = folders.pop() {
        let children = match fs::read_dir(&folder) {
            Ok(children) => children,
            Err(error) => {
                contents.not_read(&inside, format!("cannot be read: {error}"));
                continue;
            }
        };
        for child in children {
            let (child, kind) = match child.and_then(|child| Ok((child.file_type()?, child))) {
                Ok((kind, child)) => (child, kind),
                Err(error) => {
                    contents.not_read(&inside, format!("cannot be read whole: {error}"));
                    continue;
                }
            };
            let name = child.file_name();
            let name = name.to_string_lossy();
            let path = if inside.is_empty() { name.into_owned() } else { format!("{inside}/{name}") };
            if kind.is_dir() {
                if skip(&path) {
                    continue;
                }
                if depth + 1 == limits.depth {
                    contents.not_read(&path, "lies too deep for a real package");
                    continue;
                }
                folders.push((child.path(), path, depth + 1));
            } else if wanted(&path) {
                if entries.len() >= limits.entries {
                    let reason = format!("holds more than {} files; the rest was not read", limits.entries);
                    contents.not_read("", reason);
                    folders.clear();
                    break;
                }
                entries.extend(as_entry(root, path, child.path(), child.metadata(), contents));
            }
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries
}

/// One file as an entry; notes and leaves out what is not a regular file.
pub(crate) fn stat_entry(
    root: &Path,
    path: String,
    file: PathBuf,
    contents: &mut Contents,
) -> Option<FolderEntry> {
    let meta = file.symlink_metadata();
    as_entry(root, path, file, meta, contents)
}

fn as_entry(
    root: &Path,
    path: String,
    file: PathBuf,
    meta: io::Result<Metadata>,
    contents: &mut Contents,
) -> Option<FolderEntry> {
    let meta = match meta {
        Ok(meta) => meta,
        Err(error) => {
            contents.not_read(&path, format!("cannot be read: {error}"));
            return None;
        }
    };
    if meta.is_file() {
        return Some(FolderEntry { path, file, meta });
    }
    if meta.is_symlink() {
        let target = file.read_link().unwrap_or_default();
        let stays = match (file.canonicalize(), root.canonicalize()) {
            (Ok(target), Ok(root)) => target.starts_with(root),
            _ => link_stays_inside(&path, &target.to_string_lossy()),
        };
        if !stays {
            let target = target.to_string_lossy().into_owned();
            contents.not_read(&path, format!("a symbolic link out of the package, to {}", visible(&target)));
        }
    } else {
        contents.not_read(&path, "a device, pipe or socket, not a file");
    }
    None
}

/// Reads what was listed.
pub(crate) fn read_entries(entries: &[FolderEntry], limits: &Limits, contents: &mut Contents) {
    for entry in entries {
        if entry.meta.size() > limits.file {
            contents.not_read(&entry.path, limits.file_too_large());
            continue;
        }
        let executable = entry.meta.mode() & 0o111 != 0;
        let read = open_regular(&entry.file).and_then(|mut file| {
            contents.take(limits, entry.path.clone(), executable, entry.meta.size(), &mut file)
        });
        if let Err(error) = read {
            contents.not_read(&entry.path, format!("cannot be read: {error}"));
        }
    }
}

/// The content of one small file, such as a manifest or a lockfile.
pub(crate) fn read_regular(path: &Path, limits: &Limits) -> io::Result<Vec<u8>> {
    let mut contents = Contents::default();
    let mut file = open_regular(path)?;
    let size = file.metadata()?.len();
    contents.take(limits, String::new(), false, size, &mut file)?;
    match contents.files.pop() {
        Some(entry) => Ok(entry.bytes),
        None => Err(io::Error::other(limits.file_too_large())),
    }
}

/// Opens a regular file without following a link and without waiting for a pipe's other end.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

/// True where a link called `name` with this target leads to something inside the package.
pub(super) fn link_stays_inside(name: &str, target: &str) -> bool {
    let mut depth = Path::new(name).components().count().saturating_sub(1);
    for part in Path::new(target).components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::link_stays_inside;

    #[test]
    fn links_are_followed_on_paper_only() {
        assert!(link_stays_inside("a/b/link", "../c"));
        assert!(link_stays_inside("link", "folder/file"));
        assert!(!link_stays_inside("a/link", "../../etc/passwd"));
        assert!(!link_stays_inside("a/link", "/etc/passwd"));
    }
}
