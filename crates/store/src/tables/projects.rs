use super::{bytes, from_json, millis, packages, path, time, verdict};
use doorward_protocol::{Ecosystem, Project, ProjectState, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::path::Path;

const SELECT: &str = "
    SELECT project.id, project.path, project.added, scan.finished, scan.summary, scan.worst
    FROM projects AS project
    LEFT JOIN scans AS scan ON scan.id = (
        SELECT id FROM scans WHERE scans.project = project.id ORDER BY finished DESC, id DESC LIMIT 1)";

/// Which files in a project's root tell of which ecosystem.
const SIGNS: &[(Ecosystem, &[&str])] = &[
    (Ecosystem::Npm, &["package.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock"]),
    (
        Ecosystem::Pypi,
        &["pyproject.toml", "setup.py", "requirements.txt", "uv.lock", "poetry.lock", "Pipfile", ".venv"],
    ),
    (Ecosystem::Cargo, &["Cargo.toml", "Cargo.lock"]),
];

pub(crate) fn all(connection: &Connection) -> rusqlite::Result<Vec<Project>> {
    let mut statement = connection.prepare_cached(SELECT)?;
    let mut projects = statement.query_map([], from_row)?.collect::<rusqlite::Result<Vec<_>>>()?;
    projects.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    Ok(projects)
}

pub(crate) fn one(connection: &Connection, id: i64) -> rusqlite::Result<Option<Project>> {
    connection
        .prepare_cached(&format!("{SELECT} WHERE project.id = ?1"))?
        .query_row([id], from_row)
        .optional()
}

pub(crate) fn add(
    transaction: &Transaction<'_>,
    folder: &Path,
    added: Timestamp,
) -> rusqlite::Result<Project> {
    transaction.execute(
        "INSERT INTO projects (path, added) VALUES (?1, ?2)",
        params![bytes(folder), millis(added)],
    )?;
    let id = transaction.last_insert_rowid();
    one(transaction, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)
}

pub(crate) fn remove(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<bool> {
    packages::forget(transaction, id)?;
    Ok(transaction.execute("DELETE FROM projects WHERE id = ?1", [id])? > 0)
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<Project> {
    let folder = path(row.get(1)?);
    let summary: Option<String> = row.get(4)?;
    Ok(Project {
        id: row.get(0)?,
        name: folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        ecosystems: ecosystems(&folder),
        added: time(row.get(2)?),
        last_scan: row.get::<_, Option<i64>>(3)?.map(time),
        summary: summary.as_deref().map(|json| from_json(4, json)).transpose()?,
        worst: row.get::<_, Option<i64>>(5)?.map(verdict),
        state: state(&folder),
        path: folder,
    })
}

/// Only what the disk says; whether a scan runs, the caller knows better.
fn state(folder: &Path) -> ProjectState {
    if folder.is_dir() {
        ProjectState::Watching
    } else {
        ProjectState::Unavailable {
            reason: "The folder is not there. Put it back, or remove the project from the list.".into(),
        }
    }
}

fn ecosystems(folder: &Path) -> Vec<Ecosystem> {
    SIGNS
        .iter()
        .filter(|(_, signs)| signs.iter().any(|sign| folder.join(sign).exists()))
        .map(|(ecosystem, _)| *ecosystem)
        .collect()
}
