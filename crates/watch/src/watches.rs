//! The kernel's watches, shared by the targets that want the same folder.

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub(crate) struct Watches {
    watcher: RecommendedWatcher,
    /// The inode behind each name, and how many targets want it.
    held: HashMap<PathBuf, (u64, u32)>,
}

impl Watches {
    pub(crate) fn new(watcher: RecommendedWatcher) -> Self {
        Self { watcher, held: HashMap::new() }
    }

    pub(crate) fn add(&mut self, path: &Path, inode: u64) -> notify::Result<()> {
        match self.held.get_mut(path) {
            Some((held, count)) if *held == inode => {
                *count += 1;
                return Ok(());
            }
            // Another folder has taken the name since.
            Some(_) => self.lose(path),
            None => {}
        }
        self.watcher.watch(path, RecursiveMode::NonRecursive)?;
        self.held.insert(path.to_path_buf(), (inode, 1));
        Ok(())
    }

    pub(crate) fn remove(&mut self, path: &Path, inode: u64) {
        match self.held.get_mut(path) {
            Some((held, count)) if *held == inode && *count > 1 => *count -= 1,
            Some((held, _)) if *held == inode => self.lose(path),
            _ => {}
        }
    }

    /// The folder went away, or is called something else by now.
    pub(crate) fn lose(&mut self, path: &Path) {
        if self.held.remove(path).is_some() {
            // Fails where the kernel has dropped the watch by itself.
            let _ = self.watcher.unwatch(path);
        }
    }
}
