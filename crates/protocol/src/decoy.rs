use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A file that looks like a secret, is none, and that nothing has a reason to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Decoy {
    /// Where it lies.
    pub path: PathBuf,
    /// What it looks like.
    pub kind: DecoyKind,
    /// The user it was planted for.
    pub owner: u32,
    /// When it was planted.
    pub planted: Timestamp,
    /// Whether it is still what was planted.
    pub state: DecoyState,
}

/// What a decoy looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum DecoyKind {
    /// An SSH private key.
    Ssh,
    /// AWS credentials.
    Aws,
    /// A Solana key pair.
    Solana,
    /// A Sui key store.
    Sui,
    /// An Ethereum key store.
    Ethereum,
    /// An npm configuration with a token.
    Npm,
}

impl DecoyKind {
    /// Every kind, in the order in which they are offered.
    pub const ALL: [Self; 6] = [Self::Ssh, Self::Aws, Self::Solana, Self::Sui, Self::Ethereum, Self::Npm];
}

/// Whether a decoy is still what was planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum DecoyState {
    /// It lies there untouched.
    Intact,
    /// Something else lies there, or it was written to.
    Changed,
    /// Nothing lies there any more.
    Gone,
}
