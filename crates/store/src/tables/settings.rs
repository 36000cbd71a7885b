use super::{from_json, to_json};
use doorward_protocol::Settings;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// One document: a new setting is a new field with a default, not a migration.
const NAME: &str = "settings";

pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Settings> {
    let json: Option<String> = connection
        .query_row("SELECT value FROM settings WHERE name = ?1", [NAME], |row| row.get(0))
        .optional()?;
    json.map_or_else(|| Ok(Settings::default()), |json| from_json(0, &json))
}

pub(crate) fn save(transaction: &Transaction<'_>, settings: &Settings) -> rusqlite::Result<()> {
    transaction.execute(
        "INSERT INTO settings (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![NAME, to_json(settings)?],
    )?;
    Ok(())
}
