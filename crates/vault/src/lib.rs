//! The quarantine: packages locked away where nothing can run them, reviewable, and put back byte
//! for byte when asked.
//!
//! A folder is sealed in an order that a crash at any step cannot turn into a loss: the manifest and
//! the journal first, then an encrypted copy, then proof that the copy decrypts to the same bytes,
//! and only then does the original go.

mod cipher;
mod entry;
mod error;
mod key;
mod manifest;
mod recover;
mod restore;
mod seal;
mod step;
mod tree;
mod vault;

#[cfg(test)]
mod crash_tests;

pub use error::VaultError;
pub use key::{KeyPlace, KeySource};
pub use vault::Vault;
