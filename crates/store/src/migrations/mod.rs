//! The ladder from an empty file to the present shape. A step that was released never changes again;
//! a new shape is a new file and one more line here.

use rusqlite::{Connection, TransactionBehavior};

const STEPS: &[&str] = &[include_str!("v1.sql"), include_str!("v2.sql")];

/// The shape this version writes.
pub(crate) const VERSION: u32 = STEPS.len() as u32;

pub(crate) fn version(connection: &Connection) -> rusqlite::Result<u32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Climbs whatever steps are missing, all or none; of two processes that try, the second finds the work done.
pub(crate) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    if version(connection)? == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let from = version(&transaction)? as usize;
    for step in STEPS.iter().skip(from) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()
}

/// Whether the tables are there that the version number promises.
pub(crate) fn complete(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT count(*) = 6 FROM sqlite_schema WHERE type = 'table'
         AND name IN ('projects', 'packages', 'scans', 'events', 'settings', 'looked_at')",
        [],
        |row| row.get(0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};

    /// Databases out there have climbed these steps: whoever edits one breaks them.
    const FROZEN: &[&str] = &[
        "33a6aa0c239290406314a955549d49442003695d4c2749f38d2769653095c7b1",
        "02aedb0172e764148c5198990116f8db54741ff77e24f8c6761c4471d55e5163",
    ];

    #[test]
    fn released_steps_never_change() {
        let now: Vec<String> = STEPS.iter().map(|step| format!("{:x}", Sha256::digest(step))).collect();
        assert_eq!(now, FROZEN);
    }

    #[test]
    fn climbing_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().expect("a database");
        assert!(!complete(&connection).expect("a look"));
        migrate(&mut connection).expect("climb");
        migrate(&mut connection).expect("climb again");
        assert_eq!(version(&connection).expect("a version"), VERSION);
        assert!(complete(&connection).expect("a look"));
    }
}
