//! The exec gate: a package's script does not start while its package is known to be malicious, and
//! waits for a verdict where somebody is there to give one. Everything else starts at once.

use crate::sys::{
    Answer, EventBuffer, FanotifyError, Group, MarkKind, PermissionEvent, Waker, poll_readable,
};
use crate::watch::{Guard, ObjectKey, Record, guard_event};
use doorward_protocol::{
    Action, Event, EventKind, GateQuestion, Importance, Secret, ServerMessage, Timestamp, Verdict, visible,
};
use std::collections::{BTreeMap, HashMap};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a start is held for a verdict.
const PATIENCE: Duration = Duration::from_secs(10);
/// Starts held at once.
const HELD: usize = 256;
/// Verdicts remembered.
const VERDICTS: usize = 16_384;

/// The gate.
#[derive(Debug)]
pub struct Gate {
    group: Group,
    waker: Waker,
    stopping: AtomicBool,
    verdicts: Mutex<HashMap<PathBuf, Known>>,
    held: Mutex<Starts>,
}

#[derive(Debug, Clone)]
struct Known {
    folder: ObjectKey,
    verdict: Verdict,
    why: String,
}

#[derive(Debug, Default)]
struct Starts {
    next: u64,
    waiting: BTreeMap<u64, Start>,
}

#[derive(Debug)]
struct Start {
    request: PermissionEvent,
    folder: PathBuf,
    /// How many folders the starting process is below that one.
    below: usize,
    deadline: Instant,
}

/// The worker's end: starts that need a closer look.
#[derive(Debug)]
pub struct Candidates(Receiver<u64>, SyncSender<u64>);

impl Candidates {
    /// Room for as many as can be held.
    pub fn new() -> Self {
        let (sender, receiver) = sync_channel(HELD);
        Self(receiver, sender)
    }

    /// The event thread's end.
    pub fn sender(&self) -> SyncSender<u64> {
        self.1.clone()
    }
}

impl Default for Candidates {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// Marks the interpreters; those that are missing are left out.
    ///
    /// # Errors
    /// [`FanotifyError::Init`].
    pub fn open(interpreters: &[PathBuf]) -> Result<Self, FanotifyError> {
        let group = Group::open()?;
        for path in interpreters {
            if let Err(error) = group.mark(MarkKind::Exec, path) {
                tracing::warn!(%error, "the gate cannot watch a program");
            }
        }
        let waker = Waker::new().map_err(FanotifyError::Init)?;
        Ok(Self {
            group,
            waker,
            stopping: AtomicBool::new(false),
            verdicts: Mutex::default(),
            held: Mutex::default(),
        })
    }

    /// The gate's thread; never waits, and touches no file of a user.
    ///
    /// # Errors
    /// [`FanotifyError::Read`].
    pub fn watch(&self, candidates: &SyncSender<u64>) -> Result<(), FanotifyError> {
        let mut buffer = EventBuffer::default();
        let polled = [self.group.fd(), self.waker.fd()];
        let mut stopping = false;
        loop {
            let next = self.held().waiting.values().map(|start| start.deadline).min();
            let wait =
                next.map(|end| end.saturating_duration_since(Instant::now()) + Duration::from_millis(1));
            // The last round is one that finds nothing, and nothing comes to begin it once the marks are gone.
            poll_readable(polled, if stopping { Some(Duration::ZERO) } else { wait });
            self.waker.clear();
            let now = Instant::now();
            stopping = self.stopping.load(Relaxed);
            if stopping {
                self.group.unmark_all()?;
            }
            let requests = self.group.read(&mut buffer)?;
            let idle = requests.is_empty();
            for request in requests {
                self.admit(request, candidates);
            }
            let over: Vec<Start> = {
                let mut held = self.held();
                let ids: Vec<u64> = held
                    .waiting
                    .iter()
                    .filter(|(_, start)| stopping || start.deadline <= now)
                    .map(|(id, _)| *id)
                    .collect();
                ids.into_iter().filter_map(|id| held.waiting.remove(&id)).collect()
            };
            over.iter().for_each(|start| self.answer(&start.request, Answer::Allow));
            if stopping && idle {
                return Ok(());
            }
        }
    }

    /// The worker: looks at the folders of candidates, where a hostile file system may make it wait.
    pub fn look_closer(&self, guard: &Guard, candidates: &Candidates) {
        while let Ok(id) = candidates.0.recv() {
            let looked_at = self
                .held()
                .waiting
                .get(&id)
                .map(|start| (start.folder.clone(), start.request.pid, start.below));
            let Some((folder, pid, below)) = looked_at else { continue };
            let object = folder.metadata().ok().map(|metadata| ObjectKey::of(&metadata));
            if object != folder_of(pid, below) {
                self.let_start(id);
                continue;
            }
            let known = self.verdicts().get(&folder).filter(|known| Some(known.folder) == object).cloned();
            match known {
                Some(known) => self.settle(guard, id, &known),
                None => self.ask(guard, id, pid, folder),
            }
        }
    }

    /// Takes a verdict, and answers what waits for it.
    pub fn learn(&self, guard: &Guard, folder: &Path, object: ObjectKey, verdict: Verdict, why: &str) {
        let known = Known { folder: object, verdict, why: why.chars().take(500).collect() };
        let mut verdicts = self.verdicts();
        if verdicts.len() >= VERDICTS {
            verdicts.retain(|_, known| known.verdict == Verdict::Malicious);
        }
        if verdicts.len() < VERDICTS {
            verdicts.insert(folder.to_path_buf(), known.clone());
        }
        drop(verdicts);
        let waiting: Vec<u64> = {
            let held = self.held();
            held.waiting.iter().filter(|(_, start)| start.folder == folder).map(|(id, _)| *id).collect()
        };
        waiting.into_iter().for_each(|id| self.settle(guard, id, &known));
    }

    /// Lets everything go and ends the thread.
    pub fn stop(&self) {
        self.stopping.store(true, Relaxed);
        self.waker.wake();
    }

    fn admit(&self, request: PermissionEvent, candidates: &SyncSender<u64>) {
        let cwd = std::fs::read_link(format!("/proc/{}/cwd", request.pid)).unwrap_or_default();
        let folder = if request.pid == std::process::id() { None } else { self.package_folder(&cwd) };
        let Some(folder) = folder else { return self.answer(&request, Answer::Allow) };
        let mut held = self.held();
        if held.waiting.len() >= HELD {
            drop(held);
            return self.answer(&request, Answer::Allow);
        }
        held.next += 1;
        let id = held.next;
        let below = cwd.components().count().saturating_sub(folder.components().count());
        held.waiting.insert(id, Start { request, folder, below, deadline: Instant::now() + PATIENCE });
        drop(held);
        if candidates.try_send(id).is_err() {
            self.let_start(id);
        }
    }

    fn let_start(&self, id: u64) {
        if let Some(start) = self.held().waiting.remove(&id) {
            self.answer(&start.request, Answer::Allow);
        }
    }

    /// The package whose folder this is or lies in, told from the path alone.
    fn package_folder(&self, cwd: &Path) -> Option<PathBuf> {
        let verdicts = self.verdicts();
        let known = cwd.ancestors().find(|folder| verdicts.contains_key(*folder));
        known.map(Path::to_path_buf).or_else(|| node_package(cwd))
    }

    fn ask(&self, guard: &Guard, id: u64, pid: u32, folder: PathBuf) {
        let owner = std::fs::metadata(format!("/proc/{pid}")).map_or(u32::MAX, |metadata| metadata.uid());
        if !guard.audience.gate_served(owner) {
            return self.let_start(id);
        }
        let deadline = Timestamp::now().plus(PATIENCE);
        guard.audience.tell_gate(owner, &ServerMessage::Gate(GateQuestion { id, path: folder, deadline }));
    }

    fn settle(&self, guard: &Guard, id: u64, known: &Known) {
        let Some(start) = self.held().waiting.remove(&id) else { return };
        if known.verdict < Verdict::Malicious {
            return self.answer(&start.request, Answer::Allow);
        }
        let event = refusal(guard, &start, known);
        self.answer(&start.request, Answer::Deny);
        guard.recorder.send(Record::plain(event));
    }

    fn answer(&self, request: &PermissionEvent, answer: Answer) {
        // It fails only where the process has been killed: then nobody waits.
        let _ = self.group.answer(request.file.as_fd(), answer);
    }

    fn held(&self) -> MutexGuard<'_, Starts> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verdicts(&self) -> MutexGuard<'_, HashMap<PathBuf, Known>> {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folder so many above the one that a process is in, as the process sees it: in a container, another one may have
/// the same path.
fn folder_of(pid: u32, below: usize) -> Option<ObjectKey> {
    let path = format!("/proc/{pid}/cwd{}", "/..".repeat(below));
    std::fs::metadata(path).ok().map(|metadata| ObjectKey::of(&metadata))
}

fn refusal(guard: &Guard, start: &Start, known: &Known) -> Event {
    let program =
        std::fs::read_link(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&start.request.file)));
    let (pid, lineage) = (start.request.pid, Arc::clone(&guard.lineage));
    let identity = guard.looks.at(pid, move |pid| lineage.identify(pid).ok()).flatten();
    let identity = identity.or_else(|| guard.lineage.recall(pid));
    let package = identity.as_ref().and_then(|identity| guard.lineage.attribute(identity));
    let owner = identity.as_ref().map_or(0, |identity| identity.uid);
    let name = package.as_ref().map_or_else(
        || visible(&start.folder.to_string_lossy()).into_owned(),
        |found| found.package.to_string(),
    );
    let mut event = guard_event(
        guard.next_event_id(),
        owner,
        &format!("A script of {name} was about to start; the package is malicious: {}", visible(&known.why)),
    );
    event.kind = EventKind::Exec;
    event.action = Action::Denied;
    event.importance = Importance::Alarm;
    event.secret = Secret {
        path: program.unwrap_or_default(),
        class: "package-script".into(),
        title: "package script".into(),
        tier: 1,
    };
    if let Some(identity) = identity {
        let sha256 = guard.hashes.get(&identity);
        event.reader = identity.reader(sha256);
    }
    event.package = package;
    event
}

/// The folder of the innermost package of a `node_modules` tree that a path lies in.
fn node_package(path: &Path) -> Option<PathBuf> {
    let parts: Vec<Component<'_>> = path.components().collect();
    let tree = parts.iter().rposition(|part| part.as_os_str() == "node_modules")?;
    let first = parts.get(tree + 1)?.as_os_str().to_string_lossy();
    let depth = if first.starts_with('@') { 3 } else { 2 };
    (parts.len() >= tree + depth && !first.starts_with('.')).then(|| parts[..tree + depth].iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_package_is_found_from_the_path() {
        let found = |path: &str| node_package(Path::new(path)).map(|path| path.display().to_string());
        assert_eq!(found("/p/node_modules/a").as_deref(), Some("/p/node_modules/a"));
        assert_eq!(found("/p/node_modules/a/lib/x").as_deref(), Some("/p/node_modules/a"));
        assert_eq!(found("/p/node_modules/@s/b/x").as_deref(), Some("/p/node_modules/@s/b"));
        assert_eq!(
            found("/p/node_modules/a/node_modules/b").as_deref(),
            Some("/p/node_modules/a/node_modules/b")
        );
        assert_eq!(found("/p/node_modules/@s"), None);
        assert_eq!(found("/p/node_modules"), None);
        assert_eq!(found("/p/node_modules/.bin"), None);
        assert_eq!(found("/p/src"), None);
    }
}
