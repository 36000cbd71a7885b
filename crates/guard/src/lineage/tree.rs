use crate::identity::{Process, Seen};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// Processes remembered at most; beyond it, new ones are looked up in `/proc`.
const ROOM: usize = 65_536;
/// Processes that ended and are still remembered: a first thread may end before the others.
const ENDED: usize = 1_024;
/// How far back a descent goes; beyond it, the nearest parents are left out, never the outermost.
const DEPTH: u8 = 32;
/// Memory that all facts together may take.
const FACT_BYTES: usize = 4 * 1024 * 1024;

static BYTES_IN_USE: AtomicUsize = AtomicUsize::new(0);

/// Every process that runs, and what made it.
#[derive(Debug, Default)]
pub(super) struct Tree {
    running: HashMap<u32, Entry>,
    ended: VecDeque<(u32, u64)>,
    starts: VecDeque<(Arc<Life>, bool)>,
    last: u64,
}

#[derive(Debug)]
struct Entry {
    life: Arc<Life>,
    generation: u64,
    ended: bool,
}

/// A process from the moment it was made, or started a program, to the next program or its end.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) pid: u32,
    /// When the process started, in clock ticks since boot, give or take one.
    pub(super) start_time: u64,
    pub(super) image: Arc<Image>,
    /// The life that made this one: its parent's, or its own under an earlier program.
    pub(super) before: Option<Arc<Life>>,
    /// True until it starts a program of its own.
    forked: bool,
    depth: u8,
}

/// A program in memory; children that only forked share it.
#[derive(Debug, Default)]
pub(super) struct Image {
    facts: OnceLock<Arc<Process>>,
    /// True once it was found not to be worth reading.
    dull: AtomicBool,
}

impl Tree {
    pub(super) fn fork(&mut self, parent: u32, child: u32, start_time: u64) {
        let parent = self.running.get(&parent).map(|entry| Arc::clone(&entry.life));
        let image = parent.as_ref().map(|parent| Arc::clone(&parent.image)).unwrap_or_default();
        let before = match parent {
            Some(parent) if parent.depth >= DEPTH => parent.before.clone(),
            other => other,
        };
        let life = Life::new((child, start_time), image, before, true);
        if life.image.is_unread() {
            // The parent may end before it is read; what it was started with is in its child too.
            self.starts.push_back((Arc::clone(&life), true));
        }
        self.insert(life);
    }

    pub(super) fn exec(&mut self, pid: u32) {
        let (before, start_time) = match self.running.get(&pid) {
            Some(entry) => (entry.life.what_remains(), entry.life.start_time),
            None => (None, 0),
        };
        let life = Life::new((pid, start_time), Arc::default(), before, false);
        self.starts.push_back((Arc::clone(&life), true));
        self.insert(life);
    }

    pub(super) fn changed(&mut self, pid: u32) {
        self.last += 1;
        if let Some(entry) = self.running.get_mut(&pid) {
            entry.generation = self.last;
        }
    }

    pub(super) fn exit(&mut self, pid: u32) {
        self.changed(pid);
        let Some(entry) = self.running.get_mut(&pid) else { return };
        entry.ended = true;
        self.ended.push_back((pid, entry.generation));
        if self.ended.len() > ENDED
            && let Some((pid, generation)) = self.ended.pop_front()
            && self.running.get(&pid).is_some_and(|entry| entry.ended && entry.generation == generation)
        {
            self.running.remove(&pid);
        }
    }

    /// Starts over from what `/proc` shows, parents first. Descents that are still true are kept; what
    /// a process runs may have changed unseen.
    pub(super) fn replace(&mut self, seen: &[Seen]) {
        let mut before = std::mem::take(&mut self.running);
        self.ended.clear();
        for process in seen {
            // An event's time is taken a moment after the process's own.
            let same =
                |entry: &Entry| (0..=1).contains(&(entry.life.start_time as i64 - process.start_time as i64));
            let known = before.remove(&process.pid).filter(same);
            let above = match known {
                Some(entry) => entry.life.what_remains(),
                None => self.running.get(&process.ppid).map(|entry| Arc::clone(&entry.life)),
            };
            let key = (process.pid, process.start_time);
            let life = Life::new(key, Arc::default(), above, false);
            self.starts.push_back((Arc::clone(&life), false));
            self.insert(life);
        }
    }

    pub(super) fn generation(&self, pid: u32) -> Option<u64> {
        self.running.get(&pid).map(|entry| entry.generation)
    }

    pub(super) fn life(&self, pid: u32) -> Option<Arc<Life>> {
        self.running.get(&pid).map(|entry| Arc::clone(&entry.life))
    }

    /// True where this is the last that its process was, whether it goes on or not.
    pub(super) fn is_newest(&self, life: &Arc<Life>) -> bool {
        self.running.get(&life.pid).is_some_and(|entry| Arc::ptr_eq(&entry.life, life))
    }

    pub(super) fn is_current(&self, life: &Arc<Life>) -> bool {
        self.running.get(&life.pid).is_some_and(|entry| !entry.ended && Arc::ptr_eq(&entry.life, life))
    }

    /// The next program start that nobody looked at, and whether it was seen as it happened.
    pub(super) fn next_start(&mut self) -> Option<(Arc<Life>, bool)> {
        self.starts.pop_front()
    }

    fn insert(&mut self, life: Arc<Life>) {
        self.last += 1;
        if self.running.len() < ROOM || self.running.contains_key(&life.pid) {
            let entry = Entry { generation: self.last, ended: false, life };
            self.running.insert(entry.life.pid, entry);
        }
    }
}

impl Life {
    fn new(
        (pid, start_time): (u32, u64),
        image: Arc<Image>,
        before: Option<Arc<Life>>,
        forked: bool,
    ) -> Arc<Self> {
        let depth = before.as_ref().map_or(0, |before| before.depth + 1);
        Arc::new(Self { pid, start_time, image, before, forked, depth })
    }

    /// What a process's next program needs to know of this one: an earlier program counts where
    /// something is known of it that a child could not tell.
    fn what_remains(self: &Arc<Self>) -> Option<Arc<Self>> {
        let counts = !self.forked && self.depth < DEPTH && self.image.facts.get().is_some();
        if counts { Some(Arc::clone(self)) } else { self.before.clone() }
    }

    /// What its program is, read now unless it is known already; waits where the process makes it wait.
    pub(super) fn facts(&self) -> Option<Arc<Process>> {
        if self.image.facts.get().is_none() {
            self.image.know(Process::read(self.pid).ok()?);
        }
        self.image.facts()
    }

    /// True where one of the lives above is known and fits.
    pub(super) fn is_below(&self, fits: impl Fn(&Process) -> bool) -> bool {
        std::iter::successors(self.before.as_ref(), |life| life.before.as_ref())
            .any(|life| life.image.facts.get().is_some_and(|facts| fits(facts)))
    }
}

impl Image {
    pub(super) fn facts(&self) -> Option<Arc<Process>> {
        self.facts.get().map(Arc::clone)
    }

    /// True where nobody has looked at it yet.
    fn is_unread(&self) -> bool {
        self.facts.get().is_none() && !self.dull.load(Relaxed)
    }

    /// Remembers that it is not worth reading before it is asked for.
    pub(super) fn is_dull(&self) {
        self.dull.store(true, Relaxed);
    }

    /// Remembers what was read, unless something was read before or there is no room.
    pub(super) fn know(&self, process: Process) {
        let bytes = size(&process);
        if BYTES_IN_USE.fetch_add(bytes, Relaxed) + bytes > FACT_BYTES
            || self.facts.set(Arc::new(process)).is_err()
        {
            BYTES_IN_USE.fetch_sub(bytes, Relaxed);
        }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if let Some(facts) = self.facts.get() {
            BYTES_IN_USE.fetch_sub(size(facts), Relaxed);
        }
    }
}

fn size(process: &Process) -> usize {
    let words: usize = process.cmdline.iter().map(|word| word.len() + size_of::<String>()).sum();
    let variables: usize =
        process.environ.iter().map(|(name, value)| name.len() + value.len() + 2 * size_of::<String>()).sum();
    let script = process.script.as_ref().map_or(0, |script| script.as_os_str().len());
    size_of::<Process>() + words + variables + script
}
