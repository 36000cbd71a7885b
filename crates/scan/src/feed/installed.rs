//! A newer list than the compiled-in one, in a folder of the user's data.
//!
//! A list comes with a minisign signature (<https://jedisct1.github.io/minisign/>) and is kept together
//! with it in one file, so that a swap is one rename and the signature can be checked whenever the list
//! is opened. Keys are compiled in from `assets/lists/keys.pub` or trusted by the user.

use super::format::{Damaged, Feed};
use super::{FeedStatus, Origin};
use doorward_protocol::Timestamp;
use minisign_verify::{PublicKey, Signature};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

const LIST: &str = "known-bad.signed";
const KEYS: &str = "keys.pub";
const RELEASE_KEYS: &str = include_str!("../../../../assets/lists/keys.pub");
const MAGIC: &[u8; 8] = b"DWSIGN1\n";
/// No honest list is larger; reading stops there.
pub const MAX_LIST: u64 = 64 * 1024 * 1024;
/// A new list that has lost more than this share of the old one's entries is taken for a broken one.
const MAX_LOSS: f64 = 0.5;

/// Where the user's own list and trusted keys are kept.
#[derive(Debug, Clone)]
pub struct Installed {
    folder: PathBuf,
}

/// Why a list or a key was refused. What was in force before stays so.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// No key to check a list with.
    #[error("no key is trusted, so no list can be checked")]
    NoKey,
    /// Not a minisign public key.
    #[error("this is no minisign public key")]
    NotAKey,
    /// The signature's file is not one.
    #[error("the signature is damaged: {0}")]
    NotASignature(minisign_verify::Error),
    /// No trusted key made the signature.
    #[error("the list is not signed by a trusted key")]
    Unsigned,
    /// The list cannot be opened.
    #[error(transparent)]
    Damaged(#[from] Damaged),
    /// The list names nothing, or far less than the one in use.
    #[error("the list has {entries} entries where the one in use has {before}")]
    TooShort {
        /// Entries of the new list.
        entries: usize,
        /// Entries of the one in use.
        before: usize,
    },
    /// The list is older than the one in use.
    #[error("the list was issued at {issued}, the one in use at {before}")]
    Older {
        /// When the new one was issued.
        issued: Timestamp,
        /// When the one in use was.
        before: Timestamp,
    },
    /// The disk.
    #[error("{path} cannot be {doing}: {source}")]
    Disk {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

impl UpdateError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoKey => "Trust the publisher's key first: doorward feed trust KEY.",
            Self::NotAKey => "A public key is the file that minisign -G writes as minisign.pub.",
            Self::NotASignature(_) => "The signature is the .minisig file beside the list.",
            Self::Unsigned => "Ask the publisher for the key, or take the list from where the key belongs.",
            Self::Damaged(_) => "Fetch it again, or make it with doorward-feed-build.",
            Self::TooShort { .. } => "A broken build looks like this; the list in use stays.",
            Self::Older { .. } => "The newer list stays; doorward feed reset goes back to the built-in one.",
            Self::Disk { .. } => "Check the folder's owner, permissions and free space.",
        }
    }
}

impl Installed {
    /// The list and keys kept in `folder`, which need not exist.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Trusts a minisign public key from now on and returns its text.
    ///
    /// # Errors
    /// [`UpdateError::NotAKey`], [`UpdateError::Disk`].
    pub fn trust(&self, key: &str) -> Result<String, UpdateError> {
        let key = key_in(key).ok_or(UpdateError::NotAKey)?;
        let path = self.folder.join(KEYS);
        let mut keys =
            read(&path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        if !keys.lines().any(|line| line == key) {
            keys.push_str(&key);
            keys.push('\n');
            self.replace(&path, &[keys.as_bytes()])?;
        }
        Ok(key)
    }

    /// Checks a list and its signature and puts it in force in one step. Returns what is in force then;
    /// the list that is in force already is no error.
    ///
    /// # Errors
    /// Any [`UpdateError`]: unsigned, damaged, much shorter or older lists are refused.
    pub fn install(&self, list: &[u8], signature: &str) -> Result<FeedStatus, UpdateError> {
        self.verify(list, signature)?;
        let feed = Feed::open_whole(list)?;
        let before = self.status();
        if feed.header.digest == before.digest {
            return Ok(before);
        }
        if (feed.len() as f64) < before.entries as f64 * (1.0 - MAX_LOSS) || feed.len() == 0 {
            return Err(UpdateError::TooShort { entries: feed.len(), before: before.entries });
        }
        if feed.header.issued < before.issued {
            return Err(UpdateError::Older { issued: feed.header.issued, before: before.issued });
        }
        let length = u32::try_from(signature.len()).unwrap_or(u32::MAX).to_le_bytes();
        self.replace(&self.path(), &[MAGIC, &length, signature.as_bytes(), list])?;
        Ok(self.status())
    }

    /// Goes back to the compiled-in list. True where there was another one.
    ///
    /// # Errors
    /// [`UpdateError::Disk`].
    pub fn reset(&self) -> Result<bool, UpdateError> {
        let path = self.path();
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(UpdateError::Disk { path, doing: "removed", source }),
        }
    }

    /// Which list is in force, and why another one is not.
    pub fn status(&self) -> FeedStatus {
        let built_in = FeedStatus::built_in();
        match self.checked() {
            // A program that was updated since may bring a newer list along.
            Ok(Some(own)) if own.issued >= built_in.issued => own,
            Ok(_) => built_in,
            Err(problem) => FeedStatus { problem: Some(problem), ..built_in },
        }
    }

    /// What the installed list says of itself, once its signature is checked.
    fn checked(&self) -> Result<Option<FeedStatus>, UpdateError> {
        let Some(stored) = read(&self.path())? else { return Ok(None) };
        let (signature, list) = unpack(&stored)?;
        self.verify(list, &String::from_utf8_lossy(signature))?;
        let feed = Feed::open_whole(list)?;
        Ok(Some(FeedStatus::of(&feed, Origin::Installed(self.path()))))
    }

    fn verify(&self, list: &[u8], signature: &str) -> Result<(), UpdateError> {
        let own = read(&self.folder.join(KEYS))?.unwrap_or_default();
        let own = String::from_utf8_lossy(&own);
        let keys: Vec<PublicKey> = RELEASE_KEYS
            .lines()
            .chain(own.lines())
            .filter_map(|line| PublicKey::from_base64(line.trim()).ok())
            .collect();
        if keys.is_empty() {
            return Err(UpdateError::NoKey);
        }
        let signature = Signature::decode(signature).map_err(UpdateError::NotASignature)?;
        let signed = keys.iter().any(|key| key.verify(list, &signature, false).is_ok());
        signed.then_some(()).ok_or(UpdateError::Unsigned)
    }

    fn path(&self) -> PathBuf {
        self.folder.join(LIST)
    }

    /// Replaces a file in one step; nothing half-written stays.
    fn replace(&self, path: &Path, parts: &[&[u8]]) -> Result<(), UpdateError> {
        let disk = |doing| move |source| UpdateError::Disk { path: path.into(), doing, source };
        fs::create_dir_all(&self.folder).map_err(disk("written"))?;
        let draft = path.with_extension(format!("new-{}", std::process::id()));
        let written = fs::File::create(&draft).and_then(|mut file| {
            parts.iter().try_for_each(|part| file.write_all(part))?;
            file.sync_all()?;
            fs::rename(&draft, path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&draft);
        }
        written.map_err(disk("written"))
    }
}

/// The list inside a file that [`Installed`] wrote; the caller has checked it.
pub(super) fn list_in(path: &Path) -> Option<Vec<u8>> {
    let stored = read(path).ok()??;
    unpack(&stored).ok().map(|(_, list)| list.to_vec())
}

fn unpack(stored: &[u8]) -> Result<(&[u8], &[u8]), Damaged> {
    let damaged = Damaged("its file makes no sense");
    let rest = stored.strip_prefix(MAGIC);
    let (length, rest) = rest.and_then(|rest| rest.split_first_chunk::<4>()).ok_or(damaged)?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(Damaged("its file ends early"))
}

/// The first line that is a public key: minisign writes a comment above it.
fn key_in(text: &str) -> Option<String> {
    text.lines().map(str::trim).find(|line| PublicKey::from_base64(line).is_ok()).map(str::to_owned)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, UpdateError> {
    let disk = |source| UpdateError::Disk { path: path.into(), doing: "read", source };
    match fs::metadata(path) {
        Ok(meta) if meta.len() > MAX_LIST => Err(disk(io::Error::other("it is too large"))),
        Ok(_) => fs::read(path).map(Some).map_err(disk),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(disk(source)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::build;
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    /// A publisher of lists.
    struct Publisher(minisign::KeyPair);

    impl Publisher {
        fn new() -> Self {
            Self(minisign::KeyPair::generate_unencrypted_keypair().expect("a key pair"))
        }

        fn key(&self) -> String {
            self.0.pk.to_box().expect("a key").to_string()
        }

        fn sign(&self, list: &[u8]) -> String {
            minisign::sign(None, &self.0.sk, list, None, None).expect("a signature").into_string()
        }
    }

    /// A list of `names` made-up packages, issued so many seconds after the one that is compiled in.
    fn list(names: usize, later: i64) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("write");
        for name in ["popular-npm.tsv", "popular-pypi.tsv", "popular-crates.tsv"] {
            write(name, "name\n");
        }
        write("rustsec-malicious.tsv", "crate\tunaffected\tid\tdate\twithdrawn\n");
        write("campaign-iocs.tsv", "ecosystem\tname\tversion\tsource\n");
        write("trapdoor.tsv", "ecosystem\tname\n");
        let rows: String = (0..names).map(|n| format!("npm\tmade-up-{n}\t*\tMAL-2026-{n}\n")).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(format!("ecosystem\tname\tversion\tid\n{rows}").as_bytes()).expect("compress");
        fs::write(folder.path().join("osv-malicious.tsv.gz"), encoder.finish().expect("gz")).expect("write");
        let issued = FeedStatus::built_in().issued.millis().saturating_add_signed(later * 1_000);
        build::compile(folder.path(), Timestamp::from_millis(issued)).expect("a list")
    }

    #[test]
    fn a_signed_newer_list_takes_over_and_can_be_taken_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let lists = Installed::in_folder(folder.path().join("feed"));
        let publisher = Publisher::new();
        let new = list(300_000, 60);
        let signature = publisher.sign(&new);
        assert!(matches!(lists.install(&new, &signature), Err(UpdateError::NoKey)));
        lists.trust(&publisher.key()).expect("trusted");
        let status = lists.install(&new, &signature).expect("installed");
        assert!(matches!(status.origin, Origin::Installed(_)));
        assert_eq!(status.entries, 300_000);
        assert_eq!(lists.install(&new, &signature).expect("again").digest, status.digest);
        let names: Vec<_> = fs::read_dir(folder.path().join("feed")).expect("folder").flatten().collect();
        assert_eq!(names.len(), 2, "the list and the keys, no drafts: {names:?}");
        assert!(lists.reset().expect("reset"));
        assert_eq!(lists.status().origin, Origin::BuiltIn);
    }

    #[test]
    fn unsigned_older_empty_shrunken_and_damaged_lists_are_refused_and_nothing_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let lists = Installed::in_folder(folder.path());
        let (publisher, stranger) = (Publisher::new(), Publisher::new());
        lists.trust(&publisher.key()).expect("trusted");
        let good = list(200_000, 60);
        lists.install(&good, &publisher.sign(&good)).expect("installed");
        let digest = lists.status().digest;

        assert!(matches!(lists.install(&good, &stranger.sign(&good)), Err(UpdateError::Unsigned)));
        assert!(matches!(lists.install(&good, "no signature"), Err(UpdateError::NotASignature(_))));
        let changed = list(200_001, 120);
        assert!(matches!(lists.install(&changed, &publisher.sign(&good)), Err(UpdateError::Unsigned)));
        for (list, expected) in [
            (list(200_001, 30), "issued at"),
            (list(0, 120), "has 0 entries"),
            (list(90_000, 120), "has 90000 entries"),
            (changed[..changed.len() - 9].to_vec(), "damaged"),
            (Vec::new(), "damaged"),
        ] {
            let refused = lists.install(&list, &publisher.sign(&list)).expect_err(expected).to_string();
            assert!(refused.contains(expected), "{refused}");
        }
        assert_eq!(lists.status().digest, digest);
    }

    #[test]
    fn a_list_that_was_tampered_with_on_disk_is_not_used_and_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let lists = Installed::in_folder(folder.path());
        let publisher = Publisher::new();
        lists.trust(&publisher.key()).expect("trusted");
        let good = list(200_000, 60);
        lists.install(&good, &publisher.sign(&good)).expect("installed");
        let mut stored = fs::read(lists.path()).expect("stored");
        let last = stored.len() - 1;
        stored[last] ^= 1;
        fs::write(lists.path(), stored).expect("tamper");
        let status = lists.status();
        assert_eq!(status.origin, Origin::BuiltIn);
        assert!(matches!(status.problem, Some(UpdateError::Unsigned)), "{:?}", status.problem);
    }

    #[test]
    fn only_a_public_key_is_trusted() {
        let folder = tempfile::tempdir().expect("a folder");
        let lists = Installed::in_folder(folder.path());
        assert!(matches!(lists.trust("not a key"), Err(UpdateError::NotAKey)));
        assert!(!folder.path().join(KEYS).exists());
    }
}
