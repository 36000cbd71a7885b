//! What a program imports runs inside its interpreter, whose stack is its own secret. The project can
//! be named, and the dependencies that were added last can be offered. Folders are listed and their
//! dates looked at; no file is opened.

use super::npm;
use crate::identity::{Identity, Process};
use doorward_protocol::{Candidates, Ecosystem, PackageRef, Stage};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// So many are offered.
const OFFERED: usize = 10;
/// Entries of one folder that are looked at.
const ENTRIES: usize = 5_000;
/// Folders above a script that are looked at.
const ABOVE: usize = 16;

/// The dependencies one of which may be behind what the interpreter at or above a process does;
/// `home` is where a user's own Python packages lie. Lists folders: not for the event thread.
pub fn imports_of(identity: &Identity, home: Option<&Path>) -> Option<Candidates> {
    let line = identity.line();
    line.take(ABOVE).find_map(|process| match Language::of(&process.exe)? {
        Language::JavaScript => javascript(process),
        Language::Python => python(process, home),
    })
}

enum Language {
    JavaScript,
    Python,
}

impl Language {
    fn of(exe: &Path) -> Option<Self> {
        match exe.file_name()?.to_str()? {
            "node" | "nodejs" | "bun" | "deno" => Some(Self::JavaScript),
            name if name.starts_with("python") || name.starts_with("pypy") => Some(Self::Python),
            _ => None,
        }
    }
}

fn javascript(process: &Process) -> Option<Candidates> {
    let start = npm::script(process)
        .and_then(|script| script.parent().map(Path::to_path_buf))
        .or(process.cwd.clone())?;
    let installs =
        |folder: &&Path| ["node_modules", ".yarn/cache"].iter().any(|name| folder.join(name).is_dir());
    let project = start.ancestors().take(ABOVE).find(installs)?.to_path_buf();
    let modules = project.join("node_modules");
    let mut found = match entries(&modules.join(".pnpm")) {
        stored if stored.is_empty() => installed(&modules),
        stored => stored.iter().filter_map(|entry| entry.holds(npm::stored(&entry.name)?)).collect(),
    };
    let zipped = entries(&project.join(".yarn/cache"));
    found.extend(zipped.iter().filter_map(|entry| entry.holds(npm::zipped(&entry.name)?)));
    offer(Ecosystem::Npm, Some(project), found)
}

/// The packages of a `node_modules` folder; their versions are inside them and stay there.
fn installed(modules: &Path) -> Vec<Dated> {
    let mut found = Vec::new();
    for entry in entries(modules) {
        let scoped = if entry.name.starts_with('@') { entries(&entry.path) } else { Vec::new() };
        found.extend(
            scoped
                .iter()
                .filter_map(|inner| inner.holds((format!("{}/{}", entry.name, inner.name), String::new()))),
        );
        if !entry.name.starts_with(['@', '.']) {
            found.extend(entry.holds((entry.name.clone(), String::new())));
        }
    }
    found
}

fn python(process: &Process, home: Option<&Path>) -> Option<Candidates> {
    let started = process.cmdline.first().map(PathBuf::from).filter(|path| path.is_absolute());
    let named = process.env("VIRTUAL_ENV").map(PathBuf::from);
    let environment = started
        .and_then(|path| path.parent()?.parent().map(Path::to_path_buf))
        .into_iter()
        .chain(named)
        .find(|root| root.join("pyvenv.cfg").is_file());
    let library = environment.clone().or_else(|| home.map(|home| home.join(".local")))?.join("lib");
    let sites = entries(&library).into_iter().filter(|entry| entry.name.starts_with("python"));
    let found = sites
        .flat_map(|site| entries(&site.path.join("site-packages")))
        .filter_map(|entry| {
            let (name, version) = entry.name.strip_suffix(".dist-info")?.rsplit_once('-')?;
            entry.holds((name.to_owned(), version.to_owned()))
        })
        .collect();
    let project = environment.and_then(|root| root.parent().map(Path::to_path_buf)).or(process.cwd.clone());
    offer(Ecosystem::Pypi, project, found)
}

/// A package and when it came.
type Dated = (SystemTime, String, String);

fn offer(ecosystem: Ecosystem, project: Option<PathBuf>, mut found: Vec<Dated>) -> Option<Candidates> {
    found.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.dedup_by(|a, b| (&a.1, &a.2) == (&b.1, &b.2));
    let more = u32::try_from(found.len().saturating_sub(OFFERED)).unwrap_or(u32::MAX);
    let offered = found.into_iter().take(OFFERED);
    let packages: Vec<PackageRef> =
        offered.map(|(_, name, version)| PackageRef { ecosystem, name, version }).collect();
    (!packages.is_empty()).then_some(Candidates { stage: Stage::Runtime, project, packages, more })
}

/// Something in a folder; its name is text.
struct Entry {
    name: String,
    path: PathBuf,
}

impl Entry {
    /// The package it is or holds, with the day it came.
    fn holds(&self, (name, version): (String, String)) -> Option<Dated> {
        let metadata = self.path.symlink_metadata().ok()?;
        let came = metadata.created().or_else(|_| metadata.modified()).ok()?;
        Some((came, name, version))
    }
}

fn entries(folder: &Path) -> Vec<Entry> {
    let listed = fs::read_dir(folder).into_iter().flatten().flatten().take(ENTRIES);
    listed
        .filter_map(|entry| Some(Entry { name: entry.file_name().into_string().ok()?, path: entry.path() }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(exe: &str, cwd: &Path, cmdline: &[&str]) -> Identity {
        let cmdline = cmdline.iter().map(|word| (*word).to_owned()).collect();
        let process = Process { exe: exe.into(), cwd: Some(cwd.into()), cmdline, ..Process::default() };
        Identity::recalled(process, Vec::new())
    }

    fn make(root: &Path, folders: &[&str]) {
        for folder in folders {
            fs::create_dir_all(root.join(folder)).expect("folder");
            // Births are told apart by the clock.
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    fn offered(identity: &Identity) -> Vec<String> {
        let found = imports_of(identity, None).expect("candidates");
        found.packages.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_newest_dependencies_of_a_node_project_come_first() {
        let shop = tempfile::tempdir().expect("project");
        make(
            shop.path(),
            &["node_modules/.bin", "node_modules/old", "node_modules/@s/dep", "node_modules/new"],
        );
        make(shop.path(), &["src"]);
        let script = shop.path().join("src/main.js");
        let run = running("/usr/bin/node", Path::new("/"), &["node", script.to_str().expect("text")]);
        assert_eq!(offered(&run), ["new", "@s/dep", "old"]);
        assert_eq!(imports_of(&run, None).expect("found").project.as_deref(), Some(shop.path()));
        let run = running("/usr/bin/node", shop.path(), &["node", "-e", "1"]);
        assert_eq!(offered(&run).len(), 3);
        assert!(imports_of(&running("/usr/bin/cat", shop.path(), &["cat"]), None).is_none());
    }

    #[test]
    fn stores_tell_versions() {
        let shop = tempfile::tempdir().expect("project");
        make(
            shop.path(),
            &["node_modules/.pnpm/a@1.0.0", "node_modules/.pnpm/@s+b@2.0.0_a@1.0.0", "node_modules/a"],
        );
        let run = running("/usr/bin/node", shop.path(), &["node", "main.js"]);
        assert_eq!(offered(&run), ["@s/b 2.0.0", "a 1.0.0"]);
    }

    #[test]
    fn a_python_environment_tells_versions() {
        let shop = tempfile::tempdir().expect("project");
        make(shop.path(), &["venv/lib/python3.11/site-packages/requests-2.0.dist-info"]);
        make(shop.path(), &["venv/lib/python3.11/site-packages/evil_dep-1.2.3.dist-info", "venv/bin"]);
        fs::write(shop.path().join("venv/pyvenv.cfg"), "").expect("write");
        let python = shop.path().join("venv/bin/python");
        let run =
            running("/usr/bin/python3.11", Path::new("/"), &[python.to_str().expect("text"), "main.py"]);
        assert_eq!(offered(&run), ["evil_dep 1.2.3", "requests 2.0"]);
    }
}
