//! Wires the parts together and runs them.

use crate::catalog::{Catalog, CatalogError};
use crate::config::{Config, ConfigError};
use crate::gate::{Candidates, Gate};
use crate::journal::{Journal, JournalError};
use crate::lineage::Lineage;
use crate::server::{self, ListenError, Office, PinnedClients};
use crate::state::Settings;
use crate::supervise::{self, Role};
use crate::sys::{self, Answer, FanotifyError, Group, Topology};
use crate::watch::{Enrolment, Guard, Place, PlaceKind, Record, Recorder, guard_event, survey, write_down};
use doorward_protocol::{Action, DecoyState, Importance, Mode, Timestamp};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Descriptors the daemon wants: each held read takes two.
const DESCRIPTORS: u64 = 65_536;
const STACK_BYTES: usize = 1024 * 1024;

/// Why the daemon could not run.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The configuration was refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The catalog that is compiled in makes no sense.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The kernel refused to guard.
    #[error(transparent)]
    Kernel(#[from] FanotifyError),
    /// The journal cannot be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The socket cannot be made.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Something of the system failed.
    #[error("{doing} failed: {source}\nhint: {hint}")]
    System {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: io::Error,
        /// What to do.
        hint: &'static str,
    },
}

/// Runs the daemon in the foreground until SIGTERM, SIGINT or SIGHUP; the result is the exit code. Must be
/// called before any thread starts.
///
/// # Errors
/// [`DaemonError`], before anything is guarded.
pub fn run(config: Config) -> Result<i32, DaemonError> {
    let highest = sys::raise_file_limit(DESCRIPTORS);
    let group = Group::open()?;
    let forked = supervise::supervise(&group).map_err(|source| {
        system("starting the worker", source, "the system is short of processes or memory")
    })?;
    let first = match forked {
        Role::Worker { first } => first,
        Role::Done(code) => return Ok(code),
    };
    sys::keep_heap_small();
    let worker = Worker::start(config, group, (!first).then_some(highest))?;
    loop {
        match sys::wait_for_signal() {
            sys::Signal::End => break,
            sys::Signal::Reload => worker.reload(),
            sys::Signal::Child | sys::Signal::Overdue => {}
        }
    }
    worker.end();
    Ok(0)
}

/// What was answered in a predecessor's stead.
#[derive(Debug, Clone, Copy)]
struct Released {
    count: usize,
    answer: Answer,
}

/// The running worker.
struct Worker {
    guard: Arc<Guard>,
    gate: Option<Arc<Gate>>,
    threads: Vec<JoinHandle<()>>,
    recorder: Option<JoinHandle<()>>,
}

impl Worker {
    fn start(config: Config, group: Group, orphans_below: Option<u64>) -> Result<Self, DaemonError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.state_dir).map_err(|source| {
            let doing = format!("making the state folder {}", config.state_dir.display());
            system(&doing, source, "the daemon must be able to write there; see state_dir")
        })?;
        let journal = Arc::new(Mutex::new(Journal::open(&config.state_dir, config.journal_bytes)?));
        let settings = Settings::load(&config.state_dir, config.policy());
        let released = orphans_below.map(|highest| release_orphans(&group, &settings, highest));
        close_questions(&mut journal.lock().unwrap_or_else(PoisonError::into_inner), released);
        let first_event = journal.lock().unwrap_or_else(PoisonError::into_inner).highest_id() + 1;
        let listener = server::listen(&config.socket)?;
        let clients = PinnedClients::pin(&config.clients);
        let (recorder, records) = Recorder::new();
        let gate = match config.gate {
            true => Some(Arc::new(Gate::open(&config.gate_interpreters)?)),
            false => None,
        };
        let (catalog, refusal) = match Catalog::with_folder(&config.catalog_dir) {
            Ok(catalog) => (catalog, None),
            Err(error) => (Catalog::builtin()?, Some(error)),
        };
        let enrolment = Enrolment::new(catalog, Topology::open()?).map_err(descriptor)?;
        let guard = Guard::new(
            config,
            Arc::new(group),
            enrolment,
            settings,
            recorder,
            Lineage::open().map_err(descriptor)?,
            first_event,
        )
        .map_err(descriptor)?;
        let guard = Arc::new(guard);

        if released.is_some() {
            guard.hold_unknown();
        }
        let mut threads = Vec::new();
        // The event thread comes first: whatever is marked from now on is answered, our own opens too.
        threads.push(vital("events", {
            let guard = Arc::clone(&guard);
            move || guard.watch()
        })?);
        guard.follow_processes();
        if let Some(gate) = &gate {
            let candidates = Candidates::new();
            let sender = candidates.sender();
            threads.push(vital("gate", {
                let gate = Arc::clone(gate);
                move || gate.watch(&sender)
            })?);
            let (gate, guard) = (Arc::clone(gate), Arc::clone(&guard));
            background("gate-worker", move || gate.look_closer(&guard, &candidates))?;
        }
        background("owners", {
            let guard = Arc::clone(&guard);
            move || {
                guard.owners.refresh();
                sys::give_back_heap();
            }
        })?;
        warm_hashes(&guard);
        enrol_everything(&guard);
        guard.know_all();

        let recorder = background("recorder", {
            let (guard, journal) = (Arc::clone(&guard), Arc::clone(&journal));
            move || write_down(&records, &journal, &guard)
        })?;
        tell_of_the_start(&guard, released, refusal);
        let office = Arc::new(Office { guard: Arc::clone(&guard), journal, clients, gate: gate.clone() });
        background("survey", {
            let guard = Arc::clone(&guard);
            move || survey(&guard)
        })?;
        background("state", {
            let office = Arc::clone(&office);
            move || server::tell_state(&office)
        })?;
        background("listener", move || server::serve(&office, &listener))?;

        let mut stdout = io::stdout();
        // Nobody may be listening there any more, which is fine.
        let _ = writeln!(stdout, "ready").and_then(|()| stdout.flush());
        sys::notify_systemd("READY=1");
        Ok(Self { guard, gate, threads, recorder: Some(recorder) })
    }

    /// Reads the administrator's catalog files again; where one has a mistake, nothing changes.
    fn reload(&self) {
        let guard = &self.guard;
        match Catalog::with_folder(&guard.config.catalog_dir) {
            Ok(catalog) => {
                let (secrets, readers) = (catalog.secrets.len(), catalog.readers.len());
                guard.enrolment.replace_catalog(&guard.group, catalog);
                let note =
                    format!("The catalog was read again: {secrets} kinds of secrets, {readers} readers.");
                tell(guard, &note, Importance::Quiet);
            }
            Err(error) => {
                tell(guard, &refused(&error, "The catalog from before"), Importance::Attention);
            }
        }
        guard.audience.state_changed();
    }

    /// Answers everything that is held with its default, writes it down and leaves no socket behind.
    fn end(mut self) {
        sys::notify_systemd("STOPPING=1");
        let _ = fs::remove_file(&self.guard.config.socket);
        self.guard.stop();
        if let Some(gate) = &self.gate {
            gate.stop();
        }
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.guard.recorder.finish();
        if let Some(recorder) = self.recorder.take() {
            let _ = recorder.join();
        }
    }
}

fn enrol_everything(guard: &Guard) {
    let group = &guard.group;
    guard.enrolment.add_homes(group, guard.config.all_homes());
    let named =
        guard.settings.with(|current| current.projects.values().flatten().cloned().collect::<Vec<PathBuf>>());
    let decoys = guard.settings.with(|current| current.decoys.clone());
    for (owner, planted) in decoys.iter().flat_map(|(owner, all)| all.iter().map(move |one| (*owner, one))) {
        // What was put in a decoy's place while the daemon was away is no decoy.
        if planted.state() == DecoyState::Intact
            && let Some(home) = guard.enrolment.home_of(&planted.path, owner)
        {
            guard.enrolment.add_decoy(group, &home, &planted.path);
        }
    }
    for root in guard.config.projects.iter().chain(&named) {
        match root.canonicalize().and_then(|root| root.metadata().map(|metadata| (root, metadata.uid()))) {
            Ok((root, owner)) => {
                guard.enrolment.add_place(group, Place { kind: PlaceKind::Project, root, owner })
            }
            Err(error) => tracing::warn!(path = %root.display(), %error, "a project cannot be guarded"),
        }
    }
    if guard.config.guards_system() {
        guard.enrolment.add_place(group, Place { kind: PlaceKind::System, root: "/".into(), owner: 0 });
    }
}

/// Rules pin programs by hash: their hashes must be known before their first read.
fn warm_hashes(guard: &Guard) {
    let programs: Vec<PathBuf> = guard.settings.with(|current| {
        current.rules.values().flatten().filter_map(|rule| rule.draft.who.exe.clone()).collect()
    });
    for program in programs {
        if let Err(error) = File::open(&program).and_then(|file| guard.hashes.compute_file(file)) {
            tracing::warn!(path = %program.display(), %error, "the program of a rule cannot be hashed");
        }
    }
}

/// Answers what a predecessor had read and not answered.
fn release_orphans(group: &Group, settings: &Settings, highest: u64) -> Released {
    let observed =
        settings.with(|current| current.policy.mode == Mode::Observe || current.is_paused(Timestamp::now()));
    let answer = if observed { Answer::Allow } else { Answer::Deny };
    let count = group.answer_orphans(answer, i32::try_from(highest).unwrap_or(i32::MAX));
    Released { count, answer }
}

/// Writes down how the questions ended that a predecessor left open.
fn close_questions(journal: &mut Journal, released: Option<Released>) {
    // Without a supervisor to keep the group, the kernel lets everything go.
    let answer = released.map_or(Answer::Allow, |released| released.answer);
    let (action, ending) = match answer {
        Answer::Allow => (Action::Allowed, "allowed"),
        Answer::Deny => (Action::Denied, "blocked"),
    };
    for mut event in journal.newest(None, 0, usize::MAX) {
        if event.action == Action::Asked {
            event.action = action;
            let sentence = event.why.rsplit_once("; ").map_or(event.why.as_str(), |(start, _)| start);
            event.why = format!("{sentence}; the guard ended unexpectedly, so it was {ending}.");
            journal.add(&event);
        }
    }
}

fn tell_of_the_start(guard: &Guard, released: Option<Released>, refusal: Option<CatalogError>) {
    let mut notes = guard.settings.notes.clone();
    notes.extend(refusal.map(|error| refused(&error, "Only the catalog that is built in")));
    notes.extend(guard.lineage.refusal());
    if let Some(Released { count, .. }) = released {
        notes.push(format!("The guard restarted after a crash; {count} held reads were answered."));
    }
    for note in notes {
        tell(guard, &note, Importance::Attention);
    }
}

fn tell(guard: &Guard, note: &str, importance: Importance) {
    tracing::warn!("{note}");
    let mut event = guard_event(guard.next_event_id(), 0, note);
    event.importance = importance;
    guard.recorder.send(Record::plain(event));
}

fn refused(error: &CatalogError, in_force: &str) -> String {
    format!("A catalog file was refused: {error}. {in_force} is in force.")
}

/// Starts a thread without which the daemon must not go on: its failure is a crash, and the
/// supervisor starts a new worker.
fn vital(
    name: &'static str,
    work: impl FnOnce() -> Result<(), FanotifyError> + Send + 'static,
) -> Result<JoinHandle<()>, DaemonError> {
    background(name, move || match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(%error, name, "a vital thread failed");
            std::process::abort();
        }
        Err(_) => std::process::abort(),
    })
}

fn background(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, DaemonError> {
    thread::Builder::new()
        .name(name.into())
        .stack_size(STACK_BYTES)
        .spawn(work)
        .map_err(|source| system("starting a thread", source, "the system is short of processes or memory"))
}

fn system(doing: &str, source: io::Error, hint: &'static str) -> DaemonError {
    DaemonError::System { doing: doing.to_owned(), source, hint }
}

fn descriptor(source: io::Error) -> DaemonError {
    system("making an event descriptor", source, "the system is short of descriptors")
}
