//! JavaScript and TypeScript: what a package's scripts do, followed through names, files and hidden text.
//!
//! Only files whose words make it worth while are parsed, and those that run when the package is installed.
//! What cannot be parsed keeps the signals that its words gave it.

mod builtins;
mod depth;
mod evaluate;
mod flows;
mod ir;
mod lower;
mod roles;
mod run;
mod value;

use super::evidence::{self, Evidence};
use super::lexing::{Kind, Language};
use super::npm::Tree;
use super::signal::{Hit, SECRETS, Signal, Signals};
use super::text;
use crate::{PackageFiles, SourceFile};
use doorward_protocol::Stage;
use evaluate::Modules;
use ir::Program;
use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

/// Files longer than this are not parsed, but those that run on installation are, up to four times as long.
const LARGEST: usize = 1536 * 1024;
/// Files are followed together up to so many bytes.
const TOGETHER: usize = 3 * 1024 * 1024;
/// How often text that is run as code is looked into again.
const NESTED: usize = 4;
/// A parser's own stack: [`depth`] bounds how much of it is used.
const STACK: usize = 64 * 1024 * 1024;

/// Adds what the package's scripts do to their evidence.
pub(super) fn follow<'a>(
    package: &'a PackageFiles<'a>,
    stages: &[Stage],
    gathered: &mut [Option<Evidence<'a>>],
) {
    loaded_after_all(package, gathered);
    let mut chosen: Vec<usize> = (0..package.files.len())
        .filter(|&index| is_worth_parsing(&package.files[index], stages[index], gathered[index].as_ref()))
        .collect();
    // What runs on installation comes first and together.
    chosen.sort_by_key(|&index| stages[index] != Stage::Install);
    let tree = package.manifest.npm.as_ref().map(|npm| Tree::of(package, npm));
    let mut group: Vec<usize> = Vec::new();
    let mut bytes = 0;
    for (position, &index) in chosen.iter().enumerate() {
        group.push(index);
        bytes += package.files[index].bytes.len();
        if bytes >= TOGETHER || position + 1 == chosen.len() {
            let sources: Vec<&SourceFile<'_>> = group.iter().map(|&index| &package.files[index]).collect();
            for (index, hits) in group.iter().zip(read(&sources, tree.as_ref())) {
                merge(&package.files[*index], stages[*index], hits, &mut gathered[*index]);
            }
            group.clear();
            bytes = 0;
        }
    }
    for evidence in gathered.iter_mut().flatten() {
        let all = evidence.all();
        if is_known_library(evidence.file.path) && all.meets(BEYOND_A_LIBRARY) {
            let offset = evidence
                .hits
                .iter()
                .find(|hit| Signals::of(&[hit.signal]).meets(BEYOND_A_LIBRARY))
                .map_or(0, |hit| hit.offset);
            evidence.hits.push(Hit { signal: Signal::TrojanLibrary, offset, kind: Kind::Code, live: true });
        }
    }
}

/// Tests and examples that the package's own code loads are part of it.
fn loaded_after_all(package: &PackageFiles<'_>, gathered: &mut [Option<Evidence<'_>>]) {
    const SERIOUS: Signals =
        Signals::of(&[Signal::Eval, Signal::Decrypt, Signal::EvalDecoded, Signal::Spawn, Signal::Obfuscated]);
    let serious = |evidence: &&mut Evidence<'_>| evidence.aside && evidence.all().meets(SERIOUS);
    for evidence in gathered.iter_mut().flatten().filter(serious).take(200) {
        let path = evidence.file.path;
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        let Some((folder, name)) = stem.rsplit_once('/') else { continue };
        let inner = folder.rsplit('/').next().unwrap_or(folder);
        let named =
            [format!("/{inner}/{name}'"), format!("/{inner}/{name}\""), format!("/{inner}/{name}.js")];
        evidence.aside = !package.files.iter().any(|file| {
            evidence::language_of(file) == Language::Script
                && !evidence::is_aside(file.path)
                && named.iter().any(|name| memchr::memmem::find(file.bytes, name.as_bytes()).is_some())
        });
    }
}

/// What libraries for web pages do not do.
const BEYOND_A_LIBRARY: Signals = Signals::of(&[
    Signal::RunsFetched,
    Signal::RunsDecoded,
    Signal::Spawn,
    Signal::ContactsAddress,
    Signal::ContactsDrop,
    Signal::ReverseShell,
]);

/// True for the file names of libraries that are copied into projects.
fn is_known_library(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.trim_end_matches(".js").trim_end_matches(".min");
    let stem =
        stem.trim_end_matches(|character: char| character.is_ascii_digit() || matches!(character, '.' | '-'));
    matches!(
        stem,
        "jquery"
            | "jquery.slim"
            | "bootstrap"
            | "bootstrap.bundle"
            | "lodash"
            | "underscore"
            | "react"
            | "react-dom"
            | "vue"
            | "angular"
            | "moment"
            | "d3"
            | "three"
            | "backbone"
            | "popper"
    )
}

/// Signals of text that is run as code.
pub(super) fn of_code(code: &str, nested: usize) -> Vec<Signal> {
    let file = SourceFile { path: "code.js", bytes: code.as_bytes(), executable: false };
    let mut signals: Vec<Signal> = Evidence::gather(&file, Stage::Install, None, false)
        .into_iter()
        .flat_map(|found| found.hits)
        .map(|hit| hit.signal)
        .collect();
    if nested > 0 {
        signals.extend(
            stacker::grow(STACK, || read_at(&[&file], None, nested - 1))
                .into_iter()
                .flatten()
                .map(|hit| hit.signal),
        );
    }
    signals
}

fn merge<'a>(file: &'a SourceFile<'a>, stage: Stage, hits: Vec<Hit>, evidence: &mut Option<Evidence<'a>>) {
    if hits.is_empty() {
        return;
    }
    let evidence = evidence.get_or_insert_with(|| Evidence::empty(file, stage));
    evidence.hits.extend(hits);
    evidence.hits.sort_by_key(|hit| hit.offset);
}

fn is_worth_parsing(file: &SourceFile<'_>, stage: Stage, evidence: Option<&Evidence<'_>>) -> bool {
    const ACTS: Signals = Signals::of(&[
        Signal::Spawn,
        Signal::Eval,
        Signal::Send,
        Signal::Fetch,
        Signal::DnsLookup,
        Signal::DropHost,
        Signal::AppendFile,
    ]);
    const HAS: Signals = SECRETS.and(Signals::of(&[
        Signal::EnvironmentWhole,
        Signal::EnvironmentKey,
        Signal::Identity,
        Signal::Decrypt,
        Signal::Obfuscated,
        Signal::Blob,
        Signal::DropHost,
        Signal::MintCredential,
        Signal::AskForKey,
        Signal::Clipboard,
        Signal::KeyPattern,
        Signal::Xor,
        Signal::Imds,
    ]));
    const ALWAYS: Signals = Signals::of(&[Signal::EvalDecoded, Signal::EvalFetched, Signal::Obfuscated]);
    if evidence::language_of(file) != Language::Script
        || evidence::is_declaration(file.path)
        || evidence::is_binary(file.bytes)
    {
        return false;
    }
    if stage == Stage::Install {
        return file.bytes.len() <= 4 * LARGEST;
    }
    if file.bytes.len() <= LARGEST && hooks_wallet(file.bytes) {
        return true;
    }
    let Some(evidence) = evidence else { return false };
    let signals = evidence.all();
    if file.bytes.len() > LARGEST || evidence.aside {
        return false;
    }
    let reaches = signals.meets(Signals::of(&[Signal::Fetch, Signal::Send]));
    let handles_keys =
        || ["rivateKey", "rivate_key", "nemonic", "seed"].iter().any(|word| text::contains(file.bytes, word));
    (signals.meets(ACTS) && signals.meets(HAS)
        || signals.meets(ALWAYS)
        || signals.has(Signal::Eval) && signals.has(Signal::Decode)
        || reaches && signals.meets(Signals::of(&[Signal::Spawn, Signal::Eval])))
        || reaches && names_bare_address(file.bytes)
        || reaches && handles_keys()
        || reaches && is_known_library(file.path)
        || file.bytes.len() <= SMALL && is_disguised(file.bytes)
}

/// Shorter files are parsed for as little as a letter written as its number.
const SMALL: usize = 64 * 1024;

/// True for an address that starts with a number.
fn names_bare_address(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"://").any(|at| bytes.get(at + 3).is_some_and(u8::is_ascii_digit))
}

/// True for code that may replace what a page reaches its wallet with.
fn hooks_wallet(bytes: &[u8]) -> bool {
    text::contains(bytes, "ethereum")
        && [".fetch = ", ".fetch=", ".request = ", ".request=", ".prototype.send"]
            .iter()
            .any(|word| text::contains(bytes, word))
}

/// True for code that puts names together in a way that words do not show.
fn is_disguised(bytes: &[u8]) -> bool {
    [
        ".reverse().join(",
        "fromCharCode",
        "\\u006",
        "\\u007",
        "\\x6",
        "\\x7",
        "constructor(",
        "'constructor'",
        "getBuiltinModule",
        "process.binding",
        "mainModule",
        "_load(",
        "Reflect.get(",
        "getOwnPropertyDescriptor(",
    ]
    .iter()
    .any(|word| text::contains(bytes, word))
}

fn read(files: &[&SourceFile<'_>], tree: Option<&Tree<'_, '_>>) -> Vec<Vec<Hit>> {
    stacker::grow(STACK, || read_at(files, tree, NESTED))
}

fn read_at(files: &[&SourceFile<'_>], tree: Option<&Tree<'_, '_>>, nested: usize) -> Vec<Vec<Hit>> {
    let mut hits: Vec<Vec<Hit>> = files.iter().map(|_| Vec::new()).collect();
    let mut program = Program::default();
    // The files of the program, by their place in `files`.
    let mut places = Vec::new();
    for (place, file) in files.iter().enumerate() {
        if parse(file, &mut program) {
            places.push(place);
        }
    }
    let modules = Files { files, places: &places, tree };
    let flows = flows::follow(&program, &modules);
    let mut add = |signal, at: ir::Id| {
        let place = places[program.file_of(at)];
        let offset = program.offsets[at as usize] as usize;
        hits[place].push(Hit { signal, offset, kind: Kind::Code, live: true });
    };
    for (signal, at) in flows.seen {
        add(signal, at);
    }
    for (code, at) in flows.run.iter().take(32) {
        for signal in of_code(code, nested) {
            add(signal, *at);
        }
    }
    hits
}

/// Adds a file to the program; false where it cannot be parsed.
fn parse(file: &SourceFile<'_>, program: &mut Program) -> bool {
    let Ok(source) = std::str::from_utf8(file.bytes) else { return false };
    let typed = [".ts", ".mts", ".cts"].iter().any(|ending| file.path.ends_with(ending));
    let jsx = [".jsx", ".tsx"].iter().any(|ending| file.path.ends_with(ending));
    if jsx || !depth::is_shallow(source.as_bytes()) {
        return false;
    }
    let kinds = if typed {
        [SourceType::ts(), SourceType::ts()]
    } else {
        [SourceType::unambiguous(), SourceType::cjs()]
    };
    for kind in kinds {
        let allocator = Allocator::default();
        let options = ParseOptions {
            preserve_parens: false,
            allow_return_outside_function: true,
            ..ParseOptions::default()
        };
        let parsed = Parser::new(&allocator, source, kind).with_options(options).parse();
        if parsed.panicked || parsed.program.body.is_empty() && !parsed.diagnostics.is_empty() {
            continue;
        }
        let semantic = SemanticBuilder::new().with_build_nodes(false).build(&parsed.program).semantic;
        lower::add(program, &parsed.program, semantic.scoping());
        return true;
    }
    false
}

struct Files<'f> {
    files: &'f [&'f SourceFile<'f>],
    places: &'f [usize],
    tree: Option<&'f Tree<'f, 'f>>,
}

impl Modules for Files<'_> {
    fn resolve(&self, file: usize, module: &str) -> Option<usize> {
        if !module.starts_with('.') {
            return None;
        }
        let path = self.files[*self.places.get(file)?].path;
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let found = self.tree?.path_of(folder, module)?;
        self.places.iter().position(|&place| self.files[place].path == found)
    }
}

#[cfg(test)]
mod tests;
