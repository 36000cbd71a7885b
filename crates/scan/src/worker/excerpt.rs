//! The lines around a finding.

use crate::manifest::strip_wrapper;
use crate::source::{Limits, read_archive, read_regular};
use crate::walk::file_name;
use doorward_protocol::{Ecosystem, Excerpt, visible};
use std::path::{Component, Path, PathBuf};

/// Lines shown before and after the one asked for.
const AROUND: u32 = 8;
/// Characters shown of one line.
const WIDEST: usize = 2000;

pub(super) fn read(package: &Path, file: &str, line: u32) -> Result<Excerpt, String> {
    let bytes = if package.is_file() { from_archive(package, file)? } else { from_folder(package, file)? };
    let text = String::from_utf8_lossy(&bytes);
    let first = line.saturating_sub(AROUND).max(1);
    let last = line.max(1).saturating_add(AROUND);
    let mut rest = text.lines().skip(first as usize - 1);
    let lines: Vec<String> = rest.by_ref().take((last - first + 1) as usize).map(show).collect();
    let more = rest.next().is_some();
    if lines.len() as u32 + first <= line {
        return Err(format!("it has no line {line} any more"));
    }
    Ok(Excerpt { path: PathBuf::from(visible(file).as_ref()), first_line: first, lines, more })
}

fn show(line: &str) -> String {
    let cut: String = line.chars().take(WIDEST).collect();
    visible(&cut).into_owned()
}

fn from_folder(package: &Path, file: &str) -> Result<Vec<u8>, String> {
    let inside =
        Path::new(file).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside || file.is_empty() {
        return Err("the path leads out of the package".into());
    }
    // The files of a Python distribution are named from the folder its own folders lie in.
    let places = [Some(package.join(file)), package.parent().map(|base| base.join(file))];
    let mut error = "there is no such file".to_owned();
    for place in places.into_iter().flatten() {
        match read_regular(&place, &Limits::default()) {
            Ok(bytes) => return Ok(bytes),
            Err(refused) if refused.kind() == std::io::ErrorKind::NotFound => {}
            Err(refused) => error = refused.to_string(),
        }
    }
    Err(error)
}

fn from_archive(package: &Path, file: &str) -> Result<Vec<u8>, String> {
    let mut contents = read_archive(package, &Limits::default()).map_err(|error| error.to_string())?;
    let name = file_name(package).to_lowercase();
    let ecosystem = if name.ends_with(".whl") {
        Some(Ecosystem::Pypi)
    } else {
        name.ends_with(".crate").then_some(Ecosystem::Cargo)
    };
    strip_wrapper(&mut contents, ecosystem);
    let found = contents.files.into_iter().find(|entry| entry.path == file || visible(&entry.path) == file);
    found.map(|entry| entry.bytes).ok_or_else(|| "there is no such file in the archive".into())
}
