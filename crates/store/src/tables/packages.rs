use super::{bytes, from_json, millis, rank, time, to_json};
use doorward_protocol::{PackageReport, ProjectPackage, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::path::Path;

/// Stands for "no project": a package in a cache, or one scanned by hand.
const ELSEWHERE: i64 = 0;

pub(crate) fn save(
    transaction: &Transaction<'_>,
    project: Option<i64>,
    report: &PackageReport,
    scanned: Timestamp,
) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO packages (project, ecosystem, name, path, purl, verdict, score, scanned, report)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (project, path, ecosystem, name) DO UPDATE SET purl = excluded.purl,
                verdict = excluded.verdict, score = excluded.score, scanned = excluded.scanned,
                report = excluded.report",
        )?
        .execute(params![
            project.unwrap_or(ELSEWHERE),
            report.ecosystem.as_str(),
            report.name,
            bytes(&report.path),
            report.purl,
            rank(report.verdict),
            report.score,
            millis(scanned),
            to_json(report)?,
        ])?;
    Ok(())
}

pub(crate) fn forget(transaction: &Transaction<'_>, project: i64) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM packages WHERE project = ?1", [project])?;
    Ok(())
}

pub(crate) fn of(connection: &Connection, project: Option<i64>) -> rusqlite::Result<Vec<ProjectPackage>> {
    connection
        .prepare_cached(
            "SELECT project, scanned, report FROM packages WHERE ?1 IS NULL OR project = ?1
             ORDER BY verdict DESC, score DESC, name, path",
        )?
        .query_map([project], from_row)?
        .collect()
}

pub(crate) fn known(
    connection: &Connection,
    purl: &str,
    path: &Path,
) -> rusqlite::Result<Option<PackageReport>> {
    let json: Option<String> = connection
        .prepare_cached(
            "SELECT report FROM packages WHERE purl = ?1 AND path = ?2 ORDER BY scanned DESC LIMIT 1",
        )?
        .query_row(params![purl, bytes(path)], |row| row.get(0))
        .optional()?;
    json.map(|json| from_json(0, &json)).transpose()
}

fn from_row(row: &Row<'_>) -> rusqlite::Result<ProjectPackage> {
    let project: i64 = row.get(0)?;
    let json: String = row.get(2)?;
    Ok(ProjectPackage {
        project: (project != ELSEWHERE).then_some(project),
        scanned: time(row.get(1)?),
        report: from_json(2, &json)?,
    })
}
