//! `doorward feed`: which list of known-bad packages is in use, and newer ones.

use crate::args::FeedCommand;
use crate::describe::shown;
use crate::failure::Failure;
use crate::terminal::{self, Paint, put, put_json, put_line};
use doorward_protocol::data_dir;
use doorward_scan::feed::{FeedStatus, Installed, MAX_LIST, Origin, UpdateError};
use serde_json::json;
use std::fs;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

const SIGNATURE: &str = ".minisig";
const MAX_SIGNATURE: u64 = 64 * 1024;
const FETCH_TIME: Duration = Duration::from_secs(120);

pub(crate) fn run(command: FeedCommand) -> Result<ExitCode, Failure> {
    let folder = folder().ok_or_else(|| {
        Failure::new("finding your data folder: neither DOORWARD_DATA_DIR nor HOME is set")
            .hint("set DOORWARD_DATA_DIR to a folder of yours")
    })?;
    let lists = Installed::in_folder(folder);
    match command {
        FeedCommand::Status { json } => status(&lists.status(), json)?,
        FeedCommand::Update { from } => update(&lists, &from)?,
        FeedCommand::Trust { key } => trust(&lists, &key)?,
        FeedCommand::Reset => reset(&lists)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Where the user's own list is kept.
pub(crate) fn folder() -> Option<PathBuf> {
    Some(data_dir()?.join("feed"))
}

/// Says on standard error why an installed list is not in use.
pub(crate) fn warn() {
    let Some(status) = folder().map(|folder| Installed::in_folder(folder).status()) else { return };
    if let Some(problem) = &status.problem {
        let doing =
            format!("the list that you installed is not in use, but the built-in one of {}", status.issued);
        terminal::complain(&Failure::caused(doing, problem).hint(problem.hint()));
    }
}

fn status(status: &FeedStatus, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return put_json(&json!({
            "schema": 1,
            "origin": match &status.origin { Origin::BuiltIn => "built_in", Origin::Installed(_) => "installed" },
            "path": match &status.origin { Origin::BuiltIn => None, Origin::Installed(path) => Some(path) },
            "issued": status.issued,
            "entries": status.entries,
            "digest": status.digest,
            "problem": status.problem.as_ref().map(ToString::to_string),
        }));
    }
    let paint = Paint::stdout();
    let origin = match &status.origin {
        Origin::BuiltIn => "built in".to_owned(),
        Origin::Installed(path) => format!("installed in {}", shown(path)),
    };
    put(&format!(
        "{}  {origin}\n  issued   {}\n  entries  {}\n  digest   {}\n",
        paint.bold("known-bad packages"),
        status.issued,
        status.entries,
        status.digest
    ))?;
    if let Some(problem) = &status.problem {
        put(&format!("  {}  {problem}\n           {}\n", paint.amber("not used"), problem.hint()))?;
    }
    Ok(())
}

fn update(lists: &Installed, from: &str) -> Result<(), Failure> {
    let (list, signature) = (read(from, MAX_LIST)?, read(&format!("{from}{SIGNATURE}"), MAX_SIGNATURE)?);
    let before = lists.status();
    let after = lists
        .install(&list, &String::from_utf8_lossy(&signature))
        .map_err(|error| refused(&format!("taking the list from {from}"), &error))?;
    if after.digest == before.digest {
        return put_line(&format!("The list of {} is in use already.", after.issued));
    }
    put_line(&format!(
        "The list of {} is in use now: {} entries, {} before.",
        after.issued, after.entries, before.entries
    ))
}

fn trust(lists: &Installed, key: &str) -> Result<(), Failure> {
    let text = match fs::read_to_string(key) {
        Ok(text) => text,
        Err(_) if !Path::new(key).exists() => key.to_owned(),
        Err(error) => return Err(Failure::caused(format!("reading the key {key}"), &error)),
    };
    let key = lists.trust(&text).map_err(|error| refused("trusting a key", &error))?;
    put_line(&format!("Lists signed with {key} are taken from now on."))
}

fn reset(lists: &Installed) -> Result<(), Failure> {
    let was_there = lists.reset().map_err(|error| refused("going back to the built-in list", &error))?;
    let issued = lists.status().issued;
    put_line(&match was_there {
        true => format!("The built-in list of {issued} is in use again."),
        false => format!("The built-in list of {issued} was in use already."),
    })
}

fn refused(doing: &str, error: &UpdateError) -> Failure {
    Failure::caused(doing, error).hint(error.hint())
}

/// A file's content, or that of an address; at most `limit` bytes.
fn read(from: &str, limit: u64) -> Result<Vec<u8>, Failure> {
    if from.contains("://") {
        return fetch(from, limit);
    }
    let mut bytes = Vec::new();
    let read = fs::File::open(from).and_then(|file| file.take(limit + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        let hint = if from.ends_with(SIGNATURE) {
            "a list comes with its signature beside it, made by minisign -S"
        } else {
            "name a list, or an https address"
        };
        Failure::caused(format!("reading {from}"), &error).hint(hint)
    })?;
    match bytes.len() as u64 > limit {
        true => Err(Failure::new(format!("reading {from}: it is larger than {limit} bytes"))),
        false => Ok(bytes),
    }
}

fn fetch(address: &str, limit: u64) -> Result<Vec<u8>, Failure> {
    let failed = |error: ureq::Error| {
        Failure::caused(format!("fetching {address}"), &error)
            .hint("check the address and the network; nothing was changed")
    };
    if !address.starts_with("https://") && !is_local(address) {
        return Err(Failure::new(format!("fetching {address}: only https addresses are fetched"))
            .hint("name an https address, or a file"));
    }
    if std::io::stderr().is_terminal() {
        terminal::note(&format!("fetching {}\n", doorward_protocol::visible(address)));
    }
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(FETCH_TIME))
        .user_agent(concat!("doorward/", env!("CARGO_PKG_VERSION")))
        .build()
        .into();
    let mut answer = agent.get(address).call().map_err(failed)?;
    answer.body_mut().with_config().limit(limit).read_to_vec().map_err(failed)
}

/// This machine needs no encryption to itself.
fn is_local(address: &str) -> bool {
    let rest = address.strip_prefix("http://").unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    ["127.0.0.1", "localhost", "[::1]"].contains(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_without_encryption() {
        for local in ["http://127.0.0.1:8000/feed", "http://localhost/feed", "http://[::1]:80/x"] {
            assert!(is_local(local), "{local}");
        }
        for other in [
            "http://example.org/feed",
            "http://127.0.0.1.example.org/",
            "http://localhost@example.org/",
            "ftp://localhost/",
        ] {
            assert!(!is_local(other), "{other}");
        }
    }
}
