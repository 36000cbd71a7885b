use super::{Admission, Contents, Limits, Names};
use std::io::{BufReader, Read, Seek, SeekFrom};
use zip::ZipArchive;
use zip::result::ZipError;

pub(super) fn read(mut file: impl Read + Seek, size: u64, limits: &Limits, contents: &mut Contents) {
    let promised = promised_entries(&mut file, size);
    let mut archive = match ZipArchive::new(BufReader::new(file)) {
        Ok(archive) => archive,
        Err(error) => {
            contents
                .not_read("", format!("the zip archive is damaged or ends early ({error}); fetch it again"));
            return;
        }
    };
    if let Some(promised) = promised.filter(|promised| usize::from(*promised) > archive.len()) {
        let hidden = usize::from(promised) - archive.len();
        contents
            .not_read("", format!("{hidden} entries share a name with another one; only the last was read"));
    }
    let mut names = Names::default();
    let mut unpacked = 0;
    for index in 0..archive.len() {
        let listed = archive.name_for_index(index).unwrap_or_default().to_owned();
        let mut entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(error) => {
                let reason = match error {
                    ZipError::UnsupportedArchive(what) => format!("cannot be unpacked: {what}"),
                    other => format!("is damaged ({other})"),
                };
                contents.not_read(&listed, reason);
                continue;
            }
        };
        let raw = entry.name_raw().to_vec();
        if raw.ends_with(b"/") && entry.size() == 0 {
            continue;
        }
        let name = match names.admit(&raw, limits, contents) {
            Admission::Read(name) => name,
            Admission::Skip => continue,
            Admission::Stop => return,
        };
        let mode = entry.unix_mode().unwrap_or(0);
        if entry.is_symlink() {
            contents.not_read(&name, "a symbolic link, which no wheel or zip package needs");
            continue;
        }
        if !matches!(mode & 0o170_000, 0 | 0o100_000) {
            contents.not_read(&name, "a device, pipe or folder posing as a file");
            continue;
        }
        let before = contents.bytes;
        if let Err(error) = contents.take(limits, name.clone(), mode & 0o111 != 0, entry.size(), &mut entry) {
            contents.not_read(&name, format!("is damaged ({error})"));
        }
        // What was refused for its size has been unpacked up to the limit.
        unpacked += (contents.bytes - before).max(entry.size().min(limits.file));
        if let Some(reason) = limits.bomb(size, unpacked) {
            contents.not_read("", reason);
            return;
        }
    }
    if contents.files.is_empty() && contents.unscanned.is_empty() {
        contents.not_read("", "the archive holds no files; fetch it again");
    }
}

/// How many entries the end record promises; the library keeps one entry a name.
fn promised_entries(file: &mut (impl Read + Seek), size: u64) -> Option<u16> {
    const RECORD: u64 = 22;
    let from = size.saturating_sub(RECORD + u64::from(u16::MAX));
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut tail = Vec::new();
    file.by_ref().take(RECORD + u64::from(u16::MAX)).read_to_end(&mut tail).ok()?;
    file.rewind().ok()?;
    let at = tail.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let count = tail.get(at + 10..at + 12)?;
    Some(u16::from_le_bytes([count[0], count[1]])).filter(|count| *count != u16::MAX)
}
