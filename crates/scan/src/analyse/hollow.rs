//! Packages with nothing in them: a name that somebody took.

use super::lexing::{Kind, Language, lex};
use super::report::{Report, Words};
use super::shape::Told;
use super::signal::{Signal, Signals};
use crate::{PackageFiles, PypiKind, SourceFile};
use doorward_protocol::{Ecosystem, Severity};

/// So many bytes of description say what a package without content is for.
const A_FEW_SENTENCES: usize = 200;

/// Tells of a package that holds nothing to use, and neither says what it is for nor whose it is; `name` is what its name
/// gives away.
pub(super) fn inspect(package: &PackageFiles<'_>, name: Signals, report: &mut Report) {
    const BORROWED: Signals = Signals::of(&[Signal::LookAlike, Signal::CloseLookAlike, Signal::Baited]);
    let is_hollow = is_hollow(package);
    if !is_hollow && !is_made_of(package, is_tutorial) {
        return;
    }
    let told = Told::of(package);
    let manifest = &package.manifest.path_of_manifest;
    let Some(file) = package.files.iter().find(|file| file.path == manifest) else { return };
    // Somebody who gathers other packages under one name, or keeps a name for later, says so.
    let gathers = package.manifest.pypi.as_ref().is_some_and(|pypi| !pypi.requires.is_empty());
    // Many a beginner publishes the first page of a tutorial, but not under somebody else's name.
    let takes_a_name = is_hollow || name.meets(BORROWED);
    let most = match (told.is_described(A_FEW_SENTENCES), told.has_home()) {
        (false, false) if !gathers && takes_a_name => Severity::High,
        (true, true) => return,
        _ => Severity::Medium,
    };
    let why = "No file of it holds code, data or a program that somebody could use.".to_owned();
    report.say("I-55", file, 0, most, Words { title: None, why });
}

/// True for a package of the Python index without anything that could be used.
pub(super) fn is_hollow(package: &PackageFiles<'_>) -> bool {
    is_made_of(package, says_nothing)
}

/// True for a package of the Python index with no other lines of code than these.
fn is_made_of(package: &PackageFiles<'_>, line: fn(&[u8]) -> bool) -> bool {
    let manifest = package.manifest;
    let shipped = manifest.pypi.as_ref().is_some_and(|pypi| pypi.kind != PypiKind::Installed);
    manifest.package.ecosystem == Ecosystem::Pypi
        && shipped
        && !manifest.project
        && package.files.iter().all(|file| is_wrapping(file.path) || consists_of(file, line))
        && !is_for_tests(package)
}

/// True where so much code lies in folders of tests that the package is for testing.
fn is_for_tests(package: &PackageFiles<'_>) -> bool {
    const MUCH: usize = 4_000;
    let code = package.files.iter().filter(|file| file.path.ends_with(".py") && file.path != "setup.py");
    code.map(|file| file.bytes.len()).sum::<usize>() > MUCH
}

/// Files that every package has, whatever it is for.
pub(super) fn is_wrapping(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_metadata = |part: &str| part.ends_with(".egg-info") || part.ends_with(".dist-info");
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    super::evidence::is_aside(path)
        || path.split('/').any(is_metadata)
        || matches!(path, "setup.py" | "PKG-INFO")
        || name.starts_with('.')
        || ["LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS", "README", "MANIFEST", "Makefile"]
            .iter()
            .any(|start| name.starts_with(start))
        || matches!(
            ending.as_deref(),
            Some("md" | "rst" | "txt" | "toml" | "cfg" | "ini" | "in" | "lock" | "yml" | "yaml")
        )
}

/// True for a file with nothing but comments and such lines.
fn consists_of(file: &SourceFile<'_>, line: fn(&[u8]) -> bool) -> bool {
    if file.bytes.trim_ascii().is_empty() {
        return true;
    }
    if !file.path.ends_with(".py") {
        return false;
    }
    let lexed = lex(Language::Python, file.bytes);
    let mut code = file.bytes.to_vec();
    for span in lexed.spans() {
        let said = if span.kind == Kind::Comment { &span.outer } else { &span.inner };
        code[said.clone()].fill(b' ');
    }
    code.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).all(line)
}

/// Imports, greetings, and what the package calls itself.
fn says_nothing(line: &[u8]) -> bool {
    const IDLE: [&[u8]; 8] =
        [b"import ", b"from ", b"pass", b"try:", b"except", b"def ", b"class ", b"if __name__"];
    let names_itself = line.starts_with(b"__") && !line.contains(&b'(');
    let greets = line.starts_with(b"print") && calls(line) <= 1;
    let is_prose = line.starts_with(b"\"\"\"") || line.starts_with(b"'''");
    line.is_empty() || names_itself || greets || is_prose || IDLE.iter().any(|start| line.starts_with(start))
}

/// Also functions that hand back a constant, or what they were given.
fn is_tutorial(line: &[u8]) -> bool {
    let returns = line.starts_with(b"return") || line.starts_with(b"\"") || line == b"}";
    says_nothing(line) || returns && calls(line) == 0
}

fn calls(line: &[u8]) -> usize {
    line.iter().filter(|&&byte| byte == b'(').count()
}
