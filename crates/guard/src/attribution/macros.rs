//! Procedural macros run inside the compiler, whose environment names the crate that uses them: the
//! victim. What the compiler loaded says which macros there are, not which of them is reading.

use crate::identity::{Identity, Process, loaded_libraries};
use doorward_protocol::{Ecosystem, PackageRef};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

const COMPILERS: &[&str] =
    &["rustc", "clippy-driver", "rustdoc", "rust-analyzer-proc-macro-srv", "rust-analyzer"];
/// Folders of one registry that are looked through for a version.
const SOURCES: usize = 20_000;

/// The crates whose procedural macros the compiler at or above a process has loaded or was told to load;
/// empty where there is no compiler. Reads `/proc/PID/maps`, so it must not run on the event thread.
pub fn macros_of(identity: &Identity) -> Vec<PackageRef> {
    let Some(compiler) = identity.line().find(|process| is_compiler(process)) else { return Vec::new() };
    let named =
        compiler.cmdline.iter().filter_map(|word| word.split_once('=').map(|(_, path)| PathBuf::from(path)));
    let mut names: Vec<String> = loaded_libraries(compiler.pid)
        .into_iter()
        .chain(named)
        .filter_map(|path| macro_crate(&path))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
        .into_iter()
        .map(|name| PackageRef { ecosystem: Ecosystem::Cargo, name, version: String::new() })
        .collect()
}

/// Adds versions from the names of the folders in which Cargo keeps sources below a home, and the
/// spelling with hyphens; where there are several versions of a crate, it gets none.
pub fn complete(packages: &mut [PackageRef], home: &Path) {
    let registries = fs::read_dir(home.join(".cargo/registry/src")).into_iter().flatten().flatten();
    let sources =
        registries.flat_map(|registry| fs::read_dir(registry.path()).into_iter().flatten().flatten());
    let names: Vec<String> =
        sources.take(SOURCES).filter_map(|source| source.file_name().into_string().ok()).collect();
    for package in packages {
        let mut found = names.iter().filter_map(|folder| {
            let (name, version) = super::cargo::name_and_version(folder)?;
            (name.replace('-', "_") == package.name).then_some((name, version))
        });
        if let (Some((name, version)), None) = (found.next(), found.next()) {
            (package.name, package.version) = (name.to_owned(), version.to_owned());
        }
    }
}

fn is_compiler(process: &Process) -> bool {
    process.exe.file_name().and_then(OsStr::to_str).is_some_and(|name| COMPILERS.contains(&name))
}

/// `…/target/debug/deps/libevil_macro-0123456789abcdef.so` → `evil_macro`.
fn macro_crate(path: &Path) -> Option<String> {
    let file = path.file_name()?.to_str()?.strip_prefix("lib")?.strip_suffix(".so")?;
    let (name, hash) = file.rsplit_once('-')?;
    let sound =
        hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) && super::cargo::is_crate_name(name);
    (sound && path.parent()?.file_name()? == "deps").then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_macros_library_bears_its_crates_name() {
        let name = |path: &str| macro_crate(Path::new(path));
        assert_eq!(name("/p/target/debug/deps/libevil_macro-0123456789abcdef.so"), Some("evil_macro".into()));
        assert_eq!(name("/r/lib/librustc_driver-0123456789abcdef.so"), None, "the compiler's own");
        assert_eq!(name("/p/target/debug/deps/libevil-0123456789abcdef.rlib"), None);
    }

    #[test]
    fn versions_come_from_the_names_of_folders() {
        let home = tempfile::tempdir().expect("home");
        for folder in ["evil-macro-1.2.3", "serde_derive-1.0.1", "serde_derive-1.0.2"] {
            fs::create_dir_all(home.path().join(".cargo/registry/src/index-1").join(folder)).expect("folder");
        }
        let crate_named = |name: &str| PackageRef {
            ecosystem: Ecosystem::Cargo,
            name: name.into(),
            version: String::new(),
        };
        let mut packages = [crate_named("evil_macro"), crate_named("serde_derive"), crate_named("other")];
        complete(&mut packages, home.path());
        let shown: Vec<String> = packages.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["evil-macro 1.2.3", "serde_derive", "other"]);
    }
}
