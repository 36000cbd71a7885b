//! `doorward projects watch`: what the app does in the background, for machines without a display.

use crate::describe::shown;
use crate::failure::Failure;
use crate::projects::{failed, open};
use crate::scan::{self, cache_file};
use crate::terminal::{self, Paint, put, put_line};
use doorward_protocol::{Verdict, visible};
use doorward_scan::{Cancel, ScanOptions};
use doorward_store::Store;
use doorward_watch::{Arrival, WatchConfig, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;

/// Follows the watched projects and the package caches until it is interrupted.
pub(crate) fn run() -> Result<ExitCode, Failure> {
    let store = open()?;
    let home = std::env::var_os("HOME").map(PathBuf::from).ok_or_else(|| {
        Failure::new("watching for new packages: HOME is not set").hint("set HOME to your home folder")
    })?;
    let projects: Vec<PathBuf> =
        store.reader.projects().map_err(failed)?.into_iter().map(|project| project.path).collect();
    let (sender, arrivals) = mpsc::channel();
    let config = WatchConfig { projects: projects.clone(), home, caches: true };
    let _watcher = Watcher::start(config, move |batch| {
        // The other end only goes away with the process.
        let _ = sender.send(batch);
    })
    .map_err(|error| {
        let hint = error.hint.clone();
        Failure::caused("watching for new packages", &error).hint(hint)
    })?;
    put_line(&format!(
        "Watching {} {} and the package caches; what arrives is scanned. Ctrl-C ends.",
        projects.len(),
        if projects.len() == 1 { "project" } else { "projects" }
    ))?;
    while let Ok(batch) = arrivals.recv() {
        let mut by_project: BTreeMap<Option<PathBuf>, BTreeSet<PathBuf>> = BTreeMap::new();
        for arrival in batch {
            match arrival {
                Arrival::Package { path, project, .. } => {
                    by_project.entry(project).or_default().insert(path);
                }
                Arrival::ProjectFile { project, .. } => {
                    by_project.entry(Some(project.clone())).or_default().insert(project);
                }
                Arrival::ProjectGone { project } => {
                    put_line(&format!("{} is gone and no longer watched.", shown(&project)))?;
                }
                Arrival::Trouble { message, hint } => terminal::complain(&Failure::new(message).hint(hint)),
                // The install tree that follows a lockfile is told by itself.
                Arrival::Lockfile { .. } => {}
            }
        }
        for (project, paths) in by_project {
            if let Err(failure) = arrived(&store, project, paths) {
                terminal::complain(&failure);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Scans what arrived in one place, stores the verdicts and prints what is worth reading.
fn arrived(store: &Store, project: Option<PathBuf>, paths: BTreeSet<PathBuf>) -> Result<(), Failure> {
    let known = store.reader.projects().map_err(failed)?;
    let id =
        project.and_then(|path| known.into_iter().find(|known| known.path == path)).map(|known| known.id);
    let options = ScanOptions { cache: cache_file(), lists: crate::feed::folder(), ..ScanOptions::default() };
    let report = doorward_scan::scan(&Vec::from_iter(paths), &options, &Cancel::default(), &mut |_| {})
        .map_err(|error| scan::failed(&error))?;
    for package in &report.packages {
        store.writer.save_package(id, package).map_err(failed)?;
        if package.verdict == Verdict::Clean && package.unscanned.is_empty() {
            put_line(&format!("clean  {} ({})", visible(&package.package().to_string()), package.ecosystem))?;
        }
    }
    put(&scan::flagged(&report, Paint::stdout()))
}
