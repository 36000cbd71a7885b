//! Where the user's own data lives, opened on request.

use crate::failure::Failure;
use doorward_protocol::data_dir;
use doorward_vault::{KeyPlace, KeySource, Vault, VaultError};
use std::path::PathBuf;

/// The user's data folder.
pub(crate) fn data_folder() -> Result<PathBuf, Failure> {
    data_dir().ok_or_else(|| {
        Failure::new("finding your data folder: neither DOORWARD_DATA_DIR nor HOME is set")
            .hint("set DOORWARD_DATA_DIR to a folder of yours")
    })
}

/// The user's vault; tells on standard error where its key lies in a file.
pub(crate) fn open() -> Result<Vault, Failure> {
    let folder = data_folder()?.join("vault");
    let key = KeySource::Keyring { service: "doorward".to_owned() };
    Vault::open(folder, key).map_err(failed)
}

/// Says once, where it matters, that the key is not in a keyring.
pub(crate) fn warn_about_key(vault: &Vault) {
    if let KeyPlace::File { warning, .. } = vault.key_place() {
        crate::terminal::note(&format!("doorward: {}\n", doorward_protocol::visible(warning)));
    }
}

pub(crate) fn failed(error: VaultError) -> Failure {
    let hint = error.hint.clone();
    Failure::caused("quarantine", &error).hint(hint)
}
