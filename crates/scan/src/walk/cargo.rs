use super::{Place, Search, children};
use doorward_protocol::Ecosystem;
use std::path::Path;

/// True for a crate that cargo unpacked or vendored.
pub(super) fn is_unpacked(path: &Path) -> bool {
    path.join("Cargo.toml").is_file()
        && [".cargo-ok", ".cargo-checksum.json", ".cargo_vcs_info.json"]
            .iter()
            .any(|mark| path.join(mark).is_file())
}

/// True for a folder of unpacked crates, or of registries that hold such folders.
pub(super) fn is_source_tree(path: &Path) -> bool {
    !path.join("Cargo.toml").is_file()
        && (children(path).iter().any(|child| is_unpacked(child))
            || (path.ends_with("registry/src")
                && children(path)
                    .iter()
                    .any(|registry| children(registry).iter().any(|child| is_unpacked(child)))))
}

impl Search<'_> {
    pub(super) fn cargo_tree(&mut self, tree: &Path) {
        for child in children(tree) {
            if child.join("Cargo.toml").is_file() {
                self.cargo_crate(&child);
            } else if child.is_dir() {
                for krate in children(&child).iter().filter(|krate| krate.join("Cargo.toml").is_file()) {
                    self.cargo_crate(krate);
                }
            }
        }
    }

    pub(super) fn cargo_crate(&mut self, folder: &Path) {
        if self.first_visit(folder) {
            self.emit(folder, Place::Folder(Some(Ecosystem::Cargo)));
        }
    }
}
