use super::{from_json, millis, signed, to_json};
use doorward_protocol::{Action, Event, EventKind, Importance};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

/// Events that nobody has looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Those of attention.
    pub attention: u32,
    /// Those of alarm.
    pub alarm: u32,
}

impl Unseen {
    /// All of them.
    pub fn total(self) -> u32 {
        self.attention.saturating_add(self.alarm)
    }
}

/// An event that comes a second time keeps its "seen" mark, and a question never overwrites its answer.
pub(crate) fn save(transaction: &Transaction<'_>, event: &Event) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "INSERT INTO events (id, time, kind, action, importance, event) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (id, time) DO UPDATE SET kind = excluded.kind, action = excluded.action,
                importance = excluded.importance, event = excluded.event
             WHERE excluded.action <> 'asked'",
        )?
        .execute(params![
            signed(event.id),
            millis(event.time),
            kind(event.kind),
            action(event.action),
            importance(event.importance),
            to_json(event)?,
        ])?;
    Ok(())
}

pub(crate) fn page(connection: &Connection, before: Option<u64>, limit: u32) -> rusqlite::Result<Vec<Event>> {
    let (time, id) = match before {
        Some(id) => place(connection, id)?,
        None => (i64::MAX, i64::MAX),
    };
    connection
        .prepare_cached(
            "SELECT event FROM events WHERE (time, id) < (?1, ?2) ORDER BY time DESC, id DESC LIMIT ?3",
        )?
        .query_map(params![time, id, limit], |row| from_json(0, &row.get::<_, String>(0)?))?
        .collect()
}

pub(crate) fn unseen(connection: &Connection) -> rusqlite::Result<Unseen> {
    connection.query_row(
        "SELECT count(*) FILTER (WHERE importance = 1), count(*) FILTER (WHERE importance = 2)
         FROM events WHERE seen = 0 AND importance > 0",
        [],
        |row| Ok(Unseen { attention: row.get(0)?, alarm: row.get(1)? }),
    )
}

pub(crate) fn acknowledge(transaction: &Transaction<'_>, up_to: u64) -> rusqlite::Result<()> {
    let (time, id) = place(transaction, up_to)?;
    transaction
        .execute("UPDATE events SET seen = 1 WHERE seen = 0 AND (time, id) <= (?1, ?2)", params![time, id])?;
    Ok(())
}

/// Where an event stands in time; for an id that is not stored, where it would stand.
fn place(connection: &Connection, id: u64) -> rusqlite::Result<(i64, i64)> {
    let nearest: Option<i64> = connection
        .prepare_cached("SELECT time FROM events WHERE id <= ?1 ORDER BY id DESC, time DESC LIMIT 1")?
        .query_row([signed(id)], |row| row.get(0))
        .optional()?;
    Ok((nearest.unwrap_or(0), signed(id)))
}

fn kind(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Read => "read",
        EventKind::Exec => "exec",
        EventKind::Guard => "guard",
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::Allowed => "allowed",
        Action::Denied => "denied",
        Action::Asked => "asked",
    }
}

fn importance(importance: Importance) -> i64 {
    match importance {
        Importance::Quiet => 0,
        Importance::Attention => 1,
        Importance::Alarm => 2,
    }
}
