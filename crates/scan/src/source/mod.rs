//! Where a package's bytes come from. Nothing is ever extracted: archives are read in memory.

mod dir;
mod kept;
mod limits;
mod tar_gz;
mod zip;

pub(crate) use dir::{FolderEntry, list_folder, read_entries, read_regular, stat_entry};
pub(crate) use kept::python_stem;
pub(crate) use limits::Limits;

use doorward_protocol::{Finding, Severity, Unscanned, visible};
use std::collections::HashSet;
use std::io::{self, Read, Seek};
use std::path::Path;

/// One file that was read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) executable: bool,
}

/// Everything that was read of one package, and everything that was not.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) files: Vec<Entry>,
    pub(crate) unscanned: Vec<Unscanned>,
    /// What the container itself gives away, such as names that climb out of the package.
    pub(crate) findings: Vec<Finding>,
    pub(crate) bytes: u64,
}

impl Contents {
    /// Notes that something was not read.
    pub(crate) fn not_read(&mut self, path: &str, reason: impl Into<String>) {
        // A hostile archive must not turn the report into a second bomb.
        const MOST: usize = 500;
        match self.unscanned.len() {
            0..MOST => self.unscanned.push(Unscanned { path: visible(path).into(), reason: reason.into() }),
            MOST => self.unscanned.push(Unscanned {
                path: String::new(),
                reason: format!(
                    "more than {MOST} parts of this package were not read; the rest is not listed"
                ),
            }),
            _ => {}
        }
    }

    /// Reads one file up to the limits and keeps it. `size` is what its container promises.
    pub(crate) fn take(
        &mut self,
        limits: &Limits,
        path: String,
        executable: bool,
        size: u64,
        reader: &mut impl Read,
    ) -> io::Result<()> {
        // Buffers that grow leave holes between the files of a package; an empty promise is given back below.
        let mut bytes = Vec::with_capacity(usize::try_from(size.min(limits.file)).unwrap_or(0));
        let read = reader.by_ref().take(limits.file + 1).read_to_end(&mut bytes);
        let length = bytes.len() as u64;
        if length > limits.file {
            self.not_read(&path, limits.file_too_large());
            return Ok(());
        }
        if self.bytes + length > limits.total {
            self.not_read(&path, limits.package_too_large());
            return Ok(());
        }
        // What a buffer grew too much is the worker's memory for as long as the package is read.
        bytes.shrink_to_fit();
        // What arrived before a fault is evidence too.
        if read.is_ok() || length > 0 {
            self.bytes += length;
            self.files.push(Entry { path, bytes, executable });
        }
        read.map(drop)
    }

    fn found(&mut self, path: &str, title: &str, severity: Severity, why: &str) {
        const MOST: usize = 50;
        if self.findings.len() < MOST {
            self.findings.push(Finding {
                rule: "ARCHIVE".into(),
                title: title.into(),
                severity,
                path: visible(path).into(),
                line: 0,
                column: 0,
                snippet: String::new(),
                why: why.into(),
            });
        }
    }
}

/// Reads a whole archive, whatever its name says it is; also one that pip keeps inside an answer of the registry.
///
/// # Errors
/// Only where the file itself cannot be opened; everything else ends up in the contents.
pub(crate) fn read_archive(path: &Path, limits: &Limits) -> io::Result<Contents> {
    let mut file = kept::Part::open(path)?;
    let mut contents = Contents::default();
    let size = file.len();
    if size > limits.archive {
        contents.not_read("", limits.archive_too_large(size));
        return Ok(contents);
    }
    let kind = ArchiveKind::of_content(&mut file)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let named = ArchiveKind::of_name(&name);
    if let (Some(named), Some(kind)) = (named, kind)
        && named != kind
    {
        contents.not_read(
            "",
            format!("named like {} but is {}; it was read as the latter", named.words(), kind.words()),
        );
    }
    match kind {
        Some(ArchiveKind::Gzip) => tar_gz::read_gzip(file, size, limits, &mut contents),
        Some(ArchiveKind::Tar) => tar_gz::read_plain(file, size, limits, &mut contents),
        Some(ArchiveKind::Zip) => zip::read(file, size, limits, &mut contents),
        None if size == 0 => contents.not_read("", "the archive is empty; fetch it again"),
        None => contents
            .not_read("", "neither a gzip, a tar nor a zip archive, whatever its name says; fetch it again"),
    }
    contents.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(contents)
}

/// True for the names of archives that a scan accepts.
pub(crate) fn is_archive_name(name: &str) -> bool {
    ArchiveKind::of_name(&name.to_lowercase()).is_some()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ArchiveKind {
    Gzip,
    Tar,
    Zip,
}

impl ArchiveKind {
    fn of_name(name: &str) -> Option<Self> {
        if [".tgz", ".tar.gz", ".crate"].iter().any(|ending| name.ends_with(ending)) {
            return Some(Self::Gzip);
        }
        [".whl", ".zip"].iter().any(|ending| name.ends_with(ending)).then_some(Self::Zip)
    }

    fn of_content(file: &mut (impl Read + Seek)) -> io::Result<Option<Self>> {
        let mut start = Vec::new();
        file.by_ref().take(512).read_to_end(&mut start)?;
        file.rewind()?;
        Ok(if start.starts_with(&[0x1f, 0x8b]) {
            Some(Self::Gzip)
        } else if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
            Some(Self::Zip)
        } else if start.get(257..262) == Some(b"ustar") {
            Some(Self::Tar)
        } else {
            None
        })
    }

    fn words(self) -> &'static str {
        match self {
            Self::Gzip => "a gzipped tar archive",
            Self::Tar => "a plain tar archive",
            Self::Zip => "a zip archive",
        }
    }
}

/// Judges the names of an archive's entries: what an extracting program might be led to do by them.
#[derive(Debug, Default)]
struct Names {
    seen: HashSet<String>,
    entries: usize,
}

/// What to do with an entry.
#[derive(Debug, PartialEq, Eq)]
enum Admission {
    /// Read it under this name.
    Read(String),
    /// Leave it; it has been reported.
    Skip,
    /// Stop reading the archive; it has been reported.
    Stop,
}

impl Names {
    fn admit(&mut self, raw: &[u8], limits: &Limits, contents: &mut Contents) -> Admission {
        self.entries += 1;
        if self.entries > limits.entries {
            contents
                .not_read("", format!("holds more than {} entries; the rest was not read", limits.entries));
            return Admission::Stop;
        }
        let text = String::from_utf8_lossy(raw).into_owned();
        if raw.len() > limits.name || text.split('/').count() > limits.depth {
            let short: String = text.chars().take(80).collect();
            contents.not_read(&short, "its name is too long or too deep for a real package");
            return Admission::Skip;
        }
        if std::str::from_utf8(raw).is_err() {
            contents.not_read(
                &text,
                "its name is not UTF-8, so installers disagree about it; read under a changed name",
            );
        }
        if raw.contains(&0) {
            contents.not_read(
                &text,
                "its name contains a NUL, so installers disagree about it; read under a changed name",
            );
        }
        let climbs = text.starts_with('/') || text.split(['/', '\\']).any(|part| part == "..");
        if climbs {
            contents
                .not_read(&text, "its name leads out of the package; it was read but must not be extracted");
            contents.found(
                &text,
                "Archive entry leads out of the package",
                Severity::High,
                "An entry with an absolute or climbing name writes outside the package's folder when a careless \
                 program extracts it; ordinary packages have none.",
            );
        } else if text.contains('\\') {
            contents.not_read(
                &text,
                "its name contains a backslash, a folder on some systems; read as it stands",
            );
        }
        let name = text.trim_start_matches("./").trim_end_matches('/').to_owned();
        if !self.seen.insert(name.clone()) {
            contents.not_read(&name, "appears more than once, so installers may disagree; each was read");
        }
        Admission::Read(name)
    }
}
