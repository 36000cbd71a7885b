//! `doorward quarantine`.

use crate::args::QuarantineCommand;
use crate::describe::shown;
use crate::failure::Failure;
use crate::scan;
use crate::terminal::{Paint, put_json, put_line};
use crate::vault::{failed, open, warn_about_key};
use doorward_protocol::{SealReason, SealedEntry, SealedItem, SealedState, visible};
use std::path::Path;
use std::process::ExitCode;

pub(crate) fn run(command: QuarantineCommand) -> Result<ExitCode, Failure> {
    let paint = Paint::stdout();
    match command {
        QuarantineCommand::List { json } => list(json, paint)?,
        QuarantineCommand::Seal { path, reason } => {
            let item = seal(&path, reason)?;
            put_line(&format!(
                "{} is locked away as {}. `doorward quarantine restore {}` brings it back.",
                shown(&item.origin),
                paint.bold(&visible(&item.id)),
                visible(&item.id)
            ))?;
        }
        QuarantineCommand::Review { id, json } => {
            for entry in open()?.review(&id).map_err(failed)? {
                if json { put_json(&entry)? } else { put_line(&described(&entry))? }
            }
        }
        QuarantineCommand::Show { id, file } => {
            let excerpt = open()?.read(&id, &file).map_err(failed)?;
            for (line, number) in excerpt.lines.iter().zip(excerpt.first_line..) {
                put_line(&format!("{} {}", paint.dim(&format!("{number:>5} │")), visible(line)))?;
            }
            if excerpt.more {
                put_line(&paint.dim("      … the file goes on"))?;
            }
        }
        QuarantineCommand::Restore { id } => {
            let item = open()?.restore(&id).map_err(failed)?;
            put_line(&format!("{} is back where it was.", shown(&item.origin)))?;
        }
        QuarantineCommand::Delete { id, yes: true } => {
            let item = open()?.delete(&id).map_err(failed)?;
            put_line(&format!("{} is deleted for good.", visible(&item.id)))?;
        }
        QuarantineCommand::Delete { id, yes: false } => {
            return Err(Failure::new(format!("deleting {id}: it could not be brought back"))
                .hint("add --yes if that is what you want"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(json: bool, paint: Paint) -> Result<(), Failure> {
    let items = open()?.list().map_err(failed)?;
    for item in &items {
        if json { put_json(item)? } else { put_line(&described_item(item, paint))? }
    }
    if items.is_empty() && !json {
        put_line("The quarantine is empty.")?;
    }
    Ok(())
}

/// Seals a folder with the scan's verdict beside the user's reason, where the scan makes sense of it.
fn seal(path: &Path, text: String) -> Result<SealedItem, Failure> {
    let path = path
        .canonicalize()
        .map_err(|error| Failure::caused(format_args!("sealing: {}", path.display()), &error))?;
    let report = scan::scan(std::slice::from_ref(&path), true, true, None).ok();
    let report = report.and_then(|report| report.packages.into_iter().find(|package| package.path == path));
    let reason =
        SealReason { verdict: report.as_ref().map(|report| report.verdict), text, events: Vec::new() };
    let mut vault = open()?;
    warn_about_key(&vault);
    vault.seal(&path, report.map(|report| report.package()), reason).map_err(failed)
}

fn described_item(item: &SealedItem, paint: Paint) -> String {
    let state = match item.state {
        SealedState::Sealed => paint.amber("sealed     "),
        SealedState::Restored => paint.teal("restored   "),
        SealedState::Deleted => paint.dim("deleted    "),
        SealedState::Interrupted => paint.red("interrupted"),
    };
    let package = item.package.as_ref().map_or_else(String::new, |package| format!("{package} "));
    format!(
        "{state}  {}  {}  {package}{}\n             {}",
        paint.bold(&visible(&item.id)),
        paint.dim(&item.sealed.to_string()),
        shown(&item.origin),
        visible(&item.reason.text)
    )
}

fn described(entry: &SealedEntry) -> String {
    let target =
        entry.target.as_deref().map_or_else(String::new, |target| format!(" -> {}", visible(target)));
    let size = if entry.kind == "file" { entry.bytes.to_string() } else { visible(&entry.kind).into_owned() };
    format!("{:o} {size:>10}  {}{target}", entry.mode & 0o7777, visible(&entry.path))
}
