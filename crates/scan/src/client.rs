//! The parent's side: starts workers, hands out packages, collects reports.

mod child;
mod locate;

use crate::PackageCaches;
use crate::ScanError;
use crate::cache::Cache;
use crate::traits::Traits;
use crate::walk::{Place, Target, file_name};
use crate::worker::protocol::{FromWorker, ToWorker};
use child::{Fault, Worker};
use doorward_protocol::{
    Ecosystem, Excerpt, PackageRef, PackageReport, SCHEMA_VERSION, ScanProgress, ScanReport, Summary,
    Unscanned, Verdict,
};
use locate::Setup;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Names the worker's program.
pub const WORKER_VARIABLE: &str = "DOORWARD_SCAN_WORKER";

/// How long one package may take, and the search for packages.
const PACKAGE_TIME: Duration = Duration::from_secs(60);
const SEARCH_TIME: Duration = Duration::from_secs(300);
/// How soon a cancelled scan ends.
const TICK: Duration = Duration::from_millis(50);

/// How to scan.
#[derive(Debug, Clone)]
pub struct ScanOptions {
    /// Look every package up in the list of known malware.
    pub feed: bool,
    /// The folder of a list that the user [installed](crate::feed::Installed); `None` takes the compiled-in one.
    pub lists: Option<PathBuf>,
    /// The file that remembers verdicts, in the user's data folder; `None` remembers nothing.
    pub cache: Option<PathBuf>,
    /// The worker's program; `None` looks in the usual places.
    pub worker: Option<PathBuf>,
    /// How many workers read at once.
    pub jobs: usize,
    /// Where package managers keep what they fetched: looked into for the version before, and for unpacked crates.
    pub caches: PackageCaches,
    /// Earlier versions of what is scanned, to be compared with by name: a package, an archive or a tree. Remembered
    /// reports are left aside then.
    pub against: Option<PathBuf>,
}

impl Default for ScanOptions {
    fn default() -> Self {
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            feed: true,
            lists: None,
            cache: None,
            worker: None,
            jobs,
            caches: PackageCaches::of_user(),
            against: None,
        }
    }
}

/// Stops a running scan from another thread.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the scan to stop; it ends with [`ScanError::Cancelled`] soon after.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once somebody asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Finds the packages below `paths` and reports on each one.
///
/// # Errors
/// Any [`ScanError`]; a package that cannot be read is not an error but *unscanned* in its report.
pub fn scan(
    paths: &[PathBuf],
    options: &ScanOptions,
    cancel: &Cancel,
    on_progress: &mut dyn FnMut(ScanProgress),
) -> Result<ScanReport, ScanError> {
    let started = Instant::now();
    let paths = paths.iter().map(|path| locate::real_path(path)).collect::<Result<Vec<_>, _>>()?;
    let setup = Setup::new(&paths, options)?;
    let cache = options.cache.as_deref().filter(|_| options.against.is_none());
    let cache = cache.map(|file| Mutex::new(Cache::open(file, setup.stamp())));
    let earlier = Earlier::default();
    if let Some(path) = &options.against {
        let path = locate::real_path(path)?;
        earlier.learn_from(&path, options, cancel)?;
    }

    let mut lost = Vec::new();
    let mut worker = Worker::start(&setup, cancel)?;
    let targets = search(&paths, &setup, &mut worker, cancel, &mut lost, on_progress)?;
    let (reports, bytes) = {
        let session =
            Session { targets: &targets, setup: &setup, cache: cache.as_ref(), earlier: &earlier, cancel };
        session.run(worker, options.jobs, on_progress)
    };
    if let Some(cache) = cache {
        cache.into_inner().unwrap_or_else(PoisonError::into_inner).save();
    }
    if cancel.is_cancelled() {
        return Err(ScanError::Cancelled);
    }
    let mut packages = [lost, reports].concat();
    packages.sort_by(|a, b| (&a.path, &a.name, &a.version).cmp(&(&b.path, &b.name, &b.version)));
    let mut summary = Summary { bytes, ..Summary::default() };
    packages.iter().for_each(|report| summary.add(report));
    summary.duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(ScanReport { schema: SCHEMA_VERSION, summary, packages })
}

/// The lines around a finding, read by a worker as well. `package` is the path of a report and `file` that of
/// one of its findings.
///
/// # Errors
/// [`ScanError::NoExcerpt`] where the file or line is not there; otherwise as for [`scan`].
pub fn excerpt(package: &Path, file: &str, line: u32) -> Result<Excerpt, ScanError> {
    let refused =
        |reason: String| ScanError::NoExcerpt { package: package.into(), file: file.into(), reason };
    let real = locate::real_path(package)?;
    let options = ScanOptions { feed: false, ..ScanOptions::default() };
    let setup = Setup::new(std::slice::from_ref(&real), &options)?;
    let cancel = Cancel::default();
    let mut worker = Worker::start(&setup, &cancel)?;
    let request = ToWorker::Excerpt { package: real, file: file.into(), line };
    let deadline = Instant::now() + PACKAGE_TIME;
    let answer = worker.send(&request).and_then(|()| worker.receive(deadline, &cancel));
    match answer {
        Ok(FromWorker::Excerpt(result)) => result.map_err(refused),
        Ok(_) => Err(refused("the worker answered something else".into())),
        Err(fault) => Err(refused(fault.reason())),
    }
}

fn search(
    paths: &[PathBuf],
    setup: &Setup,
    worker: &mut Worker,
    cancel: &Cancel,
    lost: &mut Vec<PackageReport>,
    on_progress: &mut dyn FnMut(ScanProgress),
) -> Result<Vec<Target>, ScanError> {
    let mut targets: Vec<Target> = Vec::new();
    for path in paths {
        match search_one(path, worker, cancel) {
            Ok(Ok(found)) => targets.extend(found),
            Ok(Err(reason)) => return Err(ScanError::NotAPackage { path: path.clone(), reason }),
            Err(Fault::Cancelled) => return Err(ScanError::Cancelled),
            Err(fault) => {
                let target = Target { path: path.clone(), place: Place::Folder(None), notes: Vec::new() };
                lost.push(unread(&target, format!("{} while looking for packages", fault.reason())));
                *worker = Worker::start(setup, cancel)?;
            }
        }
        on_progress(ScanProgress::Found { total: count(targets.len()) });
    }
    // The same package may have been named twice.
    let mut seen = std::collections::HashSet::new();
    targets.retain(|target| seen.insert(format!("{:?}", (&target.path, &target.place))));
    Ok(targets)
}

fn search_one(
    path: &Path,
    worker: &mut Worker,
    cancel: &Cancel,
) -> Result<Result<Vec<Target>, String>, Fault> {
    worker.send(&ToWorker::Search { path: path.into() })?;
    let deadline = Instant::now() + SEARCH_TIME;
    let mut found = Vec::new();
    loop {
        match worker.receive(deadline, cancel)? {
            FromWorker::Found(part) => found.extend(part),
            FromWorker::Searched { reason: None } => return Ok(Ok(found)),
            FromWorker::Searched { reason: Some(reason) } => return Ok(Err(reason)),
            _ => return Err(Fault::nonsense()),
        }
    }
}

/// A package of which nothing is known but that it could not be read.
fn unread(target: &Target, reason: String) -> PackageReport {
    let name = file_name(&target.path);
    let package = match &target.place {
        Place::Locked { package, .. } => package.clone(),
        Place::Folder(Some(ecosystem)) | Place::Leftovers(ecosystem) => {
            PackageRef { ecosystem: *ecosystem, name, version: String::new() }
        }
        Place::Distribution => PackageRef { ecosystem: Ecosystem::Pypi, name, version: String::new() },
        _ => PackageRef { ecosystem: Ecosystem::Npm, name, version: String::new() },
    };
    PackageReport {
        purl: package.purl(),
        ecosystem: package.ecosystem,
        name: package.name,
        version: package.version,
        path: target.path.clone(),
        verdict: Verdict::Clean,
        score: 0,
        findings: Vec::new(),
        unscanned: vec![Unscanned {
            path: String::new(),
            reason: format!("{reason}; it is not known to be clean"),
        }],
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What is known of earlier versions that were named for comparison.
#[derive(Default)]
struct Earlier {
    known: Mutex<HashMap<String, Traits>>,
    /// True while these versions themselves are read.
    learning: bool,
}

impl Earlier {
    fn learn_from(&self, path: &Path, options: &ScanOptions, cancel: &Cancel) -> Result<(), ScanError> {
        let setup = Setup::new(&[path.to_owned()], options)?;
        let mut worker = Worker::start(&setup, cancel)?;
        let targets = search(&[path.to_owned()], &setup, &mut worker, cancel, &mut Vec::new(), &mut |_| {})?;
        let reading = Self { learning: true, ..Self::default() };
        let session = Session { targets: &targets, setup: &setup, cache: None, earlier: &reading, cancel };
        session.run(worker, options.jobs, &mut |_| {});
        let read = reading.known.into_inner().unwrap_or_else(PoisonError::into_inner);
        if read.is_empty() {
            let reason = "no package could be read from it, so there is nothing to compare with".into();
            return Err(ScanError::NotAPackage { path: path.into(), reason });
        }
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }

    /// The earlier version of a package. One package is compared with one package, whatever the two are called.
    fn of(&self, package: &PackageRef, alone: bool) -> Option<Traits> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let only = known.values().next().filter(|_| alone && known.len() == 1);
        known.get(&Traits::key(package)).or(only).cloned()
    }

    fn learn(&self, package: &PackageRef, traits: Traits) {
        if self.learning {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(Traits::key(package), traits);
        }
    }

    fn is_needed(&self) -> bool {
        !self.learning && !self.known.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

/// One scan, shared by the threads that each speak to a worker.
struct Session<'a> {
    targets: &'a [Target],
    setup: &'a Setup,
    cache: Option<&'a Mutex<Cache>>,
    earlier: &'a Earlier,
    cancel: &'a Cancel,
}

/// What came of one target.
type Outcome = Option<(PackageReport, u64)>;

impl Session<'_> {
    fn run(
        &self,
        first: Worker,
        jobs: usize,
        on_progress: &mut dyn FnMut(ScanProgress),
    ) -> (Vec<PackageReport>, u64) {
        let next = AtomicUsize::new(0);
        let (sender, outcomes) = mpsc::channel();
        std::thread::scope(|scope| {
            let mut first = Some(first);
            for _ in 0..jobs.clamp(1, self.targets.len().max(1)) {
                let (sender, worker, next) = (sender.clone(), first.take(), &next);
                scope.spawn(move || self.work(worker, next, &sender));
            }
            drop(sender);
            let (mut reports, mut bytes, mut total) = (Vec::new(), 0, count(self.targets.len()));
            loop {
                match outcomes.recv_timeout(TICK) {
                    Ok(Some((report, read))) => {
                        bytes += read;
                        reports.push(report.clone());
                        let done = count(reports.len());
                        on_progress(ScanProgress::Done { done, total, report: Box::new(report) });
                    }
                    Ok(None) => {
                        total = total.saturating_sub(1);
                        on_progress(ScanProgress::Found { total });
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return (reports, bytes),
                }
            }
        })
    }

    /// Takes target after target; a worker that dies is replaced and costs only the package it had in hand.
    fn work(&self, mut worker: Option<Worker>, next: &AtomicUsize, sender: &Sender<Outcome>) {
        while let Some(target) = self.targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            if self.cancel.is_cancelled() {
                return;
            }
            let outcome = self.one(&mut worker, target).unwrap_or_else(|fault| {
                worker = None;
                Some((unread(target, fault.reason()), 0))
            });
            if self.cancel.is_cancelled() || sender.send(outcome).is_err() {
                return;
            }
        }
    }

    fn one(&self, worker: &mut Option<Worker>, target: &Target) -> Result<Outcome, Fault> {
        let worker = match worker {
            Some(worker) => worker,
            None => worker.insert(
                Worker::start(self.setup, self.cancel).map_err(|error| Fault::Broken(error.to_string()))?,
            ),
        };
        let deadline = Instant::now() + PACKAGE_TIME;
        worker.send(&ToWorker::Scan {
            target: target.clone(),
            remember: self.cache.is_some() || self.earlier.is_needed(),
        })?;
        let (mut listed, mut hashed) = (None, None);
        loop {
            match worker.receive(deadline, self.cancel)? {
                FromWorker::Listed { fingerprint } => {
                    let key = Cache::listing_key(target, &fingerprint, self.setup.feed());
                    if let Some(report) = self.cached(|cache| cache.by_listing(&key)) {
                        worker.send(&ToWorker::Skip)?;
                        return Ok(Some((report, 0)));
                    }
                    listed = Some(key);
                    worker.send(&ToWorker::Go { before: None })?;
                }
                FromWorker::Hashed { content, path, package } => {
                    let key = Cache::content_key(&content, self.setup.feed());
                    let known = self.cached(|cache| cache.by_content(&key, listed.as_deref(), &path));
                    if let Some(report) = known {
                        worker.send(&ToWorker::Skip)?;
                        return Ok(Some((report, 0)));
                    }
                    hashed = Some(key);
                    let before = self
                        .earlier
                        .of(&package, self.targets.len() == 1)
                        .or_else(|| self.cached(|cache| cache.before(&package)));
                    worker.send(&ToWorker::Go { before: before.map(Box::new) })?;
                }
                FromWorker::Report { report, bytes, traits } => {
                    if let Some(traits) = traits {
                        let package = PackageRef {
                            ecosystem: report.ecosystem,
                            name: report.name.clone(),
                            version: report.version.clone(),
                        };
                        self.earlier.learn(&package, (*traits).clone());
                        self.cached(|cache| {
                            cache.learn(&package, *traits);
                            None::<()>
                        });
                    }
                    self.cached(|cache| {
                        cache.keep(listed, hashed, &report);
                        None::<()>
                    });
                    return Ok(Some((*report, bytes)));
                }
                FromWorker::Nothing => return Ok(None),
                _ => return Err(Fault::nonsense()),
            }
        }
    }

    fn cached<T>(&self, ask: impl FnOnce(&mut Cache) -> Option<T>) -> Option<T> {
        let cache = self.cache?;
        ask(&mut cache.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
