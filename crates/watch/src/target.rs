//! One thing that is watched: a project, or the caches of a home.

use crate::snapshot::{Interest, Snapshot};
use crate::watches::Watches;
use crate::young::Young;
use crate::{Arrival, caches, install};
use doorward_protocol::{Ecosystem, visible};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Watches that one target may take, whatever its size.
const WATCHES: usize = 150;

/// What is told once, however many folders the limit hits.
pub(crate) const LIMIT_REACHED: &str =
    "The limit of watched folders is reached; some changes are noticed every 30 seconds only.";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    Project(PathBuf),
    Caches(PathBuf),
}

#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) subject: Subject,
    /// Each watched folder with its inode: another folder under the same name needs a watch of its own.
    watched: BTreeMap<PathBuf, (u64, Interest)>,
    last: Snapshot,
    gone: bool,
    /// What was complained about already.
    complained: BTreeSet<PathBuf>,
    young: Young,
}

/// Why another look is due without a change.
#[derive(Debug, Default)]
pub(crate) struct Again {
    /// Something was half written.
    pub(crate) unfinished: bool,
    /// Package folders may still be growing.
    pub(crate) growing: Option<Duration>,
}

impl Target {
    /// Takes what is there now for known.
    pub(crate) fn new(subject: Subject, watches: &mut Watches, out: &mut Vec<Arrival>) -> Self {
        let mut target = Self {
            subject,
            watched: BTreeMap::new(),
            last: Snapshot::default(),
            gone: false,
            complained: BTreeSet::new(),
            young: Young::default(),
        };
        // Watches first, so that nothing slips in between.
        let rough = target.read();
        target.follow(&rough, watches, out);
        target.last = target.read();
        target.look(watches, out);
        target
    }

    fn project(&self) -> Option<&Path> {
        match &self.subject {
            Subject::Project(path) => Some(path),
            Subject::Caches(_) => None,
        }
    }

    fn read(&self) -> Snapshot {
        match &self.subject {
            Subject::Project(path) => install::read(path),
            Subject::Caches(home) => caches::read(home),
        }
    }

    /// Compares with the last look.
    pub(crate) fn look(&mut self, watches: &mut Watches, out: &mut Vec<Arrival>) -> Again {
        if let Some(project) = self.project().map(Path::to_path_buf) {
            let gone = !project.is_dir();
            if gone && !self.gone {
                out.push(Arrival::ProjectGone { project: project.clone() });
            }
            self.gone = gone;
            if gone {
                // It may come back: its parent tells.
                let mut waiting = Snapshot::default();
                if let Some(parent) = project.ancestors().skip(1).find(|parent| parent.is_dir()) {
                    waiting.watch(parent, Interest::Names);
                }
                self.follow(&waiting, watches, out);
                return Again::default();
            }
        }
        let now = self.read();
        self.young.look(out);
        for arrival in now.news(&self.last, self.project()) {
            match &arrival {
                // Other package managers finish a package with a file or a name of its own.
                Arrival::Package { path, ecosystem: Ecosystem::Npm, .. } if path.is_dir() => {
                    self.young.add(path.clone(), arrival);
                }
                _ => out.push(arrival),
            }
        }
        self.complain(&now, out);
        self.follow(&now, watches, out);
        let again = Again { unfinished: now.unfinished, growing: self.young.due() };
        self.last = now;
        again
    }

    fn complain(&mut self, now: &Snapshot, out: &mut Vec<Arrival>) {
        for (path, why) in &now.unreadable {
            if self.complained.insert(path.clone()) {
                out.push(Arrival::Trouble {
                    message: format!("{} is not watched: {why}.", visible(&path.to_string_lossy())),
                    hint: "Check the owner and the permissions of the folder.".into(),
                });
            }
        }
    }

    /// Watches what the snapshot names, and nothing else.
    fn follow(&mut self, now: &Snapshot, watches: &mut Watches, out: &mut Vec<Arrival>) {
        let mut wanted = BTreeMap::new();
        for (path, interest) in &now.folders {
            if wanted.len() == WATCHES {
                break;
            }
            if let Ok(metadata) = fs::metadata(path) {
                wanted.entry(path.clone()).or_insert((metadata.ino(), *interest));
            }
        }
        for (path, (inode, _)) in &self.watched {
            if wanted.get(path).is_none_or(|(now, _)| now != inode) {
                watches.remove(path, *inode);
            }
        }
        for (path, (inode, _)) in wanted.clone() {
            if self.watched.get(&path).is_some_and(|(before, _)| *before == inode) {
                continue;
            }
            if let Err(error) = watches.add(&path, inode) {
                wanted.remove(&path);
                if path.exists() && self.complained.insert(path.clone()) {
                    out.push(trouble(&path, &error));
                }
            }
        }
        self.watched = wanted;
    }

    /// Whether a change at this path may mean news here. `shape` is true where something came or went.
    pub(crate) fn cares(&self, path: &Path, shape: bool, telling: bool) -> bool {
        let above = path.parent().and_then(|parent| self.watched.get(parent));
        match above {
            Some((_, Interest::All)) => true,
            Some((_, Interest::Names)) => shape || telling,
            None => self.watched.contains_key(path),
        }
    }

    /// A folder went away and its watch with it.
    pub(crate) fn lost(&mut self, path: &Path) {
        self.watched.remove(path);
    }

    /// Gives its watches back.
    pub(crate) fn release(self, watches: &mut Watches) {
        for (path, (inode, _)) in &self.watched {
            watches.remove(path, *inode);
        }
    }
}

fn trouble(path: &Path, error: &notify::Error) -> Arrival {
    let full = matches!(error.kind, notify::ErrorKind::MaxFilesWatch);
    Arrival::Trouble {
        message: if full {
            LIMIT_REACHED.into()
        } else {
            format!("{} is not watched: {error}.", visible(&path.to_string_lossy()))
        },
        hint: if full {
            "Raise it with `sysctl fs.inotify.max_user_watches=524288`.".into()
        } else {
            "Check the owner and the permissions of the folder.".into()
        },
    }
}
