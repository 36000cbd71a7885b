//! What a package's files can do, and when.
//!
//! Every file is searched once for the words of the dictionary. Files with hits, and all files that run
//! while a package is installed, built or imported, are split into code, strings and comments; strings
//! are glued and decoded. Then combinations of signals in files that run together become findings.

mod agents;
mod automation;
mod binary;
mod bits;
mod change;
mod combine;
mod configs;
mod decoding;
mod dictionary;
mod disguise;
mod drops;
mod evidence;
mod fold;
mod foreign;
mod hidden;
mod hollow;
mod idioms;
mod js;
mod lexing;
mod lockfiles;
mod naming;
mod npm;
mod python;
mod report;
pub mod rules;
mod rust;
mod services;
mod shape;
mod shell;
mod signal;
mod text;
mod weigh;
mod whereabouts;

use crate::traits::Traits;
use crate::{PackageFiles, PypiKind};
pub(crate) use change::{Before, capabilities};
use combine::{Scope, combine};
use doorward_protocol::{Ecosystem, Finding, Severity, Stage};
use evidence::Evidence;
use report::{Report, Words};
use signal::{Signal, Signals};
pub use weigh::Facts;

/// Everything worth saying about a package, worst first.
pub fn analyse(package: &PackageFiles<'_>) -> Vec<Finding> {
    examine(package, Before::nothing()).0
}

/// The same beside the version before, and the traits of this one.
pub(crate) fn examine(package: &PackageFiles<'_>, before: Before<'_>) -> (Vec<Finding>, Traits) {
    let mut report = Report::default();
    agents::inspect(package, &mut report);
    disguise::inspect(package, &mut report);
    configs::inspect(package, &mut report);
    npm::inspect(package, &mut report);
    lockfiles::inspect(package, &mut report);
    automation::inspect(package, &mut report);
    let name = naming::inspect(package, &mut report);
    hollow::inspect(package, name, &mut report);
    let about = if shape::is_small(package) { name.and(LITTLE_ELSE) } else { name };
    let much = shape::has_much_code(package);

    let (running, gathered) = gather(package);
    rust::inspect(package, &gathered, &running.build, &mut report);
    binary::inspect(package, &gathered, &mut report);
    // A set-up script that imports half of its package is no program made of all those files.
    let (together, apart): (Vec<usize>, Vec<usize>) = if running.python.len() > weigh::MOST_TOGETHER {
        running.python.iter().partition(|&&index| package.files[index].path == "setup.py")
    } else {
        (running.python.clone(), Vec::new())
    };
    for &index in &apart {
        let files = gathered[index].iter().collect();
        combine(
            &Scope { stage: Stage::Install, files, waiting_too: false, package: about, much },
            &mut report,
        );
    }
    for group in [(&running.npm, Stage::Install), (&together, Stage::Install), (&running.build, Stage::Build)]
    {
        let files: Vec<&Evidence<'_>> =
            group.0.iter().filter_map(|&index| gathered[index].as_ref()).collect();
        let waiting_too = group.1 == Stage::Build;
        combine(&Scope { stage: group.1, files, waiting_too, package: about, much }, &mut report);
    }
    // A tool for agents acts as one program, whichever of its files holds the server.
    let serves_agents =
        gathered.iter().flatten().any(|evidence| !evidence.aside && evidence.all().has(Signal::McpServer));
    let role = if serves_agents { about.and(Signals::of(&[Signal::ServesAgents])) } else { about };
    let in_macro = role.and(Signals::of(&[Signal::InMacro]));
    for (index, evidence) in gathered.iter().enumerate() {
        let role = if running.macros.contains(&index) { in_macro } else { role };
        if let Some(evidence) = evidence {
            let config =
                if configs::runs_in_builds(evidence.file.path) { BUILD_CONFIG } else { Signals::NONE };
            alone(evidence, role.and(config), much, &mut report);
        }
    }
    start_hooks(package, &gathered, &mut report);
    weighed(package, &gathered, name, &mut report);
    let traits = change::traits(package, &gathered);
    if let Some(before) = before.traits(package, &traits) {
        change::inspect(package, &gathered, &before, &traits, &mut report);
    }
    whereabouts::inspect(package, &gathered, &mut report);
    idioms::inspect(package, &gathered, &mut report);
    (report.finish(), traits)
}

/// What a package is like, so that a later version can be compared with it.
pub(crate) fn traits(package: &PackageFiles<'_>) -> Traits {
    change::traits(package, &gather(package).1)
}

/// A Python package that holds little beside what was found in it.
const LITTLE_ELSE: Signals = Signals::of(&[Signal::LittleElse]);

/// The settings of a build tool that are code.
const BUILD_CONFIG: Signals = Signals::of(&[Signal::BuildConfig]);

/// The files that run without being asked for.
struct Running {
    npm: Vec<usize>,
    python: Vec<usize>,
    build: Vec<usize>,
    macros: Vec<usize>,
}

/// Reads every file for what it shows.
fn gather<'a>(package: &'a PackageFiles<'a>) -> (Running, Vec<Option<Evidence<'a>>>) {
    let mut npm_install = npm::install_files(package);
    let followed = python::follow(package);
    let python_install = followed.install;
    let build = rust::build_files(package);
    let macros = rust::macro_files(package);
    let early = rust::early_files(&package.files);
    let stages: Vec<Stage> = package
        .files
        .iter()
        .enumerate()
        .map(|(index, file)| {
            if npm_install.contains(&index) || python_install.contains(&index) {
                Stage::Install
            } else if build.contains(&index) || macros.contains(&index) {
                Stage::Build
            } else if early.contains(&index)
                || package.manifest.package.ecosystem == Ecosystem::Pypi && python::is_imported(file)
            {
                Stage::Import
            } else {
                Stage::Runtime
            }
        })
        .collect();
    let much = shape::has_much_code(package);
    let mut gathered: Vec<Option<Evidence<'_>>> = package
        .files
        .iter()
        .zip(&stages)
        .enumerate()
        .map(|(index, (file, &stage))| {
            let mut evidence = Evidence::gather(file, stage, followed.seen.get(&index), much)?;
            // A program that only its user starts does nothing by being there; without a manifest it may be anything.
            if stage == Stage::Runtime
                && package.manifest.pypi.is_some()
                && evidence::language_of(file) == lexing::Language::Python
            {
                evidence.hits.iter_mut().for_each(|hit| hit.live = false);
            }
            let aside = evidence.aside && !followed.used.contains(&index);
            Some(Evidence { aside, ..evidence })
        })
        .collect();
    js::follow(package, &stages, &mut gathered);
    foreign::mark(package, &mut gathered);
    services::excuse(package, &mut gathered);
    rust::follow(package, &[&build, &macros].map(Vec::as_slice).concat(), &stages, &mut gathered);
    rust::follow(package, &early, &stages, &mut gathered);
    rust::follow(package, &rust::doubtful_files(&gathered), &stages, &mut gathered);
    if let Some((manifest, hits)) = npm::command_hits(package) {
        gathered[manifest] =
            Some(Evidence { hits, ..Evidence::empty(&package.files[manifest], Stage::Install) });
        npm_install.push(manifest);
    }
    (Running { npm: npm_install, python: python_install, build, macros }, gathered)
}

/// What the model is fitted on: the facts of every group of files that run together.
pub fn facts(package: &PackageFiles<'_>) -> Vec<Facts> {
    let mut report = Report::default();
    let name = naming::inspect(package, &mut report);
    weigh::facts(package, &gather(package).1, name)
}

/// What the heaviest group of files weighs.
fn weighed(
    package: &PackageFiles<'_>,
    gathered: &[Option<Evidence<'_>>],
    name: Signals,
    report: &mut Report,
) {
    // The weights were learned from Python packages; other packages carry Python that nobody imports.
    let is_python = match package.manifest.package.ecosystem {
        Ecosystem::Pypi => true,
        Ecosystem::Cargo => package.manifest.pypi.is_some(),
        Ecosystem::Npm => false,
    };
    if !is_python {
        return;
    }
    let facts = weigh::facts(package, gathered, name);
    let heaviest = facts.iter().map(weigh::weigh).max_by(|one, two| one.sum.total_cmp(&two.sum));
    let Some(weighed) = heaviest else { return };
    if let (Some(severity), Some((file, offset))) = (weighed.severity(), weighed.place())
        && let Some(file) = package.files.get(file)
    {
        report.say("W-01", file, offset, severity, Words { title: None, why: weighed.reasons() });
    }
}

/// What one file means by itself, in a package of this role.
fn alone(evidence: &Evidence<'_>, role: Signals, much: bool, report: &mut Report) {
    if evidence.stage == Stage::Import || evidence.stage == Stage::Build {
        let waiting_too = evidence.stage == Stage::Build;
        combine(
            &Scope { stage: evidence.stage, files: vec![evidence], waiting_too, package: role, much },
            report,
        );
    }
    combine(
        &Scope { stage: Stage::Runtime, files: vec![evidence], waiting_too: true, package: role, much },
        report,
    );
}

/// `.pth` files and their like run in every start of Python, whether or not anybody imports the package.
fn start_hooks(package: &PackageFiles<'_>, gathered: &[Option<Evidence<'_>>], report: &mut Report) {
    let shipped = package.manifest.pypi.as_ref().is_some_and(|pypi| pypi.kind != PypiKind::Sdist);
    let hooks = package.files.iter().zip(gathered);
    for (file, evidence) in hooks.filter(|(file, _)| python::runs_at_start(file.path, !shipped)) {
        let Some(line) = python::start_line(file.bytes) else { continue };
        let signals = evidence.as_ref().map(Evidence::all).unwrap_or_default();
        if signals.meets(python::RISKY_AT_START) {
            report.add("M-02", file, line, Severity::Critical);
        } else if file.path.ends_with(".pth") && file.bytes.len() > 5 * 1024 {
            report.add("M-02", file, line, Severity::High);
        } else if shipped && file.path.ends_with(".py") {
            report.add("M-03", file, 0, Severity::High);
        }
    }
}
