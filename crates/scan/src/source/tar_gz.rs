use super::{Admission, Contents, Limits, Names};
use doorward_protocol::Severity;
use flate2::read::MultiGzDecoder;
use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, Read};
use std::rc::Rc;
use tar::{Archive, Entry, EntryType};

pub(super) fn read_gzip(file: impl Read, size: u64, limits: &Limits, contents: &mut Contents) {
    let packed = Rc::new(Cell::new(0));
    let counted = Counted { inner: file, count: Rc::clone(&packed) };
    let unpacked = MultiGzDecoder::new(BufReader::with_capacity(128 * 1024, counted));
    read_tar(unpacked, Some(packed), size, limits, contents);
}

pub(super) fn read_plain(file: impl Read, size: u64, limits: &Limits, contents: &mut Contents) {
    read_tar(BufReader::with_capacity(128 * 1024, file), None, size, limits, contents);
}

fn read_tar(
    reader: impl Read,
    packed: Option<Rc<Cell<u64>>>,
    size: u64,
    limits: &Limits,
    contents: &mut Contents,
) {
    let stopped = Rc::new(RefCell::new(None));
    let guarded = Guarded { inner: reader, packed, unpacked: 0, size, limits, stopped: Rc::clone(&stopped) };
    let mut archive = Archive::new(guarded);
    // Some installers read on after the end mark, so what is hidden there counts.
    archive.set_ignore_zeros(true);
    let outcome = read_entries(&mut archive, limits, contents);
    if let Some(reason) = stopped.borrow_mut().take() {
        contents.not_read("", reason);
    } else if let Err(error) = outcome {
        contents.not_read("", format!("the archive is damaged or ends early ({error}); fetch it again"));
    } else if contents.files.is_empty() && contents.unscanned.is_empty() {
        contents.not_read("", "the archive holds no files; fetch it again");
    }
}

fn read_entries(
    archive: &mut Archive<impl Read>,
    limits: &Limits,
    contents: &mut Contents,
) -> io::Result<()> {
    let mut names = Names::default();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        if kind.is_dir() || matches!(kind, EntryType::XGlobalHeader | EntryType::XHeader) {
            continue;
        }
        let name = match names.admit(&entry.path_bytes(), limits, contents) {
            Admission::Read(name) => name,
            Admission::Skip => continue,
            Admission::Stop => return Ok(()),
        };
        match kind {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
                let executable = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
                contents.take(limits, name, executable, entry.size(), &mut entry)?;
            }
            EntryType::Symlink | EntryType::Link => note_link(&name, &entry, contents),
            EntryType::Char | EntryType::Block | EntryType::Fifo => {
                contents.not_read(&name, "a device or pipe, which no package needs");
            }
            other => contents.not_read(&name, format!("an entry of unknown type {:#04x}", other.as_byte())),
        }
    }
    Ok(())
}

/// A link inside the package is read where it leads; one that leads out is reported.
fn note_link(name: &str, entry: &Entry<'_, impl Read>, contents: &mut Contents) {
    let target = entry.link_name_bytes().unwrap_or_default();
    let target = String::from_utf8_lossy(&target);
    let base = if entry.header().entry_type() == EntryType::Link { "" } else { name };
    if super::dir::link_stays_inside(base, &target) {
        return;
    }
    contents.not_read(name, format!("a link out of the package, to {}", doorward_protocol::visible(&target)));
    contents.found(
        name,
        "Archive holds a link out of the package",
        Severity::Medium,
        "A link that leads outside lets a later entry of the same archive write there when it is extracted.",
    );
}

/// Counts the packed bytes.
struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}

/// Ends the stream where the archive turns out to be a bomb.
struct Guarded<'a, R> {
    inner: R,
    packed: Option<Rc<Cell<u64>>>,
    unpacked: u64,
    size: u64,
    limits: &'a Limits,
    stopped: Rc<RefCell<Option<String>>>,
}

impl<R: Read> Read for Guarded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        let packed = self.packed.as_ref().map_or(self.size, |packed| packed.get());
        if let Some(reason) = self.limits.bomb(packed, self.unpacked) {
            *self.stopped.borrow_mut() = Some(reason);
            return Err(io::Error::other("stopped"));
        }
        Ok(read)
    }
}
