//! Scans in the background: projects one after another, arrivals as they come, and the exec gate's
//! questions beside both, because an install waits for those.

use crate::controller::{Input, Inputs};
use crate::failure::{Answer, Failure};
use doorward_protocol::{
    Excerpt, GateQuestion, KnownBad, PackageReport, ScanProgress, ScanReport, Timestamp, Verdict,
};
use doorward_scan::feed::{FeedStatus, Installed, Origin};
use doorward_scan::{Cancel, ScanError, ScanOptions};
use doorward_store::Store;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How often a running scan tells how far it is; findings are told at once.
const PROGRESS_EVERY: Duration = Duration::from_millis(50);
/// Gate questions that are read at the same time.
const GATE_LANES: usize = 2;

/// What reads packages; tests put their own in its place.
pub(crate) trait Engine: Send + Sync + 'static {
    fn scan(
        &self,
        paths: &[PathBuf],
        cancel: &Cancel,
        on_progress: &mut dyn FnMut(ScanProgress),
    ) -> Result<ScanReport, ScanError>;

    fn excerpt(&self, package: &Path, file: &str, line: u32) -> Result<Excerpt, ScanError>;

    /// The list that packages are looked up in.
    fn known_bad(&self) -> KnownBad;
}

/// The real engine.
pub(crate) struct Workers(pub(crate) ScanOptions);

impl Engine for Workers {
    fn scan(
        &self,
        paths: &[PathBuf],
        cancel: &Cancel,
        on_progress: &mut dyn FnMut(ScanProgress),
    ) -> Result<ScanReport, ScanError> {
        doorward_scan::scan(paths, &self.0, cancel, on_progress)
    }

    fn excerpt(&self, package: &Path, file: &str, line: u32) -> Result<Excerpt, ScanError> {
        doorward_scan::excerpt(package, file, line)
    }

    fn known_bad(&self) -> KnownBad {
        let list = self
            .0
            .lists
            .as_ref()
            .map_or_else(FeedStatus::built_in, |folder| Installed::in_folder(folder).status());
        KnownBad {
            issued: list.issued,
            entries: list.entries as u64,
            built_in: list.origin == Origin::BuiltIn,
            problem: list.problem.map(|problem| format!("{problem}. {}", problem.hint())),
        }
    }
}

/// What a scan tells the controller. Verdicts are in the database by then.
#[derive(Debug)]
pub(crate) enum FromScan {
    Progress {
        project: i64,
        progress: ScanProgress,
    },
    /// A project's scan ended; the packages that are suspicious or worse.
    ProjectDone {
        project: i64,
        flagged: Result<Vec<PackageReport>, Stopped>,
    },
    /// New packages were read; every report.
    Arrived {
        project: Option<i64>,
        reports: Result<Vec<PackageReport>, Failure>,
    },
    /// The exec gate asked for this.
    Gate {
        question: GateQuestion,
        verdict: Result<(Verdict, String), Failure>,
    },
}

/// Why a project's scan has no result.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    Cancelled,
    Failed(Failure),
}

/// The queues.
#[derive(Debug)]
pub(crate) struct Scans {
    projects: mpsc::UnboundedSender<ProjectJob>,
    arrivals: mpsc::UnboundedSender<ArrivalJob>,
    gate: mpsc::UnboundedSender<GateQuestion>,
    /// Scans that run or wait, by project.
    running: BTreeMap<i64, Cancel>,
    meanwhile: Meanwhile,
}

#[derive(Debug)]
struct ProjectJob {
    project: i64,
    path: PathBuf,
    cancel: Cancel,
}

#[derive(Debug)]
struct ArrivalJob {
    project: Option<i64>,
    paths: Vec<PathBuf>,
}

#[derive(Clone)]
struct Lane {
    engine: Arc<dyn Engine>,
    store: Store,
    inputs: Inputs,
    /// What arrived in a project while its scan waits or runs; the scan's result replaces what was known of
    /// the project, and must not lose these.
    meanwhile: Meanwhile,
}

type Meanwhile = Arc<Mutex<BTreeMap<i64, Vec<PackageReport>>>>;

impl Scans {
    pub(crate) fn start(engine: Arc<dyn Engine>, store: Store, inputs: Inputs) -> Self {
        let meanwhile = Meanwhile::default();
        let lane = Lane { engine, store, inputs, meanwhile: Arc::clone(&meanwhile) };
        let (projects, mut project_jobs) = mpsc::unbounded_channel::<ProjectJob>();
        let (arrivals, mut arrival_jobs) = mpsc::unbounded_channel::<ArrivalJob>();
        let (gate, mut questions) = mpsc::unbounded_channel::<GateQuestion>();
        let own = lane.clone();
        tokio::spawn(async move {
            while let Some(job) = project_jobs.recv().await {
                let broken =
                    FromScan::ProjectDone { project: job.project, flagged: Err(Stopped::Failed(broke())) };
                own.run(move |lane| lane.scan_project(&job), broken).await;
            }
        });
        let own = lane.clone();
        tokio::spawn(async move {
            while let Some(job) = arrival_jobs.recv().await {
                // Whatever came meanwhile is read in the same go.
                let mut batches: BTreeMap<Option<i64>, BTreeSet<PathBuf>> = BTreeMap::new();
                let more = std::iter::from_fn(|| arrival_jobs.try_recv().ok());
                for ArrivalJob { project, paths } in std::iter::once(job).chain(more) {
                    batches.entry(project).or_default().extend(paths);
                }
                for (project, paths) in batches {
                    let paths = Vec::from_iter(paths);
                    let broken = FromScan::Arrived { project, reports: Err(broke()) };
                    own.run(move |lane| lane.scan_arrivals(project, &paths), broken).await;
                }
            }
        });
        tokio::spawn(async move {
            let lanes = Arc::new(tokio::sync::Semaphore::new(GATE_LANES));
            while let Some(question) = questions.recv().await {
                let Ok(permit) = Arc::clone(&lanes).acquire_owned().await else { return };
                let lane = lane.clone();
                tokio::spawn(async move {
                    let broken = FromScan::Gate { question: question.clone(), verdict: Err(broke()) };
                    lane.run(|lane| lane.answer_gate(question), broken).await;
                    drop(permit);
                });
            }
        });
        Self { projects, arrivals, gate, running: BTreeMap::new(), meanwhile }
    }

    /// Queues a project; false where its scan runs or waits already.
    pub(crate) fn scan_project(&mut self, project: i64, path: PathBuf) -> bool {
        if self.running.contains_key(&project) {
            return false;
        }
        let cancel = Cancel::default();
        self.running.insert(project, cancel.clone());
        self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).insert(project, Vec::new());
        self.projects.send(ProjectJob { project, path, cancel }).is_ok()
    }

    pub(crate) fn cancel(&self, project: i64) {
        if let Some(cancel) = self.running.get(&project) {
            cancel.cancel();
        }
    }

    pub(crate) fn cancel_all(&self) {
        self.running.values().for_each(Cancel::cancel);
    }

    pub(crate) fn finished(&mut self, project: i64) {
        self.running.remove(&project);
    }

    pub(crate) fn scan_arrivals(&self, project: Option<i64>, paths: Vec<PathBuf>) {
        let _ = self.arrivals.send(ArrivalJob { project, paths });
    }

    pub(crate) fn answer_gate(&self, question: GateQuestion) {
        let _ = self.gate.send(question);
    }
}

impl Lane {
    /// Does one job on a blocking thread; a job that breaks must not end its lane.
    async fn run(&self, work: impl FnOnce(&Self) -> FromScan + Send + 'static, broken: FromScan) {
        let lane = self.clone();
        let outcome = tokio::task::spawn_blocking(move || work(&lane)).await.unwrap_or(broken);
        let _ = self.inputs.send(Input::FromScan(outcome));
    }

    fn scan_project(&self, job: &ProjectJob) -> FromScan {
        let project = job.project;
        let mut last_told: Option<Instant> = None;
        let mut tell = |progress: ScanProgress| {
            let worth_it = match &progress {
                ScanProgress::Found { .. } => false,
                ScanProgress::Done { done, total, report } => {
                    done == total || report.verdict >= Verdict::Notable
                }
            };
            if worth_it || last_told.is_none_or(|at| at.elapsed() >= PROGRESS_EVERY) {
                last_told = Some(Instant::now());
                let _ = self.inputs.send(Input::FromScan(FromScan::Progress { project, progress }));
            }
        };
        let flagged = if job.cancel.is_cancelled() {
            Err(Stopped::Cancelled)
        } else {
            match self.engine.scan(std::slice::from_ref(&job.path), &job.cancel, &mut tell) {
                Err(ScanError::Cancelled) => Err(Stopped::Cancelled),
                Err(error) => Err(Stopped::Failed(error.into())),
                Ok(report) => match self.save_project(project, &report) {
                    Err(failure) => Err(Stopped::Failed(failure)),
                    Ok(()) => Ok(report
                        .packages
                        .into_iter()
                        .filter(|package| package.verdict >= Verdict::Suspicious)
                        .collect()),
                },
            }
        };
        self.meanwhile().remove(&project);
        FromScan::ProjectDone { project, flagged }
    }

    fn scan_arrivals(&self, project: Option<i64>, paths: &[PathBuf]) -> FromScan {
        let reports = self.read(paths).and_then(|report| {
            let mut meanwhile = self.meanwhile();
            for package in &report.packages {
                self.store.writer.save_package(project, package)?;
            }
            if let Some(late) = project.and_then(|project| meanwhile.get_mut(&project)) {
                late.extend_from_slice(&report.packages);
            }
            Ok(report.packages)
        });
        FromScan::Arrived { project, reports }
    }

    fn save_project(&self, project: i64, report: &ScanReport) -> Answer<()> {
        let mut meanwhile = self.meanwhile();
        self.store.writer.save_scan(Some(project), report, Timestamp::now())?;
        for late in meanwhile.remove(&project).unwrap_or_default() {
            if !report.packages.iter().any(|package| package.path == late.path) {
                self.store.writer.save_package(Some(project), &late)?;
            }
        }
        Ok(())
    }

    fn meanwhile(&self) -> MutexGuard<'_, BTreeMap<i64, Vec<PackageReport>>> {
        self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer_gate(&self, question: GateQuestion) -> FromScan {
        let verdict = self.read(std::slice::from_ref(&question.path)).and_then(|report| {
            let worst = report.packages.iter().max_by_key(|package| (package.verdict, package.score));
            let worst = worst.ok_or_else(|| Failure::new("no package was found there", ""))?;
            if !worst.unscanned.is_empty() && worst.verdict < Verdict::Suspicious {
                // What was not read is not known to be clean.
                return Ok((worst.verdict.max(Verdict::Notable), "part of it could not be read".to_owned()));
            }
            Ok((worst.verdict, main_reason(worst)))
        });
        FromScan::Gate { question, verdict }
    }

    fn read(&self, paths: &[PathBuf]) -> Answer<ScanReport> {
        Ok(self.engine.scan(paths, &Cancel::default(), &mut |_| {})?)
    }
}

fn broke() -> Failure {
    Failure::new("the scan broke off", "Please report what was being scanned; nothing was changed.")
}

/// The main reason for a verdict, in a sentence.
pub(crate) fn main_reason(report: &PackageReport) -> String {
    report.findings.first().map_or_else(|| "nothing was found".to_owned(), |finding| finding.why.clone())
}
