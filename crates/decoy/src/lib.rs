//! Decoys: files that look like keys and wallets, open nothing, and that nobody needs. The guard
//! raises the alarm at every read of one; this crate makes them believable and plants them.

mod content;

use doorward_protocol::{DecoyKind, visible};
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Why a decoy could not be planted: what was being done, to which path, why, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("planting a decoy at {}: {why}", visible(&path.to_string_lossy()))]
pub struct DecoyError {
    /// Where it should lie.
    pub path: PathBuf,
    /// Why it does not.
    pub why: String,
    /// What to do.
    pub hint: String,
}

/// Where a decoy of this kind lies unless somebody says otherwise, below a home: beside the real thing,
/// under a name that the program it seems to belong to never opens by itself.
pub fn usual_place(kind: DecoyKind) -> &'static Path {
    Path::new(match kind {
        DecoyKind::Ssh => ".ssh/id_ed25519_backup",
        DecoyKind::Aws => ".aws/credentials.old",
        DecoyKind::Solana => ".config/solana/id_old.json",
        DecoyKind::Sui => ".sui/sui_config/sui.keystore.old",
        DecoyKind::Ethereum => ".ethereum/keystore-backup/wallet.json",
        DecoyKind::Npm => ".npmrc.old",
    })
}

/// Writes a fresh decoy to a path below a home, readable for its owner only, with the age of a file that was
/// forgotten there. Folders that are missing are made.
///
/// # Errors
/// [`DecoyError`]; a file that is already there is left alone.
pub fn plant(kind: DecoyKind, home: &Path, path: &Path) -> Result<(), DecoyError> {
    if !path.starts_with(home) {
        return Err(DecoyError {
            path: path.to_path_buf(),
            why: "it is not below your home folder".into(),
            hint: "decoys stand where thieves look, among your own files".into(),
        });
    }
    let failed = |error: io::Error| DecoyError {
        path: path.to_path_buf(),
        why: error.to_string(),
        hint: match error.kind() {
            io::ErrorKind::AlreadyExists => "name another path; nothing is ever overwritten".into(),
            io::ErrorKind::CrossesDevices => "name a path on the same disk as your home folder".into(),
            _ => "check the folder's owner and permissions".into(),
        },
    };
    let content = content::of(kind).map_err(failed)?;
    if path.symlink_metadata().is_ok() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    place(content.as_bytes(), home, path).map_err(failed)
}

/// Written into the home and moved from there: where the folder's files are guarded, not even this
/// program may open a new one there. Moving never replaces what has the name already.
fn place(content: &[u8], home: &Path, path: &Path) -> io::Result<()> {
    let draft = home.join(format!(".doorward-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let placed = file.write_all(content).and_then(|()| age(&file)).and_then(|()| {
        let here = rustix::fs::CWD;
        Ok(rustix::fs::renameat_with(here, &draft, here, path, rustix::fs::RenameFlags::NOREPLACE)?)
    });
    placed.inspect_err(|_| drop(fs::remove_file(&draft)))
}

/// Between three months and a year old.
fn age(file: &File) -> io::Result<()> {
    let days = 90 + u64::from(u16::from_le_bytes(content::random()?)) % 275;
    let then = SystemTime::now() - Duration::from_secs(days * 86_400 + 4_711);
    file.set_times(FileTimes::new().set_modified(then).set_accessed(then))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn a_decoy_is_private_old_and_alone() {
        let home = tempfile::tempdir().expect("home");
        for kind in DecoyKind::ALL {
            let path = home.path().join(usual_place(kind));
            plant(kind, home.path(), &path).unwrap_or_else(|error| panic!("{kind:?}: {error}"));
            let metadata = path.metadata().expect("planted");
            assert_eq!((metadata.permissions().mode() & 0o777, metadata.nlink()), (0o600, 1), "{kind:?}");
            let age = metadata.modified().expect("time").elapsed().expect("past");
            assert!(age > Duration::from_secs(89 * 86_400), "{kind:?}: {age:?}");
        }
        let left = fs::read_dir(home.path()).expect("list").flatten();
        let drafts = left.filter(|entry| entry.file_name().to_string_lossy().starts_with(".doorward"));
        assert_eq!(drafts.count(), 0, "a draft was left");
    }

    #[test]
    fn nothing_is_overwritten() {
        let home = tempfile::tempdir().expect("home");
        let path = home.path().join("id_ed25519_backup");
        fs::write(&path, "mine").expect("write");
        let error = plant(DecoyKind::Ssh, home.path(), &path).expect_err("it is taken");
        assert!(error.to_string().contains("id_ed25519_backup") && error.hint.contains("another path"));
        assert_eq!(fs::read_to_string(&path).expect("still there"), "mine");
        let link = home.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).expect("link");
        assert!(plant(DecoyKind::Ssh, home.path(), &link).is_err(), "a dangling link is somebody's too");
        let elsewhere = tempfile::tempdir().expect("folder").path().join("id_backup");
        assert!(plant(DecoyKind::Ssh, home.path(), &elsewhere).is_err());
    }
}
