//! Projects, their scans, and packages that arrive by themselves.

use super::{Controller, FeatureName, Flagged, Shell, Told};
use crate::failure::{Answer, Failure};
use crate::notify::{About, Note, NoteAction};
use crate::scans::{FromScan, Stopped, main_reason};
use doorward_protocol::{
    Control, PackageReport, Project, ProjectState, RequestBody, ScanProgress, Verdict, visible,
};
use doorward_watch::Arrival;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

impl<S: Shell> Controller<S> {
    pub(super) fn add_project(&mut self, path: &Path) -> Answer<Project> {
        let project = self.tools.store.writer.add_project(path)?;
        self.reload_projects()?;
        // A new project is looked at without anybody asking.
        let _ = self.start_scan(project.id);
        self.project(project.id).cloned().ok_or_else(gone)
    }

    pub(super) fn remove_project(&mut self, id: i64) -> Answer<()> {
        self.tools.scans.cancel(id);
        if !self.tools.store.writer.remove_project(id)? {
            return Err(gone());
        }
        self.flagged.retain(|_, flagged| flagged.project != Some(id));
        self.stale = true;
        self.reload_projects()
    }

    fn reload_projects(&mut self) -> Answer<()> {
        let states: BTreeMap<i64, ProjectState> =
            self.projects.drain(..).map(|project| (project.id, project.state)).collect();
        self.projects = self.tools.store.reader.projects()?;
        for project in &mut self.projects {
            if let Some(state) = states.get(&project.id) {
                project.state = state.clone();
            }
        }
        (self.tools.watch_projects)(self.projects.iter().map(|project| project.path.clone()).collect());
        self.tell_projects();
        Ok(())
    }

    fn project(&self, id: i64) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    fn project_at(&self, path: &Path) -> Option<i64> {
        self.projects.iter().find(|project| project.path == path).map(|project| project.id)
    }

    pub(super) fn start_scan(&mut self, id: i64) -> Answer<()> {
        let path = self.project(id).ok_or_else(gone)?.path.clone();
        if self.tools.scans.scan_project(id, path) {
            self.set_state(id, ProjectState::Scanning { done: 0, total: 0 });
        }
        Ok(())
    }

    fn set_state(&mut self, id: i64, state: ProjectState) {
        if let Some(project) = self.projects.iter_mut().find(|project| project.id == id) {
            project.state = state;
            self.shell.tell(Told::Project(Box::new(project.clone())));
        }
    }

    pub(super) fn scanned(&mut self, message: FromScan) {
        match message {
            FromScan::Progress { project, progress } => {
                let state = match &progress {
                    ScanProgress::Found { total } => ProjectState::Scanning { done: 0, total: *total },
                    ScanProgress::Done { done, total, .. } => {
                        ProjectState::Scanning { done: *done, total: *total }
                    }
                };
                if let Some(known) = self.projects.iter_mut().find(|known| known.id == project) {
                    known.state = state;
                }
                self.shell.tell(Told::Scan { project, progress });
            }
            FromScan::ProjectDone { project, flagged } => self.project_scanned(project, flagged),
            FromScan::Arrived { project, reports } => self.arrivals_scanned(project, reports),
            FromScan::Gate { question, verdict } => match verdict {
                Ok((verdict, why)) => self.ask_guard(
                    RequestBody::Control(Control::GateVerdict {
                        question: question.id,
                        path: question.path,
                        verdict,
                        why,
                    }),
                    "A verdict did not reach the guard",
                ),
                // No verdict is not a clean one: the guard decides by itself at the deadline.
                Err(failure) => tracing::warn!(message = failure.message, "no verdict for the guard"),
            },
        }
    }

    fn project_scanned(&mut self, id: i64, flagged: Result<Vec<PackageReport>, Stopped>) {
        self.tools.scans.finished(id);
        self.stale = true;
        let state = match flagged {
            Ok(reports) => {
                self.scanner_works();
                for report in reports {
                    self.flag(Some(id), &report, true);
                }
                ProjectState::Watching
            }
            Err(Stopped::Cancelled) => ProjectState::Watching,
            Err(Stopped::Failed(failure)) => {
                self.tell_failure("A project was not scanned", &failure);
                ProjectState::Unavailable { reason: reason(&failure) }
            }
        };
        match self.tools.store.reader.project(id) {
            Ok(Some(fresh)) => {
                if let Some(known) = self.projects.iter_mut().find(|known| known.id == id) {
                    *known = fresh;
                }
            }
            Ok(None) => {}
            Err(error) => self.database_failed(&error),
        }
        self.set_state(id, state);
    }

    fn arrivals_scanned(&mut self, project: Option<i64>, reports: Result<Vec<PackageReport>, Failure>) {
        self.stale = true;
        match reports {
            Ok(reports) => {
                self.scanner_works();
                for report in &reports {
                    self.flag(project, report, false);
                }
                if let Some(project) = project.and_then(|id| self.project(id).cloned()) {
                    self.shell.tell(Told::Project(Box::new(project)));
                }
            }
            Err(failure) => {
                self.features.insert(FeatureName::Scanner, (false, reason(&failure)));
            }
        }
    }

    fn scanner_works(&mut self) {
        self.features.insert(FeatureName::Scanner, (true, "New packages are read in a sandbox.".to_owned()));
    }

    /// Tells the user and the guard about a package that is not what it should be. A scan somebody
    /// asked for and watches needs no notification below malicious.
    fn flag(&mut self, project: Option<i64>, report: &PackageReport, asked_for: bool) {
        let loud = report.verdict >= self.settings.notify_from.max(Verdict::Notable);
        if report.verdict < Verdict::Suspicious {
            if loud && !asked_for {
                self.notify_package(report);
            }
            return;
        }
        let why = main_reason(report);
        let known = self.flagged.get(&report.path);
        let news = known.is_none_or(|known| known.verdict != report.verdict);
        let seen = known.is_some_and(|known| known.seen) && !news;
        self.flagged.insert(
            report.path.clone(),
            Flagged { project, package: report.package(), verdict: report.verdict, why: why.clone(), seen },
        );
        if self.guard.is_some() {
            let verdict =
                Control::GateVerdict { question: 0, path: report.path.clone(), verdict: report.verdict, why };
            self.ask_guard(RequestBody::Control(verdict), "A verdict did not reach the guard");
        }
        if report.verdict == Verdict::Malicious && self.settings.quarantine_malicious {
            self.lock_away(report.path.clone());
        } else if news && loud && (!asked_for || report.verdict == Verdict::Malicious) {
            self.notify_package(report);
        }
    }

    fn notify_package(&mut self, report: &PackageReport) {
        let package = report.package();
        let sentence = format!("{package} is {}: {}", report.verdict.as_str(), main_reason(report));
        let key = format!("package {}", report.verdict.as_str());
        if !self.calm.admits(&key, &sentence, tokio::time::Instant::now()) {
            return;
        }
        let malicious = report.verdict == Verdict::Malicious;
        let mut actions = vec![("Show", NoteAction::ShowProjects)];
        if malicious {
            actions.insert(0, ("Lock away", NoteAction::LockAway(report.path.clone())));
        }
        self.notify(Note {
            about: About::Package(report.path.clone()),
            title: format!("A {} package arrived", report.verdict.as_str()),
            body: sentence,
            urgent: malicious,
            actions,
        });
    }

    pub(super) fn seen_packages(&mut self, project: Option<i64>) {
        let mut news = false;
        for flagged in self.flagged.values_mut().filter(|flagged| flagged.project == project) {
            news |= !std::mem::replace(&mut flagged.seen, true);
        }
        if news && let Err(error) = self.tools.store.writer.look_at_packages(project) {
            self.database_failed(&error);
        }
    }

    pub(super) fn arrive(&mut self, arrivals: Vec<Arrival>) {
        let mut packages: BTreeMap<Option<i64>, Vec<PathBuf>> = BTreeMap::new();
        for arrival in arrivals {
            match arrival {
                Arrival::Package { path, project, .. } => {
                    let project = project.and_then(|path| self.project_at(&path));
                    packages.entry(project).or_default().push(path);
                }
                // A lockfile names packages that no install has fetched yet, and instruction files
                // belong to the project itself: the whole project is looked at again.
                Arrival::Lockfile { project, .. } | Arrival::ProjectFile { project, .. } => {
                    if let Some(id) = self.project_at(&project) {
                        let _ = self.start_scan(id);
                    }
                }
                Arrival::ProjectGone { project } => {
                    if let Some(id) = self.project_at(&project) {
                        let reason = "The folder is gone. Put it back, or remove the project.".to_owned();
                        self.set_state(id, ProjectState::Unavailable { reason });
                    }
                }
                Arrival::Trouble { message, hint } => {
                    self.features.insert(FeatureName::Watching, (false, format!("{message} {hint}")));
                }
            }
        }
        for (project, paths) in packages {
            self.tools.scans.scan_arrivals(project, paths);
        }
    }
}

fn gone() -> Failure {
    Failure::new("that project is not in the list", "It may have been removed; open the list again.")
}

fn reason(failure: &Failure) -> String {
    format!("{}. {}", visible(&failure.message), failure.hint)
}
