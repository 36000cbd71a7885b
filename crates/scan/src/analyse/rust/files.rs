//! Which files of a crate run while it is built.

use crate::PackageFiles;
use crate::analyse::lexing::{Language, lex};

/// The files that run while the crate is built.
pub(in crate::analyse) fn build_files(package: &PackageFiles<'_>) -> Vec<usize> {
    let Some(cargo) = &package.manifest.cargo else { return Vec::new() };
    let mut files = Vec::new();
    let script = cargo.build_script.as_deref().map(|path| path.trim_start_matches("./"));
    let mut waiting: Vec<usize> =
        package.files.iter().position(|file| Some(file.path) == script).into_iter().collect();
    while let Some(file) = waiting.pop() {
        if !files.contains(&file) {
            files.push(file);
            waiting.extend(included(package, file));
        }
    }
    files
}

/// The files of a procedural macro, which run inside the compiler.
pub(in crate::analyse) fn macro_files(package: &PackageFiles<'_>) -> Vec<usize> {
    if !package.manifest.cargo.as_ref().is_some_and(|cargo| cargo.proc_macro) {
        return Vec::new();
    }
    (0..package.files.len())
        .filter(|&file| {
            package.files[file].path.starts_with("src/") && package.files[file].path.ends_with(".rs")
        })
        .collect()
}

/// Files named by `mod name;`, `#[path = "…"]` and `include!("…")`.
fn included(package: &PackageFiles<'_>, file: usize) -> Vec<usize> {
    let source = &package.files[file];
    let (folder, stem) = source.path.rsplit_once('/').unwrap_or(("", source.path));
    let stem = stem.trim_end_matches(".rs");
    let at = |path: &str| {
        let full = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
        package.files.iter().position(|file| file.path == full)
    };
    let mut files = Vec::new();
    let lexed = lex(Language::Rust, source.bytes);
    for string in lexed.strings() {
        let text = String::from_utf8_lossy(&source.bytes[string.inner.clone()]);
        if text.ends_with(".rs") {
            files.extend(at(text.trim_start_matches("./")));
        }
    }
    for line in String::from_utf8_lossy(source.bytes).lines() {
        let line = line.trim().trim_start_matches("pub ");
        if let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
            for path in [format!("{name}.rs"), format!("{name}/mod.rs"), format!("{stem}/{name}.rs")] {
                files.extend(at(&path));
            }
        }
    }
    files
}
