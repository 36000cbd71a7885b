//! Which of the system's packages a program belongs to, told from what dpkg wrote down.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

const DPKG: &str = "/var/lib/dpkg/info";
/// Folders below which programs and libraries lie; the rest of a package is of no interest here.
const PROGRAMS: &[&str] = &["/usr/bin/", "/usr/sbin/", "/usr/libexec/", "/usr/games/", "/usr/lib/", "/opt/"];
/// Endings of files that no program runs as itself.
const DATA: &[&str] = &[
    "py", "pyc", "pm", "pl", "js", "mjs", "ts", "json", "h", "hpp", "a", "o", "la", "ko", "xz", "gz", "png",
    "svg", "html", "txt", "xml", "rb", "el", "elc", "conf", "service", "map", "md", "css", "mo", "rlib",
];

/// The programs and libraries of every installed package, by the hash of their path.
///
/// It is read when it is first needed and again after packages were installed or removed: a quarter of a
/// second, so never on a thread that must not wait.
#[derive(Debug)]
pub struct Owners {
    folder: PathBuf,
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    as_of: Option<SystemTime>,
    packages: Vec<Box<str>>,
    files: Vec<(u64, u16)>,
}

impl Default for Owners {
    fn default() -> Self {
        Self::of(DPKG.into())
    }
}

impl Owners {
    /// The packages whose lists lie in this folder.
    pub fn of(folder: PathBuf) -> Self {
        Self { folder, index: Mutex::default() }
    }

    /// Reads what dpkg wrote down, unless that was done since it last changed.
    pub fn refresh(&self) {
        drop(self.fresh());
    }

    /// The package that brought a program or library, such as `openssh-client`.
    pub fn owner_of(&self, path: &Path) -> Option<String> {
        let index = self.fresh()?;
        let wanted = hash(&merged(path.to_str()?));
        let at = index.files.binary_search_by_key(&wanted, |(file, _)| *file).ok()?;
        index.packages.get(usize::from(index.files[at].1)).map(|name| name.to_string())
    }

    fn fresh(&self) -> Option<MutexGuard<'_, Index>> {
        let changed = fs::metadata(&self.folder).and_then(|meta| meta.modified()).ok()?;
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if index.as_of != Some(changed) {
            *index = Index::read(&self.folder, changed);
        }
        Some(index)
    }
}

impl Index {
    fn read(folder: &Path, as_of: SystemTime) -> Self {
        let mut index = Self { as_of: Some(as_of), ..Self::default() };
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let (Some(name), true) = (
                path.file_stem().and_then(|name| name.to_str()),
                path.extension().is_some_and(|end| end == "list"),
            ) else {
                continue;
            };
            let (Ok(text), Ok(number)) = (fs::read_to_string(&path), u16::try_from(index.packages.len()))
            else {
                continue;
            };
            let package = name.split_once(':').map_or(name, |(name, _)| name);
            index.packages.push(package.into());
            let files = text.lines().map(merged).filter(|file| is_program(file));
            index.files.extend(files.map(|file| (hash(&file), number)));
        }
        index.files.sort_unstable();
        index.files.dedup_by_key(|(file, _)| *file);
        index.files.shrink_to_fit();
        index
    }
}

/// Packages still name `/bin` and `/lib`, which lead into `/usr`.
fn merged(path: &str) -> String {
    let moved = ["/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/"].iter().any(|old| path.starts_with(old));
    if moved { format!("/usr{path}") } else { path.to_owned() }
}

fn is_program(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    let data = name.rsplit_once('.').is_some_and(|(_, ending)| DATA.contains(&ending));
    !data && (PROGRAMS.iter().any(|folder| file.starts_with(folder)) || file.starts_with("/usr/lib"))
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn programs_and_libraries_are_known_by_their_package() {
        let owners = Owners::default();
        for path in ["/usr/bin/ssh-keygen", "/usr/bin/cat", "/usr/bin/tar", "/usr/sbin/ldconfig"] {
            let dpkg = |path: &str| {
                let output = Command::new("dpkg").args(["-S", path]).output().expect("dpkg runs");
                let line = String::from_utf8_lossy(&output.stdout).into_owned();
                line.split_once(':').map(|(package, _)| package.to_owned())
            };
            let expected = dpkg(path).or_else(|| dpkg(path.strip_prefix("/usr")?));
            assert!(expected.is_some(), "dpkg knows {path}");
            assert_eq!(owners.owner_of(Path::new(path)), expected, "{path}");
        }
        assert_eq!(owners.owner_of(Path::new("/usr/bin/nobody-brought-this")), None);
        assert_eq!(owners.owner_of(Path::new("/tmp/ssh-keygen")), None);
        let files = owners.index.lock().expect("no panic").files.len();
        assert!(files < 100_000, "{files} files take {} bytes", files * size_of::<(u64, u16)>());
    }

    #[test]
    fn what_is_installed_later_is_known_at_once() {
        let folder = tempfile::tempdir().expect("folder");
        let owners = Owners::of(folder.path().to_owned());
        let list = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("write");
        list("one.list", "/.\n/bin/one\n/usr/share/doc/one\n");
        assert_eq!(owners.owner_of(Path::new("/usr/bin/one")).as_deref(), Some("one"));
        assert_eq!(owners.owner_of(Path::new("/usr/lib/two/two")), None);
        std::thread::sleep(std::time::Duration::from_millis(20));
        list("two:amd64.list", "/usr/lib/two/two\n");
        assert_eq!(owners.owner_of(Path::new("/usr/lib/two/two")).as_deref(), Some("two"));
        fs::remove_file(folder.path().join("one.list")).expect("remove");
        assert_eq!(owners.owner_of(Path::new("/usr/bin/one")), None);
    }
}
