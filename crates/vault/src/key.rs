use std::path::PathBuf;

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
