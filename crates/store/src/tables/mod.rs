//! One file per table: the only places that speak SQL.

pub(crate) mod events;
pub(crate) mod packages;
pub(crate) mod projects;
pub(crate) mod scans;
pub(crate) mod settings;

pub use events::Unseen;
pub use packages::Flagged;

use doorward_protocol::{Timestamp, Verdict};
use rusqlite::types::Type;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// SQLite counts in signed numbers.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn millis(time: Timestamp) -> i64 {
    signed(time.millis())
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}

/// Paths are bytes: not every one of them is text.
fn bytes(path: &Path) -> &[u8] {
    OsStr::as_bytes(path.as_os_str())
}

fn path(bytes: Vec<u8>) -> PathBuf {
    std::ffi::OsString::from_vec(bytes).into()
}

fn to_json(value: &impl Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn from_json<T: DeserializeOwned>(column: usize, json: &str) -> rusqlite::Result<T> {
    serde_json::from_str(json)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

fn rank(verdict: Verdict) -> i64 {
    match verdict {
        Verdict::Clean => 0,
        Verdict::Notable => 1,
        Verdict::Suspicious => 2,
        Verdict::Malicious => 3,
    }
}

fn verdict(rank: i64) -> Verdict {
    match rank {
        i64::MIN..=0 => Verdict::Clean,
        1 => Verdict::Notable,
        2 => Verdict::Suspicious,
        _ => Verdict::Malicious,
    }
}
