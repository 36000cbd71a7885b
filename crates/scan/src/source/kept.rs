//! Archives inside the answers that pip keeps.

use super::ArchiveKind;
use super::dir::open_regular;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use tar::Archive;
use zip::ZipArchive;

/// A stretch of a file, read as if it were all of it.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    from: u64,
    length: u64,
    at: u64,
}

impl Part {
    /// The archive in a file: all of it, or the body of an answer of the registry where pip kept one.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut file = open_regular(path)?;
        let size = file.metadata()?.len();
        let mut start = Vec::new();
        file.by_ref().take(256).read_to_end(&mut start)?;
        let (from, length) = match body(&start) {
            Some((from, length)) if from + length <= size => (from, length),
            _ => (0, size),
        };
        file.seek(SeekFrom::Start(from))?;
        Ok(Self { file, from, length, at: 0 })
    }

    pub(super) fn len(&self) -> u64 {
        self.length
    }
}

/// Where the body of a kept answer starts, and its length: `cc=4,` and a MessagePack map whose binary value `body` comes first.
fn body(start: &[u8]) -> Option<(u64, u64)> {
    const KEY: &[u8] = b"\xa4body";
    let at = start.strip_prefix(b"cc=4,").and_then(|_| memchr::memmem::find(start, KEY))? + KEY.len();
    let number = |length: usize| start.get(at + 1..at + 1 + length);
    let big = |bytes: &[u8]| bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
    let width = match start.get(at)? {
        0xc4 => 1,
        0xc5 => 2,
        0xc6 => 4,
        _ => return None,
    };
    Some(((at + 1 + width) as u64, big(number(width)?)))
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length - self.at).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let read = self.file.read(&mut buffer[..most])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Part {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let at = at.ok_or(io::ErrorKind::InvalidInput)?.min(self.length);
        self.file.seek(SeekFrom::Start(self.from + at))?;
        self.at = at;
        Ok(at)
    }
}

/// What a Python archive calls itself, such as `name-1.2.3`: by its metadata folder, or by the folder that holds
/// everything. `None` where the file is no such archive.
pub(crate) fn python_stem(path: &Path) -> Option<String> {
    let mut file = Part::open(path).ok()?;
    match ArchiveKind::of_content(&mut file).ok()?? {
        ArchiveKind::Zip => {
            let archive = ZipArchive::new(io::BufReader::new(file)).ok()?;
            let stem = archive.file_names().find_map(|name| name.strip_suffix(".dist-info/METADATA"));
            stem.filter(|stem| !stem.contains('/')).map(str::to_owned)
        }
        ArchiveKind::Gzip => {
            let mut archive = Archive::new(flate2::read::GzDecoder::new(io::BufReader::new(file)));
            let first = archive.entries().ok()?.next()?.ok()?;
            let name = String::from_utf8_lossy(&first.path_bytes()).into_owned();
            name.trim_start_matches("./").split('/').next().map(str::to_owned)
        }
        ArchiveKind::Tar => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_reads_and_seeks_within_its_bounds() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("answer");
        let body = [7_u8; 300];
        let mut bytes = b"cc=4,\x82\xa8response\x87\xa4body\xc5\x01\x2c".to_vec();
        bytes.extend(body);
        bytes.extend(b"\xa7headers\x80");
        std::fs::write(&path, bytes).expect("write");
        let mut part = Part::open(&path).expect("open");
        let mut read = Vec::new();
        part.read_to_end(&mut read).expect("read");
        assert_eq!((part.len(), read.as_slice()), (300, &body[..]));
        assert_eq!(part.seek(SeekFrom::End(-10)).expect("seek"), 290);
        assert_eq!(part.read(&mut [0; 64]).expect("read"), 10);
        assert!(part.seek(SeekFrom::End(-301)).is_err());
    }
}
