//! `doorward projects`.

use crate::args::ProjectsCommand;
use crate::describe::shown;
use crate::failure::Failure;
use crate::scan;
use crate::terminal::{self, Paint, put, put_json, put_line};
use crate::vault::data_folder;
use doorward_protocol::{Project, Timestamp, Verdict};
use doorward_store::{Store, StoreError};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(crate) fn run(command: ProjectsCommand) -> Result<ExitCode, Failure> {
    let paint = Paint::stdout();
    match command {
        ProjectsCommand::List { json } => list(json, paint)?,
        ProjectsCommand::Add { path } => {
            let project = open()?.writer.add_project(&path).map_err(failed)?;
            put_line(&format!("{} is watched from now on.", shown(&project.path)))?;
        }
        ProjectsCommand::Remove { path } => {
            let store = open()?;
            let project = find(&store, &path)?;
            store.writer.remove_project(project.id).map_err(failed)?;
            put_line(&format!("{} is no longer watched.", shown(&project.path)))?;
        }
        ProjectsCommand::Discover { root, add } => discover(root, add)?,
        ProjectsCommand::Watch => return crate::watch::run(),
        ProjectsCommand::Scan { path } => {
            let store = open()?;
            let projects = match path {
                Some(path) => vec![find(&store, &path)?],
                None => store.reader.projects().map_err(failed)?,
            };
            if projects.is_empty() {
                return Err(Failure::new("scanning projects: none is watched")
                    .hint("add one with `doorward projects add FOLDER`"));
            }
            let mut worst = Verdict::Clean;
            for project in projects {
                worst = worst.max(scan_one(&store, &project, paint)?);
            }
            return Ok(if worst == Verdict::Malicious { ExitCode::from(1) } else { ExitCode::SUCCESS });
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(json: bool, paint: Paint) -> Result<(), Failure> {
    let projects = open()?.reader.projects().map_err(failed)?;
    for project in &projects {
        if json { put_json(project)? } else { put_line(&described(project, paint))? }
    }
    if projects.is_empty() && !json {
        put_line("No project is watched. `doorward projects discover` finds likely ones.")?;
    }
    Ok(())
}

fn discover(root: Option<PathBuf>, add: bool) -> Result<(), Failure> {
    let root = match root.or_else(|| std::env::var_os("HOME").map(PathBuf::from)) {
        Some(root) => root.canonicalize().map_err(|error| {
            Failure::caused(format_args!("looking for projects: {}", root.display()), &error)
        })?,
        None => return Err(Failure::new("looking for projects: HOME is not set").hint("name a folder")),
    };
    let found = doorward_watch::discover(&root);
    let store = if add { Some(open()?) } else { None };
    for path in &found {
        put_line(&shown(path))?;
        if let Some(store) = &store
            && let Err(error) = store.writer.add_project(path)
        {
            terminal::complain(&failed(error));
        }
    }
    if found.is_empty() {
        put_line(&format!("Nothing below {} looks like a project.", shown(&root)))?;
    }
    Ok(())
}

fn scan_one(store: &Store, project: &Project, paint: Paint) -> Result<Verdict, Failure> {
    let report = scan::scan(std::slice::from_ref(&project.path), true, true, None)?;
    store.writer.save_scan(Some(project.id), &report, Timestamp::now()).map_err(failed)?;
    put_line(&paint.bold(&shown(&project.path)))?;
    put(&scan::summary(&report, paint))?;
    Ok(report.packages.iter().map(|package| package.verdict).max().unwrap_or(Verdict::Clean))
}

fn described(project: &Project, paint: Paint) -> String {
    let verdict = match project.worst {
        None => paint.dim("not scanned yet"),
        Some(Verdict::Clean) => paint.teal("clean"),
        Some(Verdict::Notable) => paint.bold("notable"),
        Some(Verdict::Suspicious) => paint.amber("suspicious"),
        Some(Verdict::Malicious) => paint.red("malicious"),
    };
    let when = project.last_scan.map_or_else(String::new, |time| format!("  scanned {time}"));
    format!("{}  {verdict}{}", shown(&project.path), paint.dim(&when))
}

fn find(store: &Store, path: &Path) -> Result<Project, Failure> {
    // A folder that is gone can still be taken off the list by the name it had.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let path = path.canonicalize().unwrap_or(path);
    let projects = store.reader.projects().map_err(failed)?;
    projects.into_iter().find(|project| project.path == path).ok_or_else(|| {
        Failure::new(format!("finding the project: {}: it is not watched", path.display()))
            .hint("`doorward projects list` shows the watched folders")
    })
}

/// The user's database; tells on standard error where an unusable one was set aside.
pub(crate) fn open() -> Result<Store, Failure> {
    let opened = Store::open(&data_folder()?).map_err(failed)?;
    if let Some(path) = opened.set_aside {
        terminal::complain(
            &Failure::new(format!(
                "opening your database: it could not be used and was kept as {}",
                path.display()
            ))
            .hint("add your projects again; nothing was deleted"),
        );
    }
    Ok(opened.store)
}

pub(crate) fn failed(error: StoreError) -> Failure {
    let hint = error.hint.clone();
    Failure::caused("projects", &error).hint(hint)
}
