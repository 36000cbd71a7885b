//! Cargo: a build script is an executable in a folder that bears its package's name.
//!
//! A procedural macro runs inside rustc, whose environment names the crate that uses it: the victim.
//! No package is named for it; [`super::manager_of`] still says that Cargo was building.

use crate::identity::Process;
use doorward_protocol::{Attribution, Ecosystem, PackageRef, Stage};
use std::path::{Path, PathBuf};

pub(super) fn started(manager: &Process, child: &Process) -> Option<Attribution> {
    let (name, target) = build_script(&child.exe)?;
    let folder = child.env("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let version = match child.env("CARGO_PKG_NAME") {
        Some(own) if own == name => child.env("CARGO_PKG_VERSION").unwrap_or("").to_owned(),
        _ => String::new(),
    };
    let project = manager.cwd.clone().or_else(|| target.parent().map(Path::to_owned));
    Some(attribution(name, version, folder, project))
}

/// What remains where Cargo is gone: the build script itself, its output folder as the working
/// directory, or a package's folder below Cargo's registry sources.
pub(super) fn at_place(process: &Process) -> Option<Attribution> {
    if let Some(found) = started(&Process::default(), process) {
        return Some(found);
    }
    let cwd = process.cwd.as_deref()?;
    if let Some((name, target)) = output_folder(cwd) {
        return Some(attribution(name, String::new(), None, target.parent().map(Path::to_owned)));
    }
    let names: Vec<&str> = cwd.iter().filter_map(|name| name.to_str()).collect();
    let sources = names.windows(2).position(|pair| pair == ["registry", "src"])?;
    let (name, version) = name_and_version(names.get(sources + 3)?)?;
    let folder = names[..sources + 4].iter().collect();
    Some(attribution(name.to_owned(), version.to_owned(), Some(folder), None))
}

pub(super) fn is_building(child: &Process) -> bool {
    let exe = child.exe.file_name().and_then(|name| name.to_str()).unwrap_or("");
    build_script(&child.exe).is_some()
        || ["rustc", "rustdoc", "clippy-driver", "sccache", "cc", "ld", "lld"].contains(&exe)
}

/// `…/target/debug/build/NAME-0123456789abcdef/build-script-build` → the name and the target folder.
fn build_script(exe: &Path) -> Option<(String, PathBuf)> {
    let file = exe.file_name()?.to_str()?;
    // Cargo links it as `build_script_build-HASH` and runs it as `build-script-build`.
    if !file.starts_with("build-script-") && !file.starts_with("build_script_") {
        return None;
    }
    unit(exe.parent()?)
}

fn output_folder(cwd: &Path) -> Option<(String, PathBuf)> {
    cwd.ancestors()
        .find(|path| path.file_name().is_some_and(|name| name == "out"))
        .and_then(|out| unit(out.parent()?))
}

fn unit(folder: &Path) -> Option<(String, PathBuf)> {
    let (name, hash) = folder.file_name()?.to_str()?.rsplit_once('-')?;
    let build = folder.parent()?;
    let sound = hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) && is_crate_name(name);
    (sound && build.file_name()? == "build").then_some(())?;
    Some((name.to_owned(), build.parent()?.parent()?.to_owned()))
}

/// `evil-core-1.2.3-beta.1` → `evil-core`, `1.2.3-beta.1`.
pub(super) fn name_and_version(folder: &str) -> Option<(&str, &str)> {
    let at = folder.match_indices('-').map(|(at, _)| at).find(|at| {
        let rest = &folder[at + 1..];
        rest.starts_with(|c: char| c.is_ascii_digit()) && rest.split('.').count() >= 3
    })?;
    is_crate_name(&folder[..at]).then(|| (&folder[..at], &folder[at + 1..]))
}

pub(super) fn is_crate_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn attribution(
    name: String,
    version: String,
    path: Option<PathBuf>,
    project: Option<PathBuf>,
) -> Attribution {
    Attribution {
        package: PackageRef { ecosystem: Ecosystem::Cargo, name, version },
        stage: Stage::Build,
        script: "build.rs".to_owned(),
        path,
        project,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(exe: &str, cwd: &str, environ: &[(&str, &str)]) -> Process {
        let environ = environ.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Process { exe: exe.into(), cwd: Some(cwd.into()), environ, ..Process::default() }
    }

    const SCRIPT: &str = "/p/target/debug/build/evil-rs-0123456789abcdef/build-script-build";

    #[test]
    fn a_build_script_is_named_by_its_folder() {
        let environ = [
            ("CARGO_PKG_NAME", "evil-rs"),
            ("CARGO_PKG_VERSION", "0.7.7"),
            ("CARGO_MANIFEST_DIR", "/v/evil"),
        ];
        let found =
            started(&process("/c/cargo", "/p", &[]), &process(SCRIPT, "/v/evil", &environ)).expect("found");
        assert_eq!(found.package.purl(), "pkg:cargo/evil-rs@0.7.7");
        assert_eq!((found.path, found.project), (Some("/v/evil".into()), Some("/p".into())));
    }

    #[test]
    fn a_build_script_cannot_blame_another_crate() {
        let lie = [("CARGO_PKG_NAME", "serde"), ("CARGO_PKG_VERSION", "1.0.0")];
        let found = started(&Process::default(), &process(SCRIPT, "/", &lie)).expect("found");
        assert_eq!(found.package.purl(), "pkg:cargo/evil-rs");
    }

    #[test]
    fn places_tell_where_cargo_is_gone() {
        let at = |cwd: &str| at_place(&process("/bin/cat", cwd, &[])).map(|found| found.package.purl());
        assert_eq!(
            at("/p/target/release/build/evil-rs-0123456789abcdef/out"),
            Some("pkg:cargo/evil-rs".into())
        );
        assert_eq!(
            at("/h/.cargo/registry/src/index-1/evil-core-1.2.3-beta.1/src"),
            Some("pkg:cargo/evil-core@1.2.3-beta.1".into())
        );
        assert_eq!(at("/p/target/debug"), None);
    }

    #[test]
    fn a_program_that_cargo_runs_is_no_build() {
        assert!(!is_building(&process("/p/target/debug/app", "/p", &[])));
        assert!(is_building(&process("/r/bin/rustc", "/p", &[])));
    }
}
