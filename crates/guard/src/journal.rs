//! The event journal: JSON lines in a few files of bounded size. A line with an id seen before
//! replaces the earlier one (a question and its outcome).

use doorward_protocol::{Event, MAX_FRAME};
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Events of one user kept in memory for clients.
pub const KEPT: usize = 1_000;
/// Events sent in one message, in bytes of JSON; the rest of a frame is for the state and the questions.
const SENT_BYTES: usize = MAX_FRAME / 2;
const FILES: usize = 4;

/// The journal on disk and the newest events in memory.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    file: Option<File>,
    written: u64,
    limit: u64,
    recent: BTreeMap<u32, VecDeque<Kept>>,
    highest: u64,
    unwritten: u64,
}

/// An event in memory: as text it takes a third of the room.
#[derive(Debug)]
struct Kept {
    id: u64,
    json: Box<[u8]>,
}

impl Kept {
    fn event(&self) -> Option<Event> {
        serde_json::from_slice(&self.json).ok()
    }
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "opening the journal in {folder} failed: {source}\nhint: the daemon must be able to write there; see state_dir"
)]
pub struct JournalError {
    folder: PathBuf,
    source: io::Error,
}

impl Journal {
    /// Opens the journal and reads its newest events.
    ///
    /// # Errors
    /// [`JournalError`] where the folder or the file cannot be made.
    pub fn open(state_dir: &Path, limit: u64) -> Result<Self, JournalError> {
        let folder = state_dir.join("journal");
        let failed = |source| JournalError { folder: folder.clone(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        let mut journal = Self {
            folder: folder.clone(),
            file: None,
            written: 0,
            limit: limit.max(4096),
            recent: BTreeMap::new(),
            highest: 0,
            unwritten: 0,
        };
        for number in (0..FILES).rev() {
            journal.read_back(&journal.path(number));
        }
        journal.reopen().map_err(failed)?;
        Ok(journal)
    }

    /// The highest id that was ever written.
    pub fn highest_id(&self) -> u64 {
        self.highest
    }

    /// Events that could not be written since the start.
    pub fn unwritten(&self) -> u64 {
        self.unwritten
    }

    /// Adds an event, in memory always, on disk where the disk allows; true where it does.
    pub fn add(&mut self, event: &Event) -> bool {
        let written = serde_json::to_vec(event).map_err(io::Error::from).and_then(|line| {
            self.remember(event, &line);
            self.write(line)
        });
        if let Err(error) = &written {
            self.unwritten += 1;
            if self.unwritten.is_power_of_two() {
                tracing::warn!(%error, lost = self.unwritten, "the journal could not be written");
            }
        }
        written.is_ok()
    }

    /// A user's newest events above an id, oldest first; of every user where `owner` is `None`.
    /// At most `limit`, and no more than fit into one message.
    pub fn newest(&self, owner: Option<u32>, after: u64, limit: usize) -> Vec<Event> {
        let chosen = self.recent.iter().filter(|(uid, _)| owner.is_none_or(|wanted| wanted == **uid));
        let mut events: Vec<&Kept> =
            chosen.flat_map(|(_, events)| events).filter(|event| event.id > after).collect();
        events.sort_by_key(|event| event.id);
        let mut room = SENT_BYTES;
        let fits = |event: &&&Kept| {
            room = room.saturating_sub(event.json.len());
            room > 0
        };
        let newest = events.iter().rev().take(limit.min(KEPT)).take_while(fits);
        let mut newest: Vec<Event> = newest.filter_map(|event| event.event()).collect();
        newest.reverse();
        newest
    }

    /// One event of a user.
    pub fn find(&self, owner: u32, id: u64) -> Option<Event> {
        self.recent.get(&owner)?.iter().rev().find(|event| event.id == id)?.event()
    }

    fn remember(&mut self, event: &Event, json: &[u8]) {
        self.highest = self.highest.max(event.id);
        let events = self.recent.entry(event.owner).or_default();
        let kept = Kept { id: event.id, json: json.into() };
        match events.iter_mut().rev().find(|known| known.id == event.id) {
            Some(known) => *known = kept,
            None => events.push_back(kept),
        }
        if events.len() > KEPT {
            events.pop_front();
        }
    }

    fn write(&mut self, mut line: Vec<u8>) -> io::Result<()> {
        line.push(b'\n');
        if self.written > 0 && self.written + line.len() as u64 > self.limit {
            self.rotate()?;
        }
        if self.file.is_none() {
            self.reopen()?;
        }
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::NotFound.into()) };
        if let Err(error) = file.write_all(&line) {
            // Half a line must not swallow the next one.
            let _ = file.set_len(self.written);
            return Err(error);
        }
        self.written += line.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.file = None;
        for number in (0..FILES - 1).rev() {
            match fs::rename(self.path(number), self.path(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.reopen()
    }

    fn reopen(&mut self) -> io::Result<()> {
        let mut file =
            OpenOptions::new().create(true).append(true).read(true).mode(0o600).open(self.path(0))?;
        self.written = file.metadata()?.len();
        if self.written > 0 && !ends_with_line_break(&file) {
            file.write_all(b"\n")?;
            self.written += 1;
        }
        self.file = Some(file);
        Ok(())
    }

    fn path(&self, number: usize) -> PathBuf {
        self.folder.join(format!("events.{number}.jsonl"))
    }

    fn read_back(&mut self, path: &Path) {
        let Ok(file) = File::open(path) else { return };
        for line in BufReader::new(file).split(b'\n') {
            let Ok(line) = line else { return };
            if let Ok(event) = serde_json::from_slice(&line) {
                self.remember(&event, &line);
            }
        }
    }
}

fn ends_with_line_break(file: &File) -> bool {
    use std::os::unix::fs::FileExt;
    let mut last = [0];
    let end = file.metadata().map_or(0, |metadata| metadata.len());
    end > 0 && file.read_exact_at(&mut last, end - 1).is_ok() && last == *b"\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::guard_event;
    use doorward_protocol::Action;

    #[test]
    fn ids_rise_across_restarts_and_cut_lines_are_skipped() {
        let folder = tempfile::tempdir().expect("folder");
        let mut journal = Journal::open(folder.path(), 4096).expect("open");
        for id in 1..=60 {
            journal.add(&guard_event(id, 1000, "Something happened."));
        }
        journal.add(&doorward_protocol::Event {
            action: Action::Denied,
            ..guard_event(60, 1000, "It was settled.")
        });
        let newest = folder.path().join("journal/events.0.jsonl");
        let mut bytes = fs::read(&newest).expect("read");
        bytes.extend(b"{\"schema\":1,");
        fs::write(&newest, bytes).expect("write");

        let mut again = Journal::open(folder.path(), 4096).expect("open");
        assert_eq!(again.highest_id(), 60);
        let last = again.newest(Some(1000), 0, 1);
        assert_eq!((last[0].id, last[0].action), (60, Action::Denied));
        again.add(&guard_event(61, 1001, "After the cut."));
        let third = Journal::open(folder.path(), 4096).expect("open");
        assert_eq!(third.highest_id(), 61);
        assert_eq!(third.newest(Some(1001), 0, 10).len(), 1);
        assert!(third.newest(Some(1000), 0, 1000).iter().all(|event| event.owner == 1000));
    }

    #[test]
    fn the_disk_it_takes_is_bounded() {
        let folder = tempfile::tempdir().expect("folder");
        let mut journal = Journal::open(folder.path(), 4096).expect("open");
        for id in 1..=1000 {
            journal.add(&guard_event(id, 1000, "Something happened."));
        }
        let sizes = fs::read_dir(folder.path().join("journal")).expect("list").flatten();
        let total: u64 = sizes.map(|entry| entry.metadata().expect("size").len()).sum();
        assert!(total <= 4 * 4096 && total > 4096, "{total}");
    }
}
