use crate::names::{is_barren, is_project};
use std::collections::VecDeque;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const DEPTH: usize = 5;
const PATIENCE: Duration = Duration::from_secs(2);

/// Folders in a home that look like projects, sorted; gives up after two seconds with what it has.
pub fn discover(home: &Path) -> Vec<PathBuf> {
    let deadline = Instant::now() + PATIENCE;
    let mut found = Vec::new();
    // Nearest first, so that the deadline costs the most remote ones.
    let mut queue = VecDeque::from([(home.to_path_buf(), 0)]);
    while let Some((folder, depth)) = queue.pop_front() {
        if Instant::now() >= deadline {
            break;
        }
        if depth > 0 && is_project(&folder) {
            found.push(folder);
            continue;
        }
        if depth == DEPTH {
            continue;
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && !is_barren(&entry.file_name()) {
                queue.push_back((entry.path(), depth + 1));
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_projects_but_not_their_parts_nor_what_others_brought() {
        let home = tempfile::tempdir().expect("a home");
        let make = |path: &str| {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(path, "").expect("a file");
        };
        make("code/shop/package.json");
        make("code/shop/packages/part/package.json");
        make("code/shop/node_modules/dep/package.json");
        make("work/a/b/tool/Cargo.toml");
        make("a/b/c/d/e/too-deep/Cargo.toml");
        make(".hidden/thing/package.json");
        make("loose/venv/x/setup.py");
        make("notes/todo.txt");
        fs::create_dir_all(home.path().join("code/repo/.git")).expect("folders");
        std::os::unix::fs::symlink(home.path(), home.path().join("loop")).expect("a link");
        let expected = ["code/repo", "code/shop", "work/a/b/tool"].map(|path| home.path().join(path));
        assert_eq!(discover(home.path()), expected);
    }
}
