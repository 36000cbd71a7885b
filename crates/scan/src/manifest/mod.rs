//! Which package is this, and what does its manifest say will run?

mod cargo;
mod npm;
mod pypi;

pub(crate) use pypi::{canonical_name, record_paths};

use crate::package::Manifest;
use crate::source::{Contents, Entry};
use doorward_protocol::{Ecosystem, PackageRef, Unscanned};

/// What is known of a package before its manifest is read.
#[derive(Debug, Clone)]
pub(crate) struct Hint {
    /// From the kind of archive or tree it lies in.
    pub(crate) ecosystem: Option<Ecosystem>,
    /// From the folder's or the archive's name.
    pub(crate) name: String,
    /// From the folder's or the archive's name; may be empty.
    pub(crate) version: String,
    /// How the files were shipped: matters for Python only.
    pub(crate) shipped: Shipped,
}

/// How a package's files were shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shipped {
    Archive,
    Folder,
    Environment,
    Project,
}

/// A manifest's facts: the name and version may be missing.
struct Named<T> {
    name: Option<String>,
    version: Option<String>,
    path: String,
    facts: T,
}

/// Drops the folder that archives put everything into, so that paths are those of the installed package.
pub(crate) fn strip_wrapper(contents: &mut Contents, ecosystem: Option<Ecosystem>) {
    const MANIFESTS: [&str; 6] =
        ["package.json", "PKG-INFO", "Cargo.toml", "pyproject.toml", "setup.py", "setup.cfg"];
    let at_root = contents
        .files
        .iter()
        .any(|file| MANIFESTS.contains(&file.path.as_str()) || file.path.ends_with(".dist-info/METADATA"));
    if at_root || strip_place(contents) {
        return;
    }
    let wrapper = contents
        .files
        .iter()
        .filter_map(|file| file.path.split_once('/'))
        .find(|(_, rest)| MANIFESTS.contains(rest))
        .map(|(wrapper, _)| wrapper.to_owned())
        .or_else(|| common_folder(&contents.files));
    let Some(wrapper) = wrapper else { return };
    let npm = ecosystem == Some(Ecosystem::Npm)
        || contents.files.iter().any(|file| file.path == format!("{wrapper}/package.json"));
    for file in &mut contents.files {
        match file.path.split_once('/') {
            // npm drops the first folder whatever it is called.
            Some((folder, rest)) if folder == wrapper || npm => file.path = rest.to_owned(),
            _ => {}
        }
    }
    for note in &mut contents.unscanned {
        if let Some((folder, rest)) = note.path.split_once('/')
            && folder == wrapper
        {
            note.path = rest.to_owned();
        }
    }
    contents.files.sort_by(|a, b| a.path.cmp(&b.path));
}

/// Removes the folders in which yarn keeps the only package of an archive, as it will lie: `node_modules/@scope/name`.
fn strip_place(contents: &mut Contents) -> bool {
    const TREE: &str = "node_modules/";
    let is_manifest = |path: &&str| {
        let inside = path.strip_prefix(TREE).and_then(|path| path.strip_suffix("/package.json"));
        inside.is_some_and(|name| name.matches('/').count() == usize::from(name.starts_with('@')))
    };
    let manifest = contents.files.iter().map(|file| file.path.as_str()).find(is_manifest);
    let Some(place) = manifest.and_then(|path| path.strip_suffix("package.json")).map(str::to_owned) else {
        return false;
    };
    if !contents.files.iter().all(|file| file.path.starts_with(&place)) {
        return false;
    }
    for file in &mut contents.files {
        file.path.drain(..place.len());
    }
    for note in &mut contents.unscanned {
        if let Some(rest) = note.path.strip_prefix(&place) {
            note.path = rest.to_owned();
        }
    }
    true
}

fn common_folder(files: &[Entry]) -> Option<String> {
    let (first, _) = files.first()?.path.split_once('/')?;
    let shared =
        files.iter().all(|file| file.path.split_once('/').is_some_and(|(folder, _)| folder == first));
    shared.then(|| first.to_owned())
}

/// Reads every manifest there is. What cannot be understood is noted as unscanned.
pub(crate) fn identify(hint: &Hint, files: &[Entry], unscanned: &mut Vec<Unscanned>) -> Manifest {
    let npm = keep(npm::read(files), unscanned);
    let pypi = keep(pypi::read(files, hint.shipped), unscanned);
    let cargo = keep(cargo::read(files), unscanned);
    let ecosystem = hint.ecosystem.unwrap_or_else(|| {
        let metadata = pypi.as_ref().is_some_and(|pypi| !pypi.path.ends_with(".toml"));
        match (&npm, &pypi, &cargo) {
            (_, Some(_), _) if metadata => Ecosystem::Pypi,
            (Some(_), ..) => Ecosystem::Npm,
            (None, None, Some(_)) => Ecosystem::Cargo,
            (None, Some(_), _) => Ecosystem::Pypi,
            (None, None, None) => guess(files),
        }
    });
    let (name, version, path) = match ecosystem {
        Ecosystem::Npm => parts(npm.as_ref()),
        Ecosystem::Pypi => parts(pypi.as_ref()),
        Ecosystem::Cargo => parts(cargo.as_ref()),
    };
    let named = name.is_some();
    let version = version.unwrap_or_else(|| if named { String::new() } else { hint.version.clone() });
    Manifest {
        package: PackageRef {
            ecosystem,
            name: shorten(name.unwrap_or_else(|| hint.name.clone())),
            version: shorten(if version.is_empty() { hint.version.clone() } else { version }),
        },
        path_of_manifest: path,
        npm: npm.map(|npm| npm.facts),
        pypi: pypi.map(|pypi| pypi.facts),
        cargo: cargo.map(|cargo| cargo.facts),
        project: hint.shipped == Shipped::Project,
    }
}

/// A name longer than any registry accepts is cut: it is shown and stored, never used as a path.
fn shorten(mut text: String) -> String {
    const LONGEST: usize = 300;
    if let Some((cut, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(cut);
    }
    text
}

fn parts<T>(named: Option<&Named<T>>) -> (Option<String>, Option<String>, String) {
    named.map_or((None, None, String::new()), |named| {
        (named.name.clone().filter(|name| !name.is_empty()), named.version.clone(), named.path.clone())
    })
}

fn keep<T>(read: Result<Option<Named<T>>, Unscanned>, unscanned: &mut Vec<Unscanned>) -> Option<Named<T>> {
    read.unwrap_or_else(|broken| {
        unscanned.push(broken);
        None
    })
}

/// Without any manifest the most common kind of file decides; JSON lies everywhere.
fn guess(files: &[Entry]) -> Ecosystem {
    let count = |endings: &[&str]| {
        files.iter().filter(|file| endings.iter().any(|ending| file.path.ends_with(ending))).count()
    };
    let (js, py, rs) =
        (count(&[".js", ".mjs", ".cjs", ".ts"]), count(&[".py", ".pyc", ".pth"]), count(&[".rs"]));
    if py > js && py >= rs {
        Ecosystem::Pypi
    } else if rs > js {
        Ecosystem::Cargo
    } else {
        Ecosystem::Npm
    }
}

/// The text of a manifest; a byte-order mark is dropped, as installers do.
fn text<'a>(files: &'a [Entry], path: &str) -> Result<Option<&'a str>, Unscanned> {
    let Some(file) = files.iter().find(|file| file.path == path) else { return Ok(None) };
    match std::str::from_utf8(&file.bytes) {
        Ok(text) => Ok(Some(text.trim_start_matches('\u{feff}'))),
        Err(error) => Err(broken(path, &format!("not UTF-8 from byte {}", error.valid_up_to()))),
    }
}

fn broken(path: &str, why: &str) -> Unscanned {
    Unscanned {
        path: path.to_owned(),
        reason: format!("the manifest cannot be understood ({why}), so what it would run is not known"),
    }
}

/// Splits `name-1.2.3` where a version starts; without one everything is the name.
pub(crate) fn split_version(stem: &str) -> (String, String) {
    let at = stem.match_indices('-').find(|(at, _)| {
        stem[at + 1..].trim_start_matches('v').starts_with(|first: char| first.is_ascii_digit())
    });
    match at {
        Some((at, _)) if at > 0 => (stem[..at].to_owned(), stem[at + 1..].to_owned()),
        _ => (stem.to_owned(), String::new()),
    }
}
