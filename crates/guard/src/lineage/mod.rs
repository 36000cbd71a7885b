//! Where every process comes from, kept from the kernel's own account of births, program starts and
//! ends. What a process does to its parents, its environment, its folder or its title after that
//! changes nothing here.

mod hands;
mod remembered;
mod tree;

#[cfg(test)]
mod tests;

use crate::attribution;
use crate::identity::{Identity, IdentityError, Process, executable, identify, identify_with};
use crate::sys::{Connector, ProcessEvent, Waker, boot_time_offset, poll_readable, raise_priority};
use doorward_protocol::Attribution;
pub use hands::FOLLOWERS;
use hands::{Hands, Start, Turn};
use remembered::Remembered;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tree::{Life, Tree};

/// The processes of this machine, as far as the kernel tells of them.
#[derive(Debug)]
pub struct Lineage {
    connector: Result<Connector, io::Error>,
    tree: Mutex<Tree>,
    /// True after events were lost, until everything was looked at again.
    stale: AtomicBool,
    waker: Waker,
    leading: Mutex<()>,
    hands: Mutex<Hands>,
    remembered: Mutex<Remembered>,
}

impl Lineage {
    /// Listens to the kernel and looks at the processes that are there already. Where the kernel does
    /// not tell (see [`Lineage::refusal`]), parents are looked up in `/proc` instead.
    ///
    /// # Errors
    /// Those of eventfd(2).
    pub fn open() -> io::Result<Self> {
        let lineage = Self {
            connector: Connector::open(),
            tree: Mutex::default(),
            stale: AtomicBool::new(true),
            waker: Waker::new()?,
            leading: Mutex::default(),
            hands: Mutex::default(),
            remembered: Mutex::default(),
        };
        lineage.look_again();
        Ok(lineage)
    }

    /// A sentence for the user, where the kernel does not tell about processes.
    pub fn refusal(&self) -> Option<String> {
        let why = self.connector.as_ref().err()?;
        Some(format!(
            "The kernel does not tell about processes here ({why}): a package's process that leaves its parents, its \
             folder and its environment behind is not recognised."
        ))
    }

    /// Takes note of everything that happened so far. Cheap, and never waits.
    pub fn catch_up(&self) {
        if let Ok(connector) = &self.connector
            && !self.stale.load(Relaxed)
            && !drain(connector, &mut lock(&self.tree))
        {
            self.stale.store(true, Relaxed);
            self.waker.wake();
        }
    }

    /// A number that this process keeps for as long as it runs the same program as the same user under
    /// the same tracer; `None` where that cannot be told. Ask after [`Lineage::catch_up`].
    pub fn generation(&self, pid: u32) -> Option<u64> {
        if self.stale.load(Relaxed) { None } else { lock(&self.tree).generation(pid) }
    }

    /// Waits for process events until `stop` says so, and reads what programs were started with while
    /// that is still to be seen. Meant for [`FOLLOWERS`] threads: one waits for events; the one that finds
    /// something reads it at once, while the next takes its place. Where all of them are held up by what
    /// they read, `replace` starts one more; false: it cannot.
    pub fn follow(&self, stop: impl Fn() -> bool, replace: impl Fn() -> bool) {
        raise_priority();
        while let Some(start) = self.next_start(&stop) {
            let turn = lock(&self.hands).begin(&start);
            if turn == Turn::ReadReplaced && !replace() {
                lock(&self.hands).is_missing();
            }
            if turn == Turn::Leave {
                continue;
            }
            let pid = start.0.pid;
            let mut next = Some(start);
            while let Some((life, at_start)) = next {
                self.capture(&life, at_start);
                next = lock(&self.hands).next(pid);
            }
            if lock(&self.hands).is_spare() {
                return;
            }
        }
    }

    /// Ends [`Lineage::follow`].
    pub fn wake(&self) {
        self.waker.wake();
    }

    /// Who a process is, with its descent as it was seen; waits where the process makes it wait.
    ///
    /// # Errors
    /// As [`identify`].
    pub fn identify(&self, pid: u32) -> Result<Identity, IdentityError> {
        self.catch_up();
        let life = self.life(pid);
        let Some(life) = life else { return identify(pid) };
        let start = life.image.facts().filter(|facts| facts.at_start);
        let parents = |_: &Process| self.line_above(&life, Life::facts);
        identify_with(pid, start.as_deref(), parents)
    }

    /// What is known of a process and its descent without looking at any of them; never waits.
    pub fn recall(&self, pid: u32) -> Option<Identity> {
        let life = self.life(pid)?;
        let process = life.image.facts().map_or_else(
            || Process { pid, exe: executable(pid).unwrap_or_default(), ..Process::default() },
            |facts| Process { pid, ..facts.as_ref().clone() },
        );
        let ancestry = self.line_above(&life, |life| life.image.facts());
        Some(Identity::recalled(process, ancestry))
    }

    /// The package whose code a process runs, as [`attribution::attribute`] says or as was found
    /// earlier for the process or one of its ancestors. Never waits.
    pub fn attribute(&self, identity: &Identity) -> Option<Attribution> {
        let seen = attribution::attribute(identity);
        lock(&self.remembered).attribute(identity, seen)
    }

    fn next_start(&self, stop: &impl Fn() -> bool) -> Option<Start> {
        // A negative descriptor is never ready.
        let polled = [self.waker.fd(), self.connector.as_ref().map_or(-1, Connector::fd)];
        let _leading = lock(&self.leading);
        while !stop() {
            self.catch_up();
            while self.stale.load(Relaxed) && self.connector.is_ok() && !stop() {
                self.look_again();
            }
            loop {
                let start = lock(&self.tree).next_start();
                let Some((life, at_start)) = start else { break };
                match is_worth_reading(&life) {
                    Some(true) => return Some((life, at_start)),
                    Some(false) => life.image.is_dull(),
                    None => {}
                }
            }
            poll_readable(polled, None);
            self.waker.clear();
        }
        // The others are to see it too.
        self.waker.wake();
        None
    }

    /// Takes as long as the process wants it to: its arguments are its own memory, which it can lock.
    fn capture(&self, life: &Arc<Life>, at_start: bool) {
        let Ok(mut process) = Process::read(life.pid) else { return };
        self.catch_up();
        // Of a process that has just ended nothing wrong is read, only less.
        if process.cwd.is_some() && lock(&self.tree).is_newest(life) {
            process.at_start = at_start;
            life.image.know(process);
        }
    }

    fn life(&self, pid: u32) -> Option<Arc<Life>> {
        if self.stale.load(Relaxed) { None } else { lock(&self.tree).life(pid) }
    }

    /// The lives above one, nearest first, as far as anything is known of them.
    fn line_above(&self, life: &Arc<Life>, facts: impl Fn(&Life) -> Option<Arc<Process>>) -> Vec<Process> {
        let above = std::iter::successors(life.before.as_ref(), |life| life.before.as_ref());
        let alive = |life: &Arc<Life>| lock(&self.tree).is_current(life);
        above
            .filter(|life| life.image.facts().is_some() || alive(life))
            .filter_map(|life| {
                let mut process = facts(life)?.as_ref().clone();
                if process.pid != life.pid {
                    (process.pid, process.start_time) = (life.pid, life.start_time);
                }
                process.ppid = life.before.as_ref().map_or(1, |before| before.pid);
                if !process.at_start && alive(life) {
                    process.cwd = crate::identity::working_folder(life.pid);
                }
                Some(process)
            })
            .collect()
    }

    /// Starts over from `/proc`; until that is done, nothing is told from the tree.
    fn look_again(&self) {
        let Ok(connector) = &self.connector else { return };
        // What happened before now is in what will be seen; what happens from now on comes after it.
        while connector.next().is_some() {}
        let mut seen = crate::identity::all_processes();
        seen.sort_by_key(|process| process.start_time);
        let mut tree = lock(&self.tree);
        tree.replace(&seen);
        let whole = drain(connector, &mut tree);
        self.stale.store(!whole, Relaxed);
    }
}

/// Notes down what waits in the queue; false where something was lost before it could be.
fn drain(connector: &Connector, tree: &mut Tree) -> bool {
    let mut offset = None;
    while let Some(event) = connector.next() {
        match event {
            ProcessEvent::Fork { parent, child, time } => {
                let offset = *offset.get_or_insert_with(boot_time_offset);
                tree.fork(parent, child, ticks(time, offset));
            }
            ProcessEvent::Exec { pid } => tree.exec(pid),
            ProcessEvent::Changed { pid } => tree.changed(pid),
            ProcessEvent::Exit { pid } => tree.exit(pid),
            ProcessEvent::Lost => return false,
        }
    }
    true
}

/// True for programs that can be package managers, and for everything below one: for the others the
/// moment of a read is early enough. `None` where there is nothing left to read, or nothing to be added.
fn is_worth_reading(life: &Life) -> Option<bool> {
    if life.image.facts().is_some() {
        return None;
    }
    let exe = executable(life.pid)?;
    Some(attribution::could_manage(&exe) || life.is_below(attribution::manages))
}

/// Nanoseconds of the monotonic clock as clock ticks since boot, which is what `/proc/PID/stat` says.
fn ticks(time: u64, boot_time_offset: u64) -> u64 {
    (time + boot_time_offset) / 10_000_000
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
