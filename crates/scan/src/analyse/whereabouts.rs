//! Where in a package a payload stands: in what was built but not in its source, or away from what is loaded first.

use super::evidence::{Evidence, language_of};
use super::lexing::Language;
use super::report::{Report, Words};
use super::signal::{PRIVATE, Signal, Signals};
use crate::{PackageFiles, SourceFile};
use doorward_protocol::{Severity, Stage, visible};
use std::collections::HashMap;

/// What building a source does not add to it.
const DEEDS: Signals = PRIVATE.and(Signals::of(&[
    Signal::DropHost,
    Signal::SendsIdentity,
    Signal::SendsEnvironment,
    Signal::SendsSecret,
    Signal::SendsKey,
    Signal::SendsCapture,
    Signal::RunsFetched,
    Signal::RunsDecoded,
    Signal::EvalDecoded,
    Signal::EvalFetched,
    Signal::RemoteOrders,
    Signal::ReverseShell,
    Signal::ContactsDrop,
    Signal::ContactsAddress,
    Signal::HiddenCall,
    Signal::Obfuscated,
    Signal::OpaqueCode,
    Signal::WalletHook,
]));

/// Folders that hold what was built.
const BUILT: [&str; 8] = ["dist", "build", "lib", "out", "cjs", "esm", "umd", "es"];

/// Adds what the places of files tell, beside what was found in them.
pub(super) fn inspect(package: &PackageFiles<'_>, gathered: &[Option<Evidence<'_>>], report: &mut Report) {
    unlike_its_source(package, gathered, report);
    away_from_the_entry(package, gathered, report);
}

/// A built file that does what the source lying in the same package does not.
fn unlike_its_source(package: &PackageFiles<'_>, gathered: &[Option<Evidence<'_>>], report: &mut Report) {
    let deeds = |index: usize| {
        gathered
            .get(index)
            .and_then(Option::as_ref)
            .map_or(Signals::NONE, |evidence| evidence.all().only(DEEDS))
    };
    let suspects: Vec<(usize, Signals)> = gathered
        .iter()
        .enumerate()
        .filter(|(_, evidence)| evidence.as_ref().is_some_and(|evidence| !evidence.aside))
        .map(|(index, _)| (index, deeds(index)))
        .filter(|(_, deeds)| *deeds != Signals::NONE)
        .collect();
    if suspects.is_empty() {
        return;
    }
    let paths: HashMap<&str, usize> =
        package.files.iter().enumerate().map(|(index, file)| (file.path, index)).collect();
    for (built, shown) in suspects {
        let file = &package.files[built];
        let Some(source) = sources_of(file).find_map(|path| paths.get(path.as_str()).copied()) else {
            continue;
        };
        if !shown.meets(deeds(source))
            && let Some(hit) = gathered[built]
                .as_ref()
                .and_then(|evidence| evidence.hits.iter().find(|hit| shown.has(hit.signal)))
        {
            report.add("M-06", file, hit.offset, Severity::Low);
        }
    }
}

/// The paths at which the source of a built script may lie.
fn sources_of(file: &SourceFile<'_>) -> impl Iterator<Item = String> {
    let is_script = language_of(file) == Language::Script;
    let stem = file.path.rsplit_once('.').map_or(file.path, |(stem, _)| stem);
    let plain = stem.strip_suffix(".min");
    let parts: Vec<&str> = plain.unwrap_or(stem).split('/').collect();
    let folder = parts.iter().position(|part| BUILT.contains(part));
    let beside = plain.map(str::to_owned);
    let below = folder.map(|at| {
        let inner = parts[at + 1..].iter().skip_while(|part| BUILT.contains(part));
        parts[..at].iter().copied().chain(["src"]).chain(inner.copied()).collect::<Vec<_>>().join("/")
    });
    let stems = beside.into_iter().chain(below).filter(move |_| is_script);
    stems.flat_map(|stem| [".ts", ".tsx", ".js", ".mjs", ".cjs"].map(|ending| format!("{stem}{ending}")))
}

/// The gravest of what was found, where all of it waits in files that are not loaded first.
fn away_from_the_entry(package: &PackageFiles<'_>, gathered: &[Option<Evidence<'_>>], report: &mut Report) {
    let grave: Vec<(String, u32)> = report.places_of(Severity::High).collect();
    let place = |path: &str| package.files.iter().position(|file| visible(file.path) == path);
    let files: Option<Vec<usize>> = grave.iter().map(|(path, _)| place(path)).collect();
    let Some(files) = files.filter(|files| !files.is_empty()) else { return };
    let waits = |&index: &usize| {
        gathered[index].as_ref().is_some_and(|evidence| {
            !evidence.aside
                && matches!(evidence.stage, Stage::Import | Stage::Runtime)
                && matches!(language_of(evidence.file), Language::Script | Language::Python | Language::Rust)
                && !is_entry(package, evidence.file.path)
        })
    };
    if files.iter().all(waits)
        && let (Some(&first), Some((_, line))) = (files.first(), grave.first())
    {
        let file = &package.files[first];
        let why = "What is grave here stands in a file that is not loaded first, where fewer people look.";
        let offset = super::text::offset_of_line(file.bytes, *line);
        report.say("M-07", file, offset, Severity::Low, Words { title: None, why: why.into() });
    }
}

/// True for the files with which using a package begins.
fn is_entry(package: &PackageFiles<'_>, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let depth = path.matches('/').count();
    let plain = |path: &str| path.trim_start_matches("./").trim_end_matches(".js").to_owned();
    if let Some(npm) = &package.manifest.npm {
        let main = npm.main.as_deref().unwrap_or("index.js");
        let named = npm.bin.iter().map(String::as_str).chain([main, "index.js"]);
        return named.map(plain).any(|entry| entry == plain(path) || format!("{entry}/index") == plain(path));
    }
    // A module that lies at the top of a distribution is imported by its own name.
    matches!(name, "__init__.py" | "__main__.py" | "lib.rs" | "main.rs" | "setup.py" | "build.rs")
        && depth <= 1
        || name.ends_with(".py") && depth == 0
        || name.ends_with(".pth")
}
