use super::usage::{self, Call, Named};
use super::{Catalog, Pattern, ReaderClass, SecretClass};
use crate::identity::{Identity, Process};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Nobody but the owner may change the file.
const WRITABLE_BY_OTHERS: u32 = 0o022;
/// A user's own file: their private group may write too.
const WRITABLE_BY_WORLD: u32 = 0o002;
/// Folders that packages fill: a program in there counts only where the catalog spells them out.
const FILLED_BY_PACKAGES: &[&str] = &["node_modules", "target", "site-packages", "tmp"];

/// A file that somebody wants to read.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// Its kind.
    pub class: &'a SecretClass,
    /// Where it is.
    pub path: &'a Path,
    /// Its device and inode.
    pub file: (u64, u64),
    /// The home or project it lies in: programs that a user installed are looked for there.
    pub home: &'a Path,
}

/// What the catalog says of a reader.
#[derive(Debug, Clone)]
pub enum Claim<'a> {
    /// It may have the secret without anybody being asked.
    Reader(&'a ReaderClass),
    /// It is that program, but used in a way that gives the secret away: half a sentence says why.
    Misused(&'a ReaderClass, String),
    /// It reads whole folders for somebody.
    WholeFolders(&'a ReaderClass),
    /// Nothing is known of it.
    Stranger,
}

impl Catalog {
    /// What the catalog says of a process that wants a secret. What it descends from is not judged here.
    /// May take long: never to be called on a thread that must not wait.
    pub fn judge(&self, sought: &Sought<'_>, identity: &Identity) -> Claim<'_> {
        let itself =
            !identity.deleted && !identity.memfd && identity.tracer == 0 && identity.injected.is_empty();
        if !itself {
            return Claim::Stranger;
        }
        let of_class = |reader: &&ReaderClass| {
            reader.any_secret || reader.whole_folders || sought.class.readers.contains(&reader.id)
        };
        let mut claim = Claim::Stranger;
        for reader in self.readers.iter().filter(of_class) {
            if !reader.is(sought.home, identity) {
                continue;
            }
            if reader.whole_folders {
                claim = Claim::WholeFolders(reader);
                continue;
            }
            match reader.misuse(sought, identity) {
                None => return Claim::Reader(reader),
                Some(why) => claim = Claim::Misused(reader, why),
            }
        }
        claim
    }

    /// The program that a process is, where it reads what others ask it for.
    pub fn reads_for_others(&self, identity: &Identity) -> Option<&ReaderClass> {
        self.readers
            .iter()
            .filter(|reader| reader.for_others)
            .find(|reader| reader.is(Path::new("/"), identity))
    }

    /// True where a process is a program of the system that package managers start to fetch sources.
    pub fn fetches_sources(&self, process: &Process) -> bool {
        let mut readers = self.readers.iter().filter(|reader| reader.fetches_sources);
        readers.any(|reader| is_systems_program(process, &reader.exe))
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

    /// Why this is not the use that the program is known for.
    fn misuse(&self, sought: &Sought<'_>, identity: &Identity) -> Option<String> {
        // Root reads what it likes; inside a sandbox names mean other files than they say.
        if self.root || identity.mnt_ns_foreign {
            return None;
        }
        if identity.has_unread_arguments() || identity.has_own_root() {
            return Some("its arguments cannot be judged".into());
        }
        let names = identity.names(sought.home);
        let named = |name: &str| {
            let mut found = None;
            for (file, path) in names.lead_to(name) {
                if file == sought.file {
                    return Some(Named::Secret);
                }
                if sought.path.starts_with(&path) {
                    found = Some(Named::Folder);
                }
            }
            found
        };
        let args = identity.arguments();
        let call = Call {
            program: &identity.program_name(),
            secret: &sought.class.id,
            args: &args,
            names: &named,
            below: &|programs| identity.ancestry.iter().any(|parent| is_systems_program(parent, programs)),
            connected: &|| identity.is_connected(),
            terminal: &|| identity.is_fed_by_terminal(),
        };
        usage::misuse(&self.usages, &call)
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
                [title, options @ ..] if options.iter().all(|option| is_interactive(option)) => {
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

/// True where a parent is the very file of root's that one of these patterns names.
fn is_systems_program(parent: &Process, programs: &[Pattern]) -> bool {
    programs.iter().any(|pattern| pattern.matches(&parent.exe))
        && fs::metadata(&parent.exe).is_ok_and(|meta| {
            (meta.dev(), meta.ino()) == (parent.dev, parent.ino)
                && meta.uid() == 0
                && meta.mode() & WRITABLE_BY_OTHERS == 0
        })
}

/// An option with which a shell is started for a person.
fn is_interactive(option: &str) -> bool {
    ["-i", "-l", "-il", "-li", "--login"].contains(&option)
}

fn owner_of(home: &Path) -> Option<u32> {
    fs::metadata(home).ok().map(|meta| meta.uid())
}
