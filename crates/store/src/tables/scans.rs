use super::{millis, packages, rank, to_json};
use doorward_protocol::{ScanReport, Timestamp, Today, Verdict};
use rusqlite::{Connection, Transaction, params};

pub(crate) fn save(
    transaction: &Transaction<'_>,
    project: Option<i64>,
    report: &ScanReport,
    finished: Timestamp,
) -> rusqlite::Result<()> {
    if let Some(project) = project {
        packages::forget(transaction, project)?;
    }
    for package in &report.packages {
        packages::save(transaction, project, package, finished)?;
    }
    let worst = report.packages.iter().map(|package| package.verdict).max();
    transaction.execute(
        "INSERT INTO scans (project, finished, worst, summary) VALUES (?1, ?2, ?3, ?4)",
        params![project, millis(finished), worst.map(rank), to_json(&report.summary)?],
    )?;
    Ok(())
}

pub(crate) fn today(connection: &Connection, midnight: Timestamp) -> rusqlite::Result<Today> {
    let (reads, denied) = connection.query_row(
        "SELECT count(*), count(*) FILTER (WHERE action = 'denied')
         FROM events WHERE time >= ?1 AND kind = 'read'",
        [millis(midnight)],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let (scanned, flagged) = connection.query_row(
        "SELECT count(*), count(*) FILTER (WHERE verdict >= ?2) FROM packages WHERE scanned >= ?1",
        params![millis(midnight), rank(Verdict::Suspicious)],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(Today { reads, denied, scanned, flagged })
}
