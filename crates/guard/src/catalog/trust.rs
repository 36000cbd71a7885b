use super::{Catalog, Pattern, ReaderClass, SecretClass};
use crate::identity::Identity;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Nobody but the owner may change the file.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// A user's own file: their private group may write too.
const WRITABLE_BY_WORLD: u32 = 0o002;
/// Folders that packages fill: a program in there counts only where the catalog spells them out.
const FILLED_BY_PACKAGES: &[&str] = &["node_modules", "target", "site-packages", "tmp"];

impl Catalog {
    /// The reader a process is, if it may have secrets of this class without anybody being asked.
    ///
    /// `home` is the home the secret lies in: programs that a user installed are looked for there.
    /// What the process descends from is not judged here.
    pub fn allows(&self, home: &Path, class: &SecretClass, identity: &Identity) -> Option<&ReaderClass> {
        let itself =
            !identity.deleted && !identity.memfd && identity.tracer == 0 && identity.injected.is_empty();
        if !itself {
            return None;
        }
        let mut readers =
            self.readers.iter().filter(|reader| reader.any_secret || class.readers.contains(&reader.id));
        readers.find(|reader| reader.is(home, identity))
    }
}

impl ReaderClass {
    /// True where a process is this program.
    fn is(&self, home: &Path, identity: &Identity) -> bool {
        if self.root && identity.uid != 0 {
            return false;
        }
        if self.is_snap(identity) || self.is_flatpak(home, identity) {
            return true;
        }
        if identity.mnt_ns_foreign || !identity.exe_proven {
            return false;
        }
        let exe = Program { path: &identity.exe, uid: identity.exe_uid, mode: identity.exe_mode, home };
        exe.is_one_of(&self.exe) && (!identity.interpreter || self.runs_its_script(home, identity))
    }

    fn runs_its_script(&self, home: &Path, identity: &Identity) -> bool {
        if let Some(module) = &identity.module {
            return self.modules.contains(module);
        }
        match (&identity.script, identity.script_uid, identity.script_mode) {
            (Some(path), Some(uid), Some(mode)) => Program { path, uid, mode, home }.is_one_of(&self.script),
            // A program that renames itself has overwritten its arguments, script and all. The title
            // is its own word; it opens no more than the files that this reader is named for.
            _ => match identity.cmdline.as_slice() {
                [title] => {
                    title.split(' ').next().is_some_and(|name| self.titles.iter().any(|own| own == name))
                }
                _ => false,
            },
        }
    }

    /// Snaps are read-only images mounted by the system: the path, proven, is the identity.
    fn is_snap(&self, identity: &Identity) -> bool {
        identity.exe_proven
            && identity.exe_uid == 0
            && !identity.interpreter
            && self.snap.iter().any(|name| {
                ["/snap", "/var/lib/snapd/snap"]
                    .iter()
                    .any(|root| identity.exe.starts_with(Path::new(root).join(name)))
            })
    }

    /// Inside a Flatpak the executable is `/app/…`; it must be the very file that is installed.
    fn is_flatpak(&self, home: &Path, identity: &Identity) -> bool {
        let Ok(inside) = identity.exe.strip_prefix("/app") else { return false };
        if !identity.mnt_ns_foreign || identity.interpreter {
            return false;
        }
        let owner = owner_of(home);
        self.flatpak.iter().any(|id| {
            let installed = |root: PathBuf, uid: Option<u32>| {
                fs::metadata(root.join(id).join("current/active/files").join(inside)).is_ok_and(|meta| {
                    (meta.dev(), meta.ino()) == (identity.dev, identity.ino) && Some(meta.uid()) == uid
                })
            };
            installed("/var/lib/flatpak/app".into(), Some(0))
                || installed(home.join(".local/share/flatpak/app"), owner)
        })
    }
}

/// A file that claims to be part of a known program.
struct Program<'a> {
    path: &'a Path,
    uid: u32,
    mode: u32,
    home: &'a Path,
}

impl Program<'_> {
    fn is_one_of(&self, patterns: &[Pattern]) -> bool {
        patterns.iter().any(|pattern| {
            if pattern.is_below_home() { self.is_users(pattern) } else { self.is_systems(pattern) }
        })
    }

    fn is_systems(&self, pattern: &Pattern) -> bool {
        self.uid == 0 && self.mode & WRITABLE_BY_OTHERS == 0 && pattern.matches(self.path)
    }

    fn is_users(&self, pattern: &Pattern) -> bool {
        let home = fs::canonicalize(self.home).unwrap_or_else(|_| self.home.to_owned());
        let Ok(relative) = self.path.strip_prefix(&home) else { return false };
        let spelt = pattern.to_string();
        let filled = relative
            .iter()
            .any(|name| FILLED_BY_PACKAGES.iter().any(|folder| name == *folder && !spelt.contains(folder)));
        !filled
            && self.mode & WRITABLE_BY_WORLD == 0
            && Some(self.uid) == owner_of(&home)
            && pattern.matches(relative)
    }
}

fn owner_of(home: &Path) -> Option<u32> {
    fs::metadata(home).ok().map(|meta| meta.uid())
}
