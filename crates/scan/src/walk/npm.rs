use super::{Place, Search, children, file_name};
use doorward_protocol::Ecosystem;
use std::path::Path;

/// True for a package's folder inside `node_modules`.
pub(super) fn is_installed(path: &Path) -> bool {
    let parent = path.parent();
    let named = |path: Option<&Path>, name: &str| path.is_some_and(|path| path.ends_with(name));
    named(parent, "node_modules")
        || (parent.is_some_and(|scope| file_name(scope).starts_with('@'))
            && named(parent.and_then(Path::parent), "node_modules"))
}

/// What package managers themselves keep beside the packages.
const BOOKKEEPING: [&str; 9] = [
    ".bin",
    ".cache",
    ".package-lock.json",
    ".yarn-integrity",
    ".yarn-state.yml",
    ".modules.yaml",
    ".pnpm-workspace-state.json",
    ".pnpm-workspace-state-v1.json",
    ".vite",
];

/// True for what lies in `node_modules` and belongs to no package.
pub(crate) fn is_leftover(name: &str, is_folder: bool) -> bool {
    if BOOKKEEPING.contains(&name) || [".pnpm", ".store"].contains(&name) {
        return false;
    }
    !is_folder || name.starts_with('.')
}

impl Search<'_> {
    /// Every package of a `node_modules` folder, those inside packages included.
    pub(super) fn npm_tree(&mut self, tree: &Path) {
        if !tree.is_dir() || !self.first_visit(tree) {
            return;
        }
        let mut leftovers = false;
        for child in children(tree) {
            let name = file_name(&child);
            match name.as_str() {
                ".pnpm" | ".store" => self.virtual_store(&child),
                _ if name.starts_with('@') => {
                    for scoped in children(&child) {
                        self.npm_package(&scoped);
                    }
                }
                _ if !name.starts_with('.') && child.is_dir() => self.npm_package(&child),
                _ => leftovers |= is_leftover(&name, child.is_dir()),
            }
        }
        if leftovers {
            self.emit(tree, Place::Leftovers(Ecosystem::Npm));
        }
    }

    fn virtual_store(&mut self, store: &Path) {
        self.npm_tree(&store.join("node_modules"));
        for child in children(store) {
            self.npm_tree(&child.join("node_modules"));
            if child.join("package/package.json").is_file() {
                self.npm_package(&child.join("package"));
            }
        }
    }

    fn npm_package(&mut self, folder: &Path) {
        let Ok(real) = self.real(folder) else {
            self.note(folder, "a link to nothing");
            return;
        };
        if !real.is_dir() {
            return;
        }
        if !real.starts_with(&self.root) {
            self.note(folder, format!("a link out of the tree, to {}; scan that folder too", real.display()));
            return;
        }
        if self.first_visit(&real) {
            if real != *folder {
                // Installed by a link to a folder of the project: all of it counts, not its own files only.
                self.found.retain(|target| target.path != real);
            }
            self.emit(&real, Place::Folder(Some(Ecosystem::Npm)));
            self.npm_tree(&real.join("node_modules"));
        }
    }
}
