//! Rust: the build script with the modules it includes, procedural macros, and code that runs before `main`.
//!
//! These files run while a project is compiled or merely opened in an editor. They are parsed together, imports
//! and aliases resolved, constants folded, and data followed from where it is read to where it leaves or runs.

mod calls;
mod compute;
mod config;
mod eval;
mod files;
mod methods;
mod nesting;
mod program;
mod value;

pub(super) use files::{build_files, macro_files};

use super::evidence::{Evidence, language_of};
use super::lexing::Language;
use super::report::Report;
use super::signal::{Hit, PRIVATE, Signal, Signals};
use crate::analyse::text;
use crate::{PackageFiles, SourceFile};
use doorward_protocol::{Severity, Stage};
use eval::Walk;
use program::{Program, parse};

/// The parser, the walk and the trees' end all recurse; this holds the deepest that is let through.
const STACK: usize = 64 << 20;

/// What the manifest, cargo's settings and the proportions of a crate show by themselves.
pub(super) fn inspect(
    package: &PackageFiles<'_>,
    gathered: &[Option<Evidence<'_>>],
    build: &[usize],
    report: &mut Report,
) {
    const ACTS: Signals = Signals::of(&[
        Signal::Spawn,
        Signal::Send,
        Signal::Fetch,
        Signal::Downloader,
        Signal::Xor,
        Signal::HomeFolder,
    ]);
    config::inspect(package, report);
    let Some(&script) = build.first() else { return };
    let acts =
        gathered.get(script).and_then(Option::as_ref).is_some_and(|evidence| evidence.all().meets(ACTS));
    let is_rust = |file: &&SourceFile<'_>| file.path.ends_with(".rs");
    let library =
        package.files.iter().enumerate().filter(|(index, _)| !build.contains(index)).map(|(_, file)| file);
    let code = library.filter(is_rust).map(|file| lines_of_code(file.bytes)).sum::<usize>();
    let native = package.files.iter().any(|file| {
        [".c", ".cc", ".cpp", ".h", ".a", ".o", ".lib", ".s", ".S", ".proto"]
            .iter()
            .any(|end| file.path.ends_with(end))
    });
    if acts && !native && code < 20 && lines_of_code(package.files[script].bytes) > 2 * code.max(10) {
        report.add("B-07", &package.files[script], 0, Severity::Medium);
    }
}

/// Lines that are neither empty nor a comment.
fn lines_of_code(source: &[u8]) -> usize {
    source
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty() && !line.starts_with(b"//"))
        .count()
}

/// Reads files that run together as one program, and adds to their words what they are used for. Files that
/// cannot be parsed, or not safely, keep their words; those of tests, which no user runs, are left out.
pub(super) fn follow<'a>(
    package: &'a PackageFiles<'a>,
    files: &[usize],
    stages: &[Stage],
    gathered: &mut [Option<Evidence<'a>>],
) {
    // Parsing is slow, and most macros touch nothing but tokens.
    const OUTSIDE: [&str; 12] = [
        "fs::",
        "process::",
        "Command",
        "net::",
        "TcpStream",
        "env::",
        "include_bytes!",
        "File::",
        "reqwest",
        "ureq",
        "libc::",
        "Library::new",
    ];
    let reaches = |&index: &usize| {
        package
            .files
            .get(index)
            .is_some_and(|file| OUTSIDE.iter().any(|word| text::contains(file.bytes, word)))
    };
    if !files.iter().any(reaches) {
        return;
    }
    stacker::grow(STACK, || follow_together(package, files, stages, gathered));
}

fn follow_together<'a>(
    package: &'a PackageFiles<'a>,
    files: &[usize],
    stages: &[Stage],
    gathered: &mut [Option<Evidence<'a>>],
) {
    let parsed: Vec<_> = files.iter().filter_map(|&index| parse(index, package.files.get(index)?)).collect();
    let program = Program::of(&parsed);
    let hits = Walk::through(&program, &package.files);
    for parsed in &parsed {
        let (index, stage) = (parsed.file, stages[parsed.file]);
        let file = &package.files[index];
        let empty = Evidence { file, hits: Vec::new(), stage, aside: false, foreign: false };
        let evidence = gathered[index].get_or_insert(empty);
        let tested = |offset| program.tests.iter().any(|(at, range)| *at == index && range.contains(&offset));
        evidence.hits.retain(|hit| !tested(hit.offset));
        if stage == Stage::Import {
            // Words say what a file holds, not what runs before `main`.
            evidence.hits.iter_mut().for_each(|hit| hit.live = false);
        }
        // Whoever uses a client hands it a key of their own; only what acts unasked has no business with one.
        let is_meant = |hit: &Hit| stage != Stage::Runtime || hit.signal != Signal::SendsKey;
        let found = hits.iter().filter(|(at, hit)| *at == index && is_meant(hit));
        evidence.hits.extend(found.map(|(_, hit)| *hit));
        evidence.hits.sort_by_key(|hit| hit.offset);
        if evidence.hits.is_empty() {
            gathered[index] = None;
        }
    }
    // The parser remembers the text of every file until it is told that nobody asks for places any more.
    drop(parsed);
    proc_macro2::extra::invalidate_current_thread_spans();
}

/// Files of the library itself that both reach the network and do what deserves a second look.
pub(super) fn doubtful_files(gathered: &[Option<Evidence<'_>>]) -> Vec<usize> {
    const REACH: Signals = Signals::of(&[Signal::Send, Signal::Fetch, Signal::Downloader]);
    let deeds = PRIVATE.and(Signals::of(&[
        Signal::EnvironmentWhole,
        Signal::Spawn,
        Signal::MakeExecutable,
        Signal::Xor,
        Signal::KeyPattern,
        Signal::Identity,
    ]));
    let is_doubtful = |evidence: &Evidence<'_>| {
        let all = evidence.all();
        evidence.stage == Stage::Runtime
            && !evidence.aside
            && language_of(evidence.file) == Language::Rust
            && all.meets(REACH)
            && all.meets(deeds)
    };
    let doubtful =
        gathered.iter().enumerate().filter(|(_, evidence)| evidence.as_ref().is_some_and(is_doubtful));
    doubtful.map(|(index, _)| index).collect()
}

/// The files of which some part runs before `main` of whatever program the crate becomes part of.
pub(super) fn early_files(package: &[SourceFile<'_>]) -> Vec<usize> {
    const MARKS: [&str; 5] = ["#[ctor", "::ctor]", ".init_array", "__mod_init_func", ".CRT$XC"];
    let is_early = |file: &SourceFile<'_>| {
        file.path.ends_with(".rs") && MARKS.iter().any(|mark| text::contains(file.bytes, mark))
    };
    package.iter().enumerate().filter(|(_, file)| is_early(file)).map(|(index, _)| index).collect()
}
