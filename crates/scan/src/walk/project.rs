use super::{Place, Search, Target, cargo, children, file_name, python};
use crate::lockfile;
use doorward_protocol::{Ecosystem, Unscanned};
use std::path::{Path, PathBuf};

const MANIFESTS: [&str; 5] = ["package.json", "pyproject.toml", "setup.py", "PKG-INFO", "Cargo.toml"];

/// Files of a project that run, or instruct an agent or editor, without anyone asking for them.
const OWN_FILES: [&str; 33] = [
    "package.json",
    "binding.gyp",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "Cargo.toml",
    "build.rs",
    "conftest.py",
    "sitecustomize.py",
    "usercustomize.py",
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pnpmfile.cjs",
    "bunfig.toml",
    ".envrc",
    ".pre-commit-config.yaml",
    "lefthook.yml",
    ".gitattributes",
    ".mcp.json",
    "CLAUDE.md",
    "CLAUDE.local.md",
    "AGENTS.md",
    "GEMINI.md",
    "QWEN.md",
    "llms.txt",
    ".cursorrules",
    ".windsurfrules",
    ".clinerules",
    ".roorules",
    ".goosehints",
    ".aider.conf.yml",
    ".junie",
];

/// Folders all of whose files count.
const OWN_FOLDERS: [&str; 14] = [
    ".claude",
    ".codex",
    ".cursor",
    ".gemini",
    ".windsurf",
    ".continue",
    ".junie",
    ".opencode",
    ".vscode",
    ".idea",
    ".devcontainer",
    ".github",
    ".husky",
    ".cargo",
];

/// True for a file of the user's project that is worth reading although the user wrote it, by its path
/// inside the project.
pub(crate) fn is_own_file(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    if folders.ends_with(".git/hooks") || folders == ".git/hooks" {
        return !name.ends_with(".sample");
    }
    OWN_FILES.contains(&name)
        || lockfile::is_of_npm(name)
        || name.ends_with(".pth")
        || name.ends_with(".code-workspace")
        || folders.split('/').any(|folder| OWN_FOLDERS.contains(&folder))
}

/// True for folders whose files are reported elsewhere, or not at all.
pub(crate) fn is_other_package(root: &Path, inside: &str) -> bool {
    is_foreign_folder(root, inside) || has_manifest(&root.join(inside))
}

fn has_manifest(folder: &Path) -> bool {
    MANIFESTS.iter().any(|manifest| folder.join(manifest).is_file())
}

/// True for folders that are not the project's own, or not worth walking.
fn is_foreign_folder(root: &Path, inside: &str) -> bool {
    let name = inside.rsplit('/').next().unwrap_or(inside);
    let path = || root.join(inside);
    match name {
        "node_modules" | "__pycache__" | "site-packages" | "dist-packages" => true,
        "target" => path().join("CACHEDIR.TAG").is_file(),
        "objects" | "logs" | "refs" | "modules" | "lfs" => inside.rsplit('/').nth(1) == Some(".git"),
        "vendor" => cargo::is_source_tree(&path()),
        _ => path().join("pyvenv.cfg").is_file(),
    }
}

impl Search<'_> {
    /// A folder in which somebody develops, or a bare package that lies anywhere.
    pub(super) fn project(&mut self, root: &Path) {
        let has_manifest = has_manifest(root);
        if has_manifest && !is_developed(root) {
            // Nothing says that the user wrote it: all of it is read.
            self.emit(root, Place::Folder(None));
            self.lockfiles(root);
            return;
        }
        let mut own = has_manifest;
        self.walk(root, root, 0, &mut own);
        if own {
            self.found.insert(0, Target::new(root, Place::Project));
        }
    }

    fn walk(&mut self, root: &Path, folder: &Path, depth: usize, own: &mut bool) {
        const DEEPEST: usize = 24;
        if folder.join("pyvenv.cfg").is_file() {
            for python in children(&folder.join("lib")) {
                let base = python.join("site-packages");
                if base.is_dir() {
                    self.python_tree(&base);
                }
            }
            return;
        }
        self.lockfiles(folder);
        for child in children(folder) {
            let Ok(meta) = child.symlink_metadata() else { continue };
            let name = file_name(&child);
            let inside = child.strip_prefix(root).unwrap_or(&child).to_string_lossy().into_owned();
            if meta.is_symlink() {
                if name == "node_modules" {
                    self.note(&child, "a link to an install tree elsewhere; scan that folder too");
                }
            } else if !meta.is_dir() {
                *own |= is_own_file(&inside);
            } else if name == "node_modules" {
                self.npm_tree(&child);
            } else if name == "vendor" && cargo::is_source_tree(&child) {
                self.cargo_tree(&child);
            } else if python::is_environment(&child) {
                self.python_tree(&child);
            } else if depth == DEEPEST {
                self.note(&child, "lies too deep; scan it by itself");
            } else if has_manifest(&child) && !child.join("pyvenv.cfg").is_file() {
                // A member of a workspace, or a dependency by path, is a package of its own.
                self.walk(&child, &child, depth + 1, &mut false);
                if !self.is_visited(&child) {
                    self.emit(&child, Place::Project);
                }
            } else if !is_foreign_folder(root, &inside) || child.join("pyvenv.cfg").is_file() {
                self.walk(root, &child, depth + 1, own);
            }
        }
    }

    /// Crates that `Cargo.lock` names and the registry holds; packages that any lockfile names, the disk
    /// does not hold and the list of known malware may know.
    fn lockfiles(&mut self, folder: &Path) {
        for path in children(folder) {
            let name = file_name(&path);
            if !lockfile::is_lockfile(&name) || !path.is_file() {
                continue;
            }
            let locked = match lockfile::read(&path) {
                Ok(locked) => locked,
                Err(reason) => {
                    let inside =
                        path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().into_owned();
                    self.notes.push(Unscanned { path: inside, reason });
                    continue;
                }
            };
            for entry in locked {
                let at = match entry.package.ecosystem {
                    Ecosystem::Cargo => self.unpacked_crate(&entry.package.name, &entry.package.version),
                    Ecosystem::Npm => {
                        entry.place.as_ref().map(|place| folder.join(place)).filter(|path| path.is_dir())
                    }
                    Ecosystem::Pypi => None,
                };
                match at {
                    Some(path) if entry.package.ecosystem == Ecosystem::Cargo => self.cargo_crate(&path),
                    Some(_) => {}
                    None if crate::feed::lookup(&entry.package).is_some() => {
                        let place = Place::Locked {
                            package: entry.package,
                            lockfile: name.clone(),
                            line: entry.line,
                        };
                        self.found.push(Target::new(folder, place));
                    }
                    None => {}
                }
            }
        }
    }

    fn unpacked_crate(&self, name: &str, version: &str) -> Option<PathBuf> {
        let folder = format!("{name}-{version}");
        if folder.contains('/') {
            return None;
        }
        self.cargo_sources
            .iter()
            .flat_map(|sources| children(sources))
            .map(|registry| registry.join(&folder))
            .find(|path| path.is_dir())
    }
}

/// True where installed dependencies, build products or version control show that somebody works here.
fn is_developed(root: &Path) -> bool {
    [".git", ".hg", ".jj", "node_modules", "target/CACHEDIR.TAG"].iter().any(|mark| root.join(mark).exists())
        || root.join("Cargo.toml").is_file() && cargo::is_source_tree(&root.join("vendor"))
        || children(root).iter().any(|child| child.join("pyvenv.cfg").is_file())
}

#[cfg(test)]
mod tests {
    use super::is_own_file;

    #[test]
    fn instructions_hooks_and_editor_files_count_as_own() {
        for path in [
            "CLAUDE.md",
            "docs/.cursorrules",
            ".claude/hooks/x.sh",
            ".vscode/tasks.json",
            ".git/hooks/pre-push",
        ] {
            assert!(is_own_file(path), "{path}");
        }
        for path in ["src/main.rs", ".git/hooks/pre-push.sample", "README.md", "index.js"] {
            assert!(!is_own_file(path), "{path}");
        }
    }
}
