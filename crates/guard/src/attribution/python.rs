//! pip, uv and the other front ends: they build in a folder of their own, and say in its name or on
//! their own command line what they build.

use super::Found;
use super::manager::Manager;
use crate::identity::Process;
use doorward_protocol::{Attribution, Ecosystem, PackageRef, Stage};
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAX_HEADER: u64 = 4096;
const MAX_NAME: usize = 128;
/// Neither a link nor a pipe may lead or hold the reader elsewhere.
const OPEN_FLAGS: i32 = libc::O_NOFOLLOW | libc::O_NONBLOCK;

pub(super) fn started(manager: Manager, parent: &Process, child: &Process) -> Option<Found> {
    if Manager::of(child).is_some() || !is_building(manager, parent, child) {
        return None;
    }
    let cwd = child.cwd.as_deref();
    let (name, version) =
        cwd.and_then(by_folder).or_else(|| by_command_line(&parent.cmdline, cwd)).or_else(|| {
            let folder = cwd?.file_name()?.to_str()?;
            (!folder.starts_with("pip-req-build-") && is_name(folder))
                .then(|| (folder.to_owned(), String::new()))
        })?;
    let script =
        if child.cmdline.iter().any(|word| word.contains("setup.py")) { "setup.py" } else { "build" };
    Some(Found::Dependency(Attribution {
        package: PackageRef { ecosystem: Ecosystem::Pypi, name, version },
        stage: Stage::Build,
        script: script.to_owned(),
        path: cwd.map(Path::to_owned),
        project: parent.cwd.clone(),
    }))
}

/// What a build folder of pip or uv says by itself.
pub(super) fn at_place(cwd: &Path) -> Option<Attribution> {
    let inside = cwd.iter().filter_map(|name| name.to_str()).any(|name| {
        name.starts_with("pip-install-") || name.starts_with("pip-req-build-") || name.starts_with("sdists-v")
    });
    let (name, version) = inside.then(|| by_folder(cwd)).flatten()?;
    Some(Attribution {
        package: PackageRef { ecosystem: Ecosystem::Pypi, name, version },
        stage: Stage::Build,
        script: "build".to_owned(),
        path: Some(cwd.to_owned()),
        project: None,
    })
}

/// The package whose own environment an interpreter was started from: pipx and uv give each program
/// one, named after it.
pub(super) fn running(process: &Process) -> Option<Attribution> {
    let started = Path::new(process.cmdline.first()?);
    let names: Vec<&str> = started.iter().filter_map(|name| name.to_str()).collect();
    let at = names
        .windows(2)
        .position(|pair| [["pipx", "venvs"], ["uv", "tools"]].contains(&[pair[0], pair[1]]))?;
    let name = *names.get(at + 2)?;
    (names.get(at + 3) == Some(&"bin") && is_name(name)).then(|| Attribution {
        package: PackageRef { ecosystem: Ecosystem::Pypi, name: name.to_owned(), version: String::new() },
        stage: Stage::Runtime,
        script: String::new(),
        path: started.ancestors().nth(2).map(Path::to_owned),
        project: None,
    })
}

/// True where the child runs a package's build: front ends start Python for nothing else, but `uv run`
/// and `poetry run` start the user's own programs.
pub(super) fn is_building(manager: Manager, parent: &Process, child: &Process) -> bool {
    let exe = child.exe.file_name().and_then(|name| name.to_str()).unwrap_or("");
    if !exe.starts_with("python") && !exe.starts_with("pypy") {
        return false;
    }
    let build_words = [
        "setup.py",
        "_in_process",
        "build_wheel",
        "build_sdist",
        "build_editable",
        "prepare_metadata",
        "get_requires_for_build",
    ];
    let says_so = child.cmdline.iter().any(|word| build_words.iter().any(|build| word.contains(build)));
    let build_folder = |path: &Path| {
        path.iter().filter_map(|name| name.to_str()).any(|name| {
            ["pip-install-", "pip-req-build-", "pip-build-env-", "sdists-v", "builds-v", "build-env-"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
        })
    };
    let in_build = child.cwd.as_deref().is_some_and(build_folder)
        || child.env("VIRTUAL_ENV").is_some_and(|path| build_folder(Path::new(path)))
        || child.cmdline.first().is_some_and(|word| build_folder(Path::new(word)));
    let hooks =
        child.env("PEP517_BUILD_BACKEND").or_else(|| child.env("_PYPROJECT_HOOKS_BUILD_BACKEND")).is_some();
    let runs =
        parent.cmdline.iter().skip(1).any(|word| ["run", "tool", "shell", "x"].contains(&word.as_str()));
    says_so || in_build || hooks || (manager == Manager::Pip && !runs)
}

/// Names and versions that the folders themselves bear.
fn by_folder(cwd: &Path) -> Option<(String, String)> {
    let names: Vec<&str> = cwd.iter().filter_map(|name| name.to_str()).collect();
    if let Some(at) = names.iter().position(|name| name.starts_with("pip-install-")) {
        // pip: `pip-install-x1y2z3/evil_0123456789abcdef0123456789abcdef`.
        let (name, hash) = names.get(at + 1)?.rsplit_once('_')?;
        let sound = hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_hexdigit()) && is_name(name);
        return sound.then(|| (name.to_owned(), String::new()));
    }
    if let Some(at) = names.iter().position(|name| name.starts_with("sdists-v")) {
        // uv: `sdists-v9/pypi/evil/1.2.3/REVISION/src`; other kinds of source are hashes.
        let kind = *names.get(at + 1)?;
        let name_at = match kind {
            "pypi" => at + 2,
            "index" => at + 3,
            _ => return names[at + 2..].iter().find_map(|folder| name_and_version(folder)),
        };
        let (name, version) = (*names.get(name_at)?, *names.get(name_at + 1)?);
        return is_name(name).then(|| (name.to_owned(), version.to_owned()));
    }
    name_and_version(names.last()?)
}

/// The one archive or folder that the front end was asked to install, where there is only one.
fn by_command_line(cmdline: &[String], cwd: Option<&Path>) -> Option<(String, String)> {
    let sources = requested(cmdline).into_iter().filter_map(|word| {
        let path = Path::new(word.split(['[', '#']).next()?.trim_start_matches("file://"));
        let file = path.file_name()?.to_str()?;
        let archive =
            [".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz"].iter().find_map(|end| file.strip_suffix(end));
        match archive {
            Some(stem) => {
                name_and_version(stem).or_else(|| is_name(stem).then(|| (stem.to_owned(), String::new())))
            }
            // A folder is built in place or copied; it counts where it is given as a path.
            None if word.contains('/') && cwd.is_some_and(|cwd| copied_or_same(cwd, file)) => {
                name_and_version(file).or_else(|| is_name(file).then(|| (file.to_owned(), String::new())))
            }
            None => None,
        }
    });
    let sources: Vec<_> = sources.collect();
    match sources.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// What follows the subcommand, without options and their values.
fn requested(cmdline: &[String]) -> Vec<&str> {
    const COMMANDS: &[&str] =
        &["install", "wheel", "download", "add", "sync", "build", "lock", "update", "inject"];
    const WITH_VALUE: &[&str] = &[
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-t",
        "--target",
        "--prefix",
        "--root",
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "--python",
        "-p",
        "--cache-dir",
        "-w",
        "--wheel-dir",
        "-d",
        "--dest",
        "--src",
        "--log",
        "--directory",
        "--project",
        "-o",
        "--outdir",
    ];
    let mut words = cmdline.iter().map(String::as_str).skip_while(|word| !COMMANDS.contains(word)).skip(1);
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            found.push(word);
        }
    }
    found
}

fn copied_or_same(cwd: &Path, folder: &str) -> bool {
    cwd.file_name()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name == folder || name.starts_with("pip-req-build-"))
}

/// `evil_pkg-1.2.3` → `evil_pkg`, `1.2.3`.
fn name_and_version(folder: &str) -> Option<(String, String)> {
    let (name, version) = folder.rsplit_once('-')?;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit())
        && version.contains('.')
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".+!_".contains(&b));
    (is_version && is_name(name)).then(|| (name.to_owned(), version.to_owned()))
}

fn is_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    !name.is_empty()
        && name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(inner)
}

/// Fills in a Python package's version, and its name where only a folder was known, from the header of
/// the `PKG-INFO` that every source distribution carries.
///
/// This is the one place where the daemon reads a line of a package's file: folders that pip builds in
/// bear no version. At most 4 KiB are read, two headers are looked for, and nothing is decided by
/// them. It must not run on the event thread: the file could be a guarded one under another name, and
/// opening it would wait for the very thread that answers.
pub fn complete(attribution: &mut Attribution) {
    if attribution.package.ecosystem != Ecosystem::Pypi || !attribution.package.version.is_empty() {
        return;
    }
    let Some(folder) = &attribution.path else { return };
    let Some((name, version)) = read_header(&folder.join("PKG-INFO")) else { return };
    let same = |a: &str, b: &str| normal(a) == normal(b);
    let only_a_folder = folder.file_name().is_some_and(|file| file == attribution.package.name.as_str());
    if same(&name, &attribution.package.name) || only_a_folder {
        attribution.package = PackageRef { ecosystem: Ecosystem::Pypi, name, version };
    }
}

fn read_header(path: &PathBuf) -> Option<(String, String)> {
    let file = OpenOptions::new().read(true).custom_flags(OPEN_FLAGS).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(MAX_HEADER).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let value = |key: &str| {
        let mut lines = text.lines().take_while(|line| !line.is_empty());
        lines.find_map(|line| line.strip_prefix(key)).map(|value| value.trim().to_owned())
    };
    let (name, version) = (value("Name:")?, value("Version:")?);
    let sound = is_name(&name) && version.len() <= MAX_NAME && version.bytes().all(|b| b.is_ascii_graphic());
    sound.then_some((name, version))
}

fn normal(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn child(cwd: &str, cmdline: &[&str]) -> Process {
        Process {
            exe: "/usr/bin/python3.11".into(),
            cwd: Some(cwd.into()),
            cmdline: cmdline.iter().map(|word| (*word).into()).collect(),
            ..Process::default()
        }
    }

    fn found(parent: &[&str], child: &Process) -> Option<(String, String)> {
        let parent =
            Process { cmdline: parent.iter().map(|word| (*word).into()).collect(), ..Process::default() };
        match started(Manager::Pip, &parent, child)? {
            Found::Dependency(found) => Some((found.package.name, found.package.version)),
            Found::OwnProject(_) => None,
        }
    }

    fn some(name: &str, version: &str) -> Option<(String, String)> {
        Some((name.into(), version.into()))
    }

    const BUILD: &[&str] = &["python3", "/t/_in_process.py", "build_wheel"];

    #[test]
    fn a_local_archive_is_named_by_pips_own_command_line() {
        let build = child("/tmp/pip-req-build-x1y2", BUILD);
        assert_eq!(
            found(&["python3", "/v/bin/pip", "install", "-r", "./more.txt", "./evil-1.2.3.tar.gz"], &build),
            some("evil", "1.2.3")
        );
        assert_eq!(
            found(&["pip", "install", "/x/a-1.0.tar.gz", "/x/b-1.0.zip"], &build),
            None,
            "which of two"
        );
    }

    #[test]
    fn build_folders_name_their_package() {
        let folder = "/tmp/pip-install-x1/evil-pkg_0123456789abcdef0123456789abcdef";
        assert_eq!(found(&["pip", "install", "evil-pkg"], &child(folder, BUILD)), some("evil-pkg", ""));
        let folder = "/home/u/.cache/uv/sdists-v9/pypi/evil/1.2.3/AbC/src";
        assert_eq!(found(&["uv", "sync"], &child(folder, BUILD)), some("evil", "1.2.3"));
        assert_eq!(
            found(&["pip", "install", "./evil-1.2.3"], &child("/w/evil-1.2.3", BUILD)),
            some("evil", "1.2.3")
        );
        assert_eq!(found(&["pip", "install", "./evil"], &child("/w/evil", BUILD)), some("evil", ""));
        assert!(at_place(Path::new(folder)).is_some());
        assert!(at_place(Path::new("/home/u/notes-1.2")).is_none());
    }

    #[test]
    fn programs_that_uv_runs_are_no_build() {
        let parent =
            Process { cmdline: vec!["uv".into(), "run".into(), "app.py".into()], ..Process::default() };
        assert!(!is_building(Manager::Uv, &parent, &child("/w/app", &["python3", "app.py"])));
        assert!(is_building(
            Manager::Uv,
            &parent,
            &child("/c/uv/sdists-v9/pypi/e/1/r/src", &["python3", "-c", "x"])
        ));
    }

    #[test]
    fn a_version_is_completed_from_the_package_info() {
        let folder = tempfile::tempdir().expect("tempdir");
        std::fs::write(
            folder.path().join("PKG-INFO"),
            "Metadata-Version: 2.1\nName: Evil_Pkg\nVersion: 1.2.3\n\nVersion: 9\n",
        )
        .expect("write");
        let mut attribution = Attribution {
            package: PackageRef {
                ecosystem: Ecosystem::Pypi,
                name: "evil-pkg".into(),
                version: String::new(),
            },
            stage: Stage::Build,
            script: String::new(),
            path: Some(folder.path().into()),
            project: None,
        };
        complete(&mut attribution);
        assert_eq!(attribution.package.purl(), "pkg:pypi/evil-pkg@1.2.3");

        attribution.package =
            PackageRef { ecosystem: Ecosystem::Pypi, name: "other".into(), version: String::new() };
        complete(&mut attribution);
        assert_eq!(attribution.package.version, "", "another package's version is not taken");
    }
}
