use super::{bytes, from_json, millis, rank, time, to_json};
use doorward_protocol::{PackageReport, ProjectPackage, Timestamp, Verdict};
use rusqlite::{Connection, Row, Transaction, params};
use std::path::Path;

/// A package that a scan called suspicious or malicious.
#[derive(Debug, Clone, PartialEq)]
pub struct Flagged {
    /// What the scan said of it, and where it is.
    pub package: ProjectPackage,
    /// Whether the user has looked at it since it had this verdict.
    pub looked_at: bool,
}

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
            "SELECT project, scanned, report FROM packages WHERE project = ?1
             ORDER BY verdict DESC, score DESC, name, path",
        )?
        .query_map([project.unwrap_or(ELSEWHERE)], from_row)?
        .collect()
}

pub(crate) fn flagged(connection: &Connection) -> rusqlite::Result<Vec<Flagged>> {
    connection
        .prepare_cached(
            "SELECT project, scanned, report, EXISTS (SELECT 1 FROM looked_at
                WHERE looked_at.path = packages.path AND looked_at.verdict = packages.verdict)
             FROM packages WHERE verdict >= ?1 ORDER BY verdict DESC, score DESC, name, path",
        )?
        .query_map([rank(Verdict::Suspicious)], |row| {
            Ok(Flagged { package: from_row(row)?, looked_at: row.get(3)? })
        })?
        .collect()
}

pub(crate) fn knows(connection: &Connection, path: &Path) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM packages WHERE path = ?1)
                 OR EXISTS (SELECT 1 FROM events WHERE event ->> '$.package.path' = ?2)",
        )?
        .query_row(params![bytes(path), path.to_str()], |row| row.get(0))
}

/// Also forgets what was looked at and is no longer there.
pub(crate) fn look_at(transaction: &Transaction<'_>, project: Option<i64>) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM looked_at WHERE path NOT IN (SELECT path FROM packages)", [])?;
    transaction.execute(
        "INSERT OR REPLACE INTO looked_at (path, verdict)
         SELECT path, max(verdict) FROM packages
         WHERE verdict >= ?1 AND project = ?2 GROUP BY path",
        params![rank(Verdict::Suspicious), project.unwrap_or(ELSEWHERE)],
    )?;
    Ok(())
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
