//! What an event says of packages beyond what was needed to answer: looked up by the recorder, which
//! nobody waits for.

use super::Guard;
use super::looked::Looked;
use crate::attribution;
use crate::journal::Journal;
use doorward_protocol::{Candidates, Event, EventKind, Stage, visible};

/// Adds the version of a Python package that is being built, and where no package could be named, those
/// that may be behind the read.
pub(super) fn complete(event: &mut Event, looked: Option<&Looked>, guard: &Guard) {
    match &mut event.package {
        Some(package) => {
            let before = package.package.to_string();
            attribution::complete(package);
            event.why = event.why.replacen(&before, &package.package.to_string(), 1);
        }
        None if event.kind == EventKind::Read => {
            event.candidates = looked.and_then(|looked| candidates(event, looked, guard));
            add_sentence(event);
        }
        None => {}
    }
}

/// The outcome of a question knows what was found out after it was asked.
pub(super) fn take_over(event: &mut Event, journal: &Journal) {
    let Some(asked) = journal.find(event.owner, event.id) else { return };
    if let (Some(before), Some(after)) = (&event.package, &asked.package) {
        event.why = event.why.replacen(&before.package.to_string(), &after.package.to_string(), 1);
    }
    event.package = asked.package;
    event.candidates = asked.candidates;
    event.reader.sha256 = asked.reader.sha256;
    event.reader.system_package = asked.reader.system_package;
    add_sentence(event);
}

fn candidates(event: &Event, looked: &Looked, guard: &Guard) -> Option<Candidates> {
    let identity = looked.identity.as_ref()?;
    let home = guard.enrolment.home_of(&event.secret.path, event.owner).map(|place| place.root);
    if looked.macros.is_empty() {
        return attribution::imports_of(identity, home.as_deref());
    }
    let mut packages = looked.macros.clone();
    if let Some(home) = home {
        attribution::complete_macros(&mut packages, &home);
    }
    let project = identity.line().find(|process| attribution::manages(process));
    let project = project.and_then(|cargo| cargo.cwd.clone());
    Some(Candidates { stage: Stage::Build, project, packages, more: 0 })
}

fn add_sentence(event: &mut Event) {
    let Some(among) = &event.candidates else { return };
    let names: Vec<String> = among.packages.iter().map(ToString::to_string).collect();
    let names = visible(&names.join(", ")).into_owned();
    event.why.push_str(&match (among.stage, &among.project) {
        (Stage::Build, _) => format!(" It is one of these procedural macros: {names}."),
        (_, Some(project)) => {
            let name = project.file_name().unwrap_or(project.as_os_str()).to_string_lossy();
            format!(" It may be a package of {}; added last: {names}.", visible(&name))
        }
        (_, None) => format!(" It may be an installed package; added last: {names}."),
    });
}
