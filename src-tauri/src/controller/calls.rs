//! What the windows ask for. What takes time is done beside the controller, which never waits.

use super::{Call, Controller, Reply, Shell, Told};
use crate::failure::{Answer, Failure};
use doorward_protocol::{Control, Settings, Timestamp};
use doorward_store::Reader;
use std::path::{Path, PathBuf};

/// Events in one page at the most.
const LONGEST_PAGE: u32 = 1000;

impl<S: Shell> Controller<S> {
    pub(super) fn serve(&mut self, call: Call) {
        match call {
            Call::Desk(reply) => answer(reply, || Ok(self.desk(Timestamp::now()))),
            Call::Events { before, limit, reply } => {
                self.save_events();
                let before = (before > 0).then_some(before);
                answer(reply, || Ok(self.tools.store.reader.events(before, limit.min(LONGEST_PAGE))?));
            }
            Call::Acknowledge { up_to, reply } => {
                self.save_events();
                self.stale = true;
                answer(reply, || Ok(self.tools.store.writer.acknowledge(up_to)?));
            }
            Call::Answer { event, allow, expiry, reply } => {
                self.control(Control::Answer { event, allow, expiry }, reply);
            }
            Call::SetPolicy { policy, reply } => self.control(Control::SetPolicy(policy), reply),
            Call::Pause { seconds, reply } => self.control(Control::Pause { seconds }, reply),
            Call::Resume(reply) => self.control(Control::Resume, reply),
            Call::AddRule { draft, reply } => self.control(Control::AddRule(draft), reply),
            Call::RemoveRule { id, reply } => self.control(Control::RemoveRule(id), reply),
            Call::PlantDecoy { kind, reply } => self.plant_decoy(kind, reply),
            Call::RemoveDecoy { path, reply } => self.remove_decoy(path, reply),
            Call::Projects(reply) => answer(reply, || Ok(self.projects.clone())),
            Call::ChooseFolder(reply) => self.shell.choose_folder(reply),
            Call::AddProject { path, reply } => {
                let outcome = self.add_project(&path);
                if let Ok(project) = &outcome {
                    self.shell.tell(Told::Project(Box::new(project.clone())));
                }
                answer(reply, || outcome);
            }
            Call::RemoveProject { id, reply } => {
                let outcome = self.remove_project(id);
                answer(reply, || outcome);
            }
            Call::DiscoverProjects(reply) => self.discover(reply),
            Call::Packages { project, reply } => {
                self.seen_packages(project);
                let reader = self.tools.store.reader.clone();
                beside(reply, move || Ok(reader.packages(project)?));
            }
            Call::StartScan { project, reply } => {
                let outcome = self.start_scan(project);
                answer(reply, || outcome);
            }
            Call::CancelScan { project, reply } => {
                self.tools.scans.cancel(project);
                answer(reply, || Ok(()));
            }
            Call::Excerpt { package_path, file, line, reply } => {
                let (engine, reader) = (self.tools.engine.clone(), self.tools.store.reader.clone());
                beside(reply, move || {
                    known(&reader, &package_path)?;
                    Ok(engine.excerpt(&package_path, &file, line)?)
                });
            }
            Call::Quarantine(reply) => answer(reply, || Ok(self.sealed.clone())),
            Call::Seal { path, package, reason, reply } => match known(&self.tools.store.reader, &path) {
                Ok(()) => self.seal(path, package, reason, reply),
                Err(failure) => answer(reply, || Err(failure)),
            },
            Call::ReviewSealed { id, reply } => self.look_in_vault(move |vault| vault.review(&id), reply),
            Call::ReadSealed { id, file, reply } => {
                self.look_in_vault(move |vault| vault.read(&id, &file), reply);
            }
            Call::RestoreSealed { id, reply } => self.restore(id, reply),
            Call::DeleteSealed { id, reply } => self.delete(id, reply),
            Call::KnownBad(reply) => {
                let engine = self.tools.engine.clone();
                beside(reply, move || Ok(engine.known_bad()));
            }
            Call::Settings(reply) => answer(reply, || Ok(self.settings.clone())),
            Call::SaveSettings { settings, reply } => {
                let outcome = self.save_settings(settings);
                answer(reply, || outcome);
            }
        }
    }

    fn discover(&self, reply: Reply<Vec<PathBuf>>) {
        let home = self.tools.home.clone();
        let known: Vec<PathBuf> = self.projects.iter().map(|project| project.path.clone()).collect();
        beside(reply, move || {
            let mut found = doorward_watch::discover(&home);
            found.retain(|path| !known.contains(path));
            Ok(found)
        });
    }

    fn save_settings(&mut self, settings: Settings) -> Answer<()> {
        self.tools.store.writer.save_settings(&settings)?;
        if settings.autostart != self.settings.autostart {
            self.tools.autostart.set(settings.autostart)?;
        }
        self.settings = settings;
        Ok(())
    }
}

/// A window names packages it was told of; whatever else it names is none of its business.
fn known(reader: &Reader, package: &Path) -> Answer<()> {
    if reader.knows(package)? {
        return Ok(());
    }
    Err(Failure::new(
        format!("no scan and no event told of a package at {}", package.display()),
        "Scan its project first.",
    ))
}

fn answer<T>(reply: Reply<T>, work: impl FnOnce() -> Answer<T>) {
    // A window that was closed meanwhile does not want the answer any more.
    let _ = reply.send(work());
}

fn beside<T: Send + 'static>(reply: Reply<T>, work: impl FnOnce() -> Result<T, Failure> + Send + 'static) {
    tokio::task::spawn_blocking(move || answer(reply, work));
}
