use super::record;
use crate::attribution;
use crate::identity::{HashCache, Identity};
use crate::lineage::Lineage;
use crate::rules::Subject;
use doorward_protocol::{Attribution, PackageRef, Reader};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// What the guard found out about a reader.
#[derive(Debug)]
pub(super) struct Looked {
    /// `None` where it could not be looked at.
    pub(super) identity: Option<Identity>,
    pub(super) subject: Subject,
    pub(super) reader: Reader,
    pub(super) package: Option<Attribution>,
    pub(super) manager: Option<String>,
    /// Procedural macros one of which is reading, where it is the compiler.
    pub(super) macros: Vec<PackageRef>,
    /// The executable, where its hash is not known yet; pins the file, opens nothing.
    pub(super) executable: Option<File>,
}

impl Looked {
    /// Looks at a process. It may make that take as long as it likes.
    pub(super) fn at(pid: u32, lineage: &Lineage, hashes: &HashCache) -> Self {
        match lineage.identify(pid) {
            Ok(identity) => {
                let sha256 = hashes.get(&identity);
                // O_PATH raises no event of its own; the recorder reads it after the answer.
                let executable = OpenOptions::new()
                    .read(true)
                    .custom_flags(libc::O_PATH)
                    .open(format!("/proc/{pid}/exe"))
                    .ok()
                    .filter(|_| sha256.is_none());
                let (package, manager) = (lineage.attribute(&identity), attribution::manager_of(&identity));
                let compiles = package.is_none() && manager.is_some();
                Self {
                    macros: if compiles { attribution::macros_of(&identity) } else { Vec::new() },
                    subject: Subject::new(&identity, sha256.clone()),
                    reader: identity.reader(sha256),
                    package,
                    manager,
                    executable,
                    identity: Some(identity),
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a reader could not be identified");
                Self::unseen(pid, lineage)
            }
        }
    }

    /// A process that could not be looked at, or not in time: only what was seen of its descent counts.
    pub(super) fn unseen(pid: u32, lineage: &Lineage) -> Self {
        let recalled = lineage.recall(pid);
        Self {
            identity: None,
            subject: Subject { exe: PathBuf::from(format!("process {pid}")), ..Subject::default() },
            reader: recalled
                .as_ref()
                .map_or_else(|| record::unknown_reader(pid), |identity| identity.reader(None)),
            package: recalled.as_ref().and_then(|identity| lineage.attribute(identity)),
            manager: recalled.as_ref().and_then(attribution::manager_of),
            macros: Vec::new(),
            executable: None,
        }
    }
}
