use super::Guard;
use super::findings;
use super::looked::Looked;
use super::retell::Retold;
use crate::identity::Identity;
use crate::journal::Journal;
use crate::sweep::Sweep;
use doorward_protocol::{
    Action, Asked, Event, EventKind, Importance, Reader, Secret, ServerMessage, Timestamp,
};
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// Events that may wait for the disk.
const ROOM: usize = 8_192;
/// Executables larger than this are named without a hash.
const HASHED_BYTES: u64 = 512 * 1024 * 1024;

/// One event on its way to the journal and the clients.
#[derive(Debug)]
pub struct Record {
    /// The event.
    pub event: Event,
    /// The question, where the read is held.
    pub question: Option<Asked>,
    /// True where the event is the outcome of an earlier question.
    pub settled: bool,
    /// True where the reader's executable is a file of the system's: a package may have brought it.
    pub installed: bool,
    /// What was found out about the reader.
    pub(super) looked: Option<Looked>,
    /// What the read means for the sweep it belongs to.
    pub(super) sweep: Option<Sweep>,
}

impl Record {
    /// An event about a reader that was looked at, and the question where the read is held.
    pub(super) fn found(event: Event, question: Option<Asked>, looked: Looked, sweep: Option<Sweep>) -> Self {
        let installed = looked.identity.as_ref().is_some_and(Identity::is_the_systems);
        Self { event, question, settled: false, installed, looked: Some(looked), sweep }
    }

    /// The outcome of a question.
    pub fn settled(event: Event) -> Self {
        Self { event, question: None, settled: true, installed: false, looked: None, sweep: None }
    }

    /// An event with nothing left to find out.
    pub fn plain(event: Event) -> Self {
        Self { event, question: None, settled: false, installed: false, looked: None, sweep: None }
    }
}

/// The event thread's end: takes events and never waits.
#[derive(Debug)]
pub struct Recorder {
    /// Boxed: the channel keeps room for as many as may wait from the start.
    sender: SyncSender<Option<Box<Record>>>,
    lost: Arc<AtomicU64>,
}

impl Recorder {
    /// The two ends.
    pub fn new() -> (Self, Receiver<Option<Box<Record>>>) {
        let (sender, receiver) = sync_channel(ROOM);
        (Self { sender, lost: Arc::default() }, receiver)
    }

    /// Takes an event; where there is no room it is counted instead.
    pub fn send(&self, record: Record) {
        if self.sender.try_send(Some(Box::new(record))).is_err() {
            self.lost.fetch_add(1, Relaxed);
        }
    }

    /// Ends the recorder's thread once everything before is written.
    pub fn finish(&self) {
        let _ = self.sender.send(None);
    }

    /// Events that found no room.
    pub fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }
}

/// The recorder's thread: completes events with hashes, writes them down, tells the clients.
/// Ends after [`Recorder::finish`].
pub fn write_down(records: &Receiver<Option<Box<Record>>>, journal: &Mutex<Journal>, guard: &Guard) {
    let (mut failing, mut lost) = (false, 0);
    let mut retold = Retold::default();
    while let Ok(Some(mut record)) = records.recv() {
        let looked = record.looked.take();
        if let Some(looked) = &looked
            && let (Some(identity), Some(file)) = (&looked.identity, &looked.executable)
            && let Some(sha256) = hash(guard, identity, file)
        {
            record.event.reader.sha256 = sha256;
        }
        if record.installed {
            record.event.reader.system_package = guard.owners.owner_of(&record.event.reader.exe);
        }
        if record.settled {
            findings::take_over(&mut record.event, &journal.lock().unwrap_or_else(PoisonError::into_inner));
        } else {
            findings::complete(&mut record.event, looked.as_ref(), guard);
        }
        let news = retold.news(record.sweep.take(), &mut record.event, journal);
        let owner = record.event.owner;
        let notice = {
            let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
            let written = journal.add(&record.event);
            let news = written == failing;
            failing = !written;
            news.then(|| journal_notice(guard, &mut journal, owner, failing))
        };
        let missing = guard.recorder.lost() - lost;
        if missing > 0 {
            lost += missing;
            let why =
                format!("{missing} events came faster than they could be written down and are missing.");
            let mut event = guard_event(guard.next_event_id(), owner, &why);
            event.importance = Importance::Attention;
            journal.lock().unwrap_or_else(PoisonError::into_inner).add(&event);
            guard.audience.tell(owner, &ServerMessage::Event(Box::new(event)));
        }
        if let Some(notice) = notice {
            guard.audience.tell(owner, &ServerMessage::Event(Box::new(notice)));
        }
        let message = match record.question {
            Some(mut question) => {
                question.event = record.event;
                ServerMessage::Asked(Box::new(question))
            }
            None if record.settled => ServerMessage::Settled(Box::new(record.event)),
            None => ServerMessage::Event(Box::new(record.event)),
        };
        guard.audience.tell(owner, &message);
        for event in news {
            journal.lock().unwrap_or_else(PoisonError::into_inner).add(&event);
            guard.audience.tell(owner, &ServerMessage::Settled(Box::new(event)));
        }
    }
}

fn journal_notice(guard: &Guard, journal: &mut Journal, owner: u32, failing: bool) -> Event {
    let why = if failing {
        "The journal on disk cannot be written; events are kept in memory until there is room again."
            .to_owned()
    } else {
        format!("The journal on disk is written again; {} events are missing from it.", journal.unwritten())
    };
    let mut event = guard_event(guard.next_event_id(), owner, &why);
    event.importance = Importance::Attention;
    journal.add(&event);
    event
}

/// A sentence about the guard itself.
pub fn guard_event(id: u64, owner: u32, why: &str) -> Event {
    Event {
        schema: 1,
        id,
        time: Timestamp::now(),
        kind: EventKind::Guard,
        action: Action::Allowed,
        importance: Importance::Quiet,
        owner,
        secret: Secret { path: PathBuf::new(), class: "guard".into(), title: "the guard".into(), tier: 3 },
        reader: unknown_reader(std::process::id()),
        package: None,
        candidates: None,
        sweep: Vec::new(),
        why: why.to_owned(),
    }
}

/// A reader of whom nothing is known but the number.
pub(super) fn unknown_reader(pid: u32) -> Reader {
    Reader {
        pid,
        exe: PathBuf::new(),
        inode: String::new(),
        sha256: String::new(),
        cmdline: Vec::new(),
        uid: u32::MAX,
        script: None,
        cwd: None,
        injected: Vec::new(),
        foreign_namespace: false,
        app: None,
        system_package: None,
        ancestry: Vec::new(),
    }
}

fn hash(guard: &Guard, identity: &Identity, file: &File) -> Option<String> {
    // An end has little time: better an event without a hash than none.
    if guard.stopping.load(Relaxed) {
        return guard.hashes.get(identity);
    }
    if identity.exe_size > HASHED_BYTES || crate::sys::is_remote_controlled(file) {
        return None;
    }
    let readable = File::open(super::fd_path(file)).ok()?;
    guard.hashes.compute_from(identity, readable).ok()
}
