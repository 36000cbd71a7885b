//! Packages with nothing in them: a name that somebody took.

use super::lexing::{Kind, Language, lex};
use super::report::{Report, Words};
use super::shape::Told;
use crate::{PackageFiles, PypiKind, SourceFile};
use doorward_protocol::{Ecosystem, Severity};

/// So many bytes of description say what a package without content is for.
const A_FEW_SENTENCES: usize = 200;

/// Tells of a package that holds nothing to use, and neither says what it is for nor whose it is.
pub(super) fn inspect(package: &PackageFiles<'_>, report: &mut Report) {
    if !is_hollow(package) {
        return;
    }
    let told = Told::of(package);
    let manifest = &package.manifest.path_of_manifest;
    let Some(file) = package.files.iter().find(|file| file.path == manifest) else { return };
    // Somebody who gathers other packages under one name, or keeps a name for later, says so.
    let gathers = package.manifest.pypi.as_ref().is_some_and(|pypi| !pypi.requires.is_empty());
    let most = match (told.is_described(A_FEW_SENTENCES), told.has_home()) {
        (false, false) if !gathers => Severity::High,
        (true, true) => return,
        _ => Severity::Medium,
    };
    let why = "No file of it holds code, data or a program that somebody could use.".to_owned();
    report.say("I-55", file, 0, most, Words { title: None, why });
}

/// True for a package of the Python index without anything that could be used.
pub(super) fn is_hollow(package: &PackageFiles<'_>) -> bool {
    let manifest = package.manifest;
    let shipped = manifest.pypi.as_ref().is_some_and(|pypi| pypi.kind != PypiKind::Installed);
    manifest.package.ecosystem == Ecosystem::Pypi
        && shipped
        && !manifest.project
        && package.files.iter().all(|file| is_wrapping(file.path) || does_nothing(file))
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

/// True for a file with nothing but comments, imports, greetings and what the package calls itself.
fn does_nothing(file: &SourceFile<'_>) -> bool {
    if file.bytes.trim_ascii().is_empty() {
        return true;
    }
    if !file.path.ends_with(".py") {
        return false;
    }
    let lexed = lex(Language::Python, file.bytes);
    let mut code = file.bytes.to_vec();
    for span in lexed.spans().iter().filter(|span| span.kind == Kind::Comment) {
        code[span.outer.clone()].fill(b' ');
    }
    code.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).all(says_nothing)
}

fn says_nothing(line: &[u8]) -> bool {
    const IDLE: [&[u8]; 8] =
        [b"import ", b"from ", b"pass", b"try:", b"except", b"def ", b"class ", b"if __name__"];
    let names_itself = line.starts_with(b"__") && !line.contains(&b'(');
    let greets = line.starts_with(b"print") && line.iter().filter(|&&byte| byte == b'(').count() <= 1;
    line.is_empty() || names_itself || greets || IDLE.iter().any(|start| line.starts_with(start))
}
