use super::{Place, Search, children, file_name};
use crate::manifest::record_paths;
use crate::source::{Contents, FolderEntry, Limits, list_folder, read_regular, stat_entry};
use doorward_protocol::Ecosystem;
use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

pub(super) fn is_info_folder(name: &str) -> bool {
    name.ends_with(".dist-info") || name.ends_with(".egg-info")
}

/// True for a folder that distributions are installed into.
pub(super) fn is_environment(path: &Path) -> bool {
    let name = file_name(path);
    name == "site-packages"
        || name == "dist-packages"
        || children(path).iter().any(|child| file_name(child).ends_with(".dist-info") && child.is_dir())
}

/// The distribution that a folder inside an environment belongs to.
pub(super) fn distribution_of(path: &Path) -> Option<PathBuf> {
    let base = path.parent()?;
    let module = format!("{}/", file_name(path));
    let mut infos = children(base);
    infos.retain(|child| is_info_folder(&file_name(child)));
    infos.into_iter().find(|info| {
        Distribution::open(info).is_some_and(|found| found.paths.iter().any(|path| path.starts_with(&module)))
    })
}

impl Search<'_> {
    pub(super) fn python_tree(&mut self, base: &Path) {
        if !self.first_visit(base) {
            return;
        }
        for child in children(base) {
            if is_info_folder(&file_name(&child)) && child.is_dir() {
                self.emit(&child, Place::Distribution);
            }
        }
        self.emit(base, Place::Leftovers(Ecosystem::Pypi));
    }
}

/// An installed Python distribution and the files it lays claim to.
pub(crate) struct Distribution {
    /// The folder that paths are relative to.
    pub(crate) base: PathBuf,
    /// Name of the `.dist-info` or `.egg-info`.
    pub(crate) info: String,
    /// Claimed paths, relative to `base`.
    pub(crate) paths: Vec<String>,
}

impl Distribution {
    /// Reads the `RECORD`, or what older installers left in its place.
    pub(crate) fn open(info: &Path) -> Option<Self> {
        let base = info.parent()?.to_path_buf();
        let name = file_name(info);
        let text = |file: &str| {
            let bytes = read_regular(&info.join(file), &Limits::default()).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let mut paths: Vec<String> =
            text("RECORD").map_or_else(Vec::new, |record| record_paths(&record).collect());
        if paths.is_empty() {
            for module in text("top_level.txt").unwrap_or_default().lines().map(str::trim) {
                if !module.is_empty() && !module.contains("..") && !module.starts_with('/') {
                    paths.extend(below(&base, module));
                    paths.push(format!("{module}.py"));
                }
            }
        }
        paths.extend(below(&base, &name));
        paths.sort();
        paths.dedup();
        Some(Self { base, info: name, paths })
    }

    /// Where a report says the distribution lies: its one package folder, else its metadata.
    pub(crate) fn shown(&self) -> PathBuf {
        let mut tops = self
            .paths
            .iter()
            .filter_map(|path| path.split_once('/'))
            .filter(|(top, _)| ![&self.info, "", "..", "__pycache__"].contains(top));
        let first = tops.next().map(|(top, _)| top);
        match first {
            Some(top)
                if tops.all(|(other, _)| other == top)
                    && self.paths.binary_search(&format!("{top}/__init__.py")).is_ok() =>
            {
                self.base.join(top)
            }
            _ => self.base.join(&self.info),
        }
    }

    /// The claimed files that exist.
    pub(crate) fn list(&self, limits: &Limits, contents: &mut Contents) -> Vec<FolderEntry> {
        // Scripts and data lie beside `lib`, three folders up; a claim on anything beyond is refused.
        let prefix = self.base.ancestors().nth(3).unwrap_or(&self.base);
        let mut entries = Vec::new();
        for path in &self.paths {
            if entries.len() >= limits.entries {
                contents
                    .not_read("", format!("lists more than {} files; the rest was not read", limits.entries));
                break;
            }
            match resolve(&self.base, path).filter(|file| file.starts_with(prefix)) {
                Some(file) if file.symlink_metadata().is_ok() => {
                    entries.extend(stat_entry(&self.base, path.clone(), file, contents));
                }
                Some(_) => {}
                None => contents.not_read(path, "listed by the package but outside its environment"),
            }
        }
        entries
    }
}

/// Every file of the environment that some distribution lays claim to.
pub(crate) fn claimed_files(base: &Path) -> HashSet<String> {
    children(base)
        .iter()
        .filter(|child| is_info_folder(&file_name(child)))
        .filter_map(|info| Distribution::open(info))
        .flat_map(|distribution| distribution.paths)
        .collect()
}

fn below(base: &Path, folder: &str) -> Vec<String> {
    let root = base.join(folder);
    if !root.is_dir() {
        return Vec::new();
    }
    let listed = list_folder(&root, &Limits::default(), &mut Contents::default(), |_| false, |_| true);
    listed.into_iter().map(|entry| format!("{folder}/{}", entry.path)).collect()
}

/// Joins without leaving anything to the file system; `None` for an absolute path.
fn resolve(base: &Path, path: &str) -> Option<PathBuf> {
    let mut out = base.to_path_buf();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => out.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(out)
}
