use crate::VaultError;
use crate::cipher::{Key, Wrapped, from_hex, to_hex};
use crate::error::Context;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Where the vault looks for its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The desktop's keyring; a key file in the vault where there is none.
    Keyring {
        /// The name of the entry, such as `doorward`.
        service: String,
    },
    /// A key file in the vault, readable by its owner only.
    File,
}

/// Where the key that seals new items is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the desktop's keyring.
    Keyring,
    /// In a file.
    File {
        /// Which.
        path: PathBuf,
        /// What that means for the user, in a sentence; to be shown.
        warning: String,
    },
}

/// Every key within reach. Items sealed while the keyring was away keep opening after it came back.
#[derive(Debug)]
pub(crate) struct Keys {
    primary: Key,
    other: Option<Key>,
    pub(crate) place: KeyPlace,
}

impl Keys {
    pub(crate) fn find(dir: &Path, source: &KeySource) -> Result<Self, VaultError> {
        let path = dir.join("key");
        let from_file = read_key_file(&path)?;
        let why = match source {
            KeySource::Keyring { service } => match keyring_key(service) {
                Ok(primary) => return Ok(Self { primary, other: from_file, place: KeyPlace::Keyring }),
                Err(why) => format!("No keyring could be used ({why})"),
            },
            KeySource::File => "A key file was asked for".to_owned(),
        };
        let primary = match from_file {
            Some(key) => key,
            None => make_key_file(&path)?,
        };
        let warning = format!(
            "{why}, so the key of the quarantine is in {}. Any program that runs as you can read it there.",
            path.display()
        );
        Ok(Self { primary, other: None, place: KeyPlace::File { path, warning } })
    }

    /// The key for new items.
    pub(crate) fn primary(&self) -> &Key {
        &self.primary
    }

    /// An item's own key; `None` where the key it was wrapped with is out of reach.
    pub(crate) fn unwrap(&self, wrapped: &Wrapped, item: &str) -> Option<Key> {
        let mut within_reach = std::iter::once(&self.primary).chain(&self.other);
        within_reach.find_map(|key| key.unwrap(wrapped, item))
    }
}

fn read_key_file(path: &Path) -> Result<Option<Key>, VaultError> {
    const DOING: &str = "read the vault's key in";
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => Zeroizing::new(text.context(DOING, path)?),
    };
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).context(DOING, path)?;
    let bytes = from_hex(text.trim()).map(Zeroizing::new);
    let key = bytes.and_then(|bytes| Key::from_bytes(&bytes));
    key.map(Some).ok_or_else(|| {
        VaultError::refused(
            DOING,
            path,
            "it holds no key",
            "Restore it from a backup. To begin with a new key, move the file away; what was sealed with the old \
             one then stays locked.",
        )
    })
}

/// Under another name first: a crash must not leave half a key.
fn make_key_file(path: &Path) -> Result<Key, VaultError> {
    const DOING: &str = "write the vault's key to";
    let key = Key::random().context(DOING, path)?;
    let draft = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(Zeroizing::new(to_hex(key.bytes())).as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    write().context(DOING, path)?;
    Ok(key)
}

/// The name of a keyring on the session bus.
const SECRETS: &str = "org.freedesktop.secrets";
/// How long the keyring may take; a locked one asks the user for a password meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

/// The key in the keyring, made there where there is none. That a keyring answers does not mean that it
/// is unlocked: only a key that was read back counts.
fn keyring_key(service: &str) -> Result<Key, String> {
    let service = service.to_owned();
    let (sender, receiver) = mpsc::sync_channel(1);
    // A thread of its own: D-Bus must not run inside an async runtime of the caller, and may hang.
    std::thread::Builder::new()
        .name("keyring".into())
        .spawn(move || sender.send(ask_keyring(&service)))
        .map_err(|error| error.to_string())?;
    receiver.recv_timeout(PATIENCE).map_err(|_| "it did not answer within 30 seconds".to_owned())?
}

fn ask_keyring(service: &str) -> Result<Key, String> {
    // `keyring` remembers for good that it found none; one that comes later must still be found.
    if !keyring_is_offered().map_err(|error| error.to_string())? {
        return Err("no program offers one on the session bus".to_owned());
    }
    if let Err(error) = keyring::Entry::store_status() {
        return Err(error.to_string());
    }
    let entry = keyring::Entry::new(service, "quarantine").map_err(|error| error.to_string())?;
    match entry.get_secret() {
        Ok(secret) => {
            Key::from_bytes(&Zeroizing::new(secret)).ok_or_else(|| "its entry holds no key".to_owned())
        }
        Err(keyring::Error::NoEntry) => {
            let key = Key::random().map_err(|error| error.to_string())?;
            entry.set_secret(key.bytes()).map_err(|error| error.to_string())?;
            let stored = Zeroizing::new(entry.get_secret().map_err(|error| error.to_string())?);
            if *stored == key.bytes() { Ok(key) } else { Err("it did not keep what was stored".to_owned()) }
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Whether a keyring runs, or would be started by asking for it.
fn keyring_is_offered() -> zbus::Result<bool> {
    let bus = zbus::blocking::Connection::session()?;
    let names = zbus::blocking::fdo::DBusProxy::new(&bus)?;
    let is_keyring = |name: &zbus::names::OwnedBusName| name.as_str() == SECRETS;
    Ok(names.list_names()?.iter().any(is_keyring) || names.list_activatable_names()?.iter().any(is_keyring))
}
