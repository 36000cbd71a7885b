//! What is known of one file or folder of a sealed tree.

use doorward_protocol::{SealedEntry, visible};
use rustix::fs::{FileType, Stat};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// A path as the bytes it is. In JSON, what is not text and `%` itself become `%XX`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct RawPath(pub(crate) PathBuf);

impl RawPath {
    pub(crate) fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(OsString::from_vec(bytes).into())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_os_str().as_bytes()
    }

    /// As people see it.
    pub(crate) fn shown(&self) -> String {
        visible(&self.0.to_string_lossy()).into_owned()
    }
}

impl Serialize for RawPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::new();
        for chunk in self.bytes().utf8_chunks() {
            text.push_str(&chunk.valid().replace('%', "%25"));
            chunk.invalid().iter().for_each(|byte| text.push_str(&format!("%{byte:02X}")));
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for RawPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut parts = text.split('%');
        let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            let byte = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            bytes.push(byte.ok_or_else(|| de::Error::custom("a path with a broken escape"))?);
            bytes.extend_from_slice(&part.as_bytes()[2..]);
        }
        Ok(Self::from_bytes(bytes))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    File,
    Folder,
    Link,
    /// Another name of a file that came earlier.
    Again,
}

/// Seconds and nanoseconds since 1970.
pub(crate) type Moment = (i64, i64);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Inside the tree; empty for its root.
    pub(crate) path: RawPath,
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) modified: Moment,
    pub(crate) accessed: Moment,
    pub(crate) size: u64,
    pub(crate) dev: u64,
    pub(crate) ino: u64,
    /// Where a file's bytes begin in the sealed content.
    pub(crate) offset: u64,
    /// Of a file's bytes.
    pub(crate) sha256: String,
    /// Where a link points, or which earlier entry this is another name of.
    pub(crate) target: Option<RawPath>,
    /// Extended attributes, values in hexadecimal.
    pub(crate) attributes: Vec<(String, String)>,
}

impl Entry {
    /// `None` for devices, sockets and pipes.
    pub(crate) fn from_stat(path: RawPath, stat: &Stat) -> Option<Self> {
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            _ => return None,
        };
        Some(Self {
            path,
            kind,
            mode: stat.st_mode & 0o7777,
            uid: stat.st_uid,
            gid: stat.st_gid,
            modified: modified(stat),
            accessed: (stat.st_atime, stat.st_atime_nsec as i64),
            size: if kind == Kind::File { stat.st_size as u64 } else { 0 },
            dev: stat.st_dev,
            ino: stat.st_ino,
            offset: 0,
            sha256: String::new(),
            target: None,
            attributes: Vec::new(),
        })
    }

    /// Whether the thing on disk is still the one that was recorded. A folder's time is left out: it
    /// changes as its content goes.
    pub(crate) fn is_still(&self, stat: &Stat) -> bool {
        let same = self.dev == stat.st_dev && self.ino == stat.st_ino;
        match self.kind {
            Kind::File | Kind::Again => {
                same && self.modified == modified(stat)
                    && FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
                    && self.size == stat.st_size as u64
            }
            Kind::Folder | Kind::Link => same,
        }
    }

    /// Whether a restored entry is what was sealed; owners count only where they can be set.
    pub(crate) fn same_content(&self, other: &Self, owners: bool) -> bool {
        self.path == other.path
            && self.kind == other.kind
            && self.mode == other.mode
            && self.modified == other.modified
            && self.size == other.size
            && self.sha256 == other.sha256
            && self.target == other.target
            && self.attributes == other.attributes
            && (!owners || (self.uid, self.gid) == (other.uid, other.gid))
    }

    pub(crate) fn name(&self) -> &OsStr {
        self.path.0.file_name().unwrap_or_default()
    }

    pub(crate) fn parent(&self) -> &Path {
        self.path.0.parent().unwrap_or(Path::new(""))
    }

    /// As the review shows it.
    pub(crate) fn shown(&self, root: &Path) -> SealedEntry {
        let path = if self.path.bytes().is_empty() {
            RawPath(root.file_name().unwrap_or_default().into()).shown()
        } else {
            self.path.shown()
        };
        SealedEntry {
            path,
            kind: match self.kind {
                Kind::File | Kind::Again => "file",
                Kind::Folder => "folder",
                Kind::Link => "link",
            }
            .into(),
            bytes: self.size,
            mode: self.mode,
            target: (self.kind == Kind::Link)
                .then(|| self.target.as_ref().map(RawPath::shown).unwrap_or_default()),
        }
    }
}

fn modified(stat: &Stat) -> Moment {
    (stat.st_mtime, stat.st_mtime_nsec as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive_json() {
        for bytes in [&b"plain/name"[..], b"100%", b"%41", b"caf\xe9/\xff%", "名前".as_bytes(), b""] {
            let path = RawPath::from_bytes(bytes.to_vec());
            let json = serde_json::to_string(&path).expect("json");
            assert_eq!(serde_json::from_str::<RawPath>(&json).expect("a path"), path, "{json}");
        }
        assert!(serde_json::from_str::<RawPath>("\"%4\"").is_err());
        assert!(serde_json::from_str::<RawPath>("\"%名\"").is_err());
    }
}
