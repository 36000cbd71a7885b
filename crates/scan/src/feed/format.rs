//! The file: a magic line, the length of a JSON header, the header, and a finite-state map from
//! name and version to a small number.

use crate::manifest::canonical_name;
use doorward_protocol::{Ecosystem, Timestamp};
use fst::{IntoStreamer, Map, Streamer};
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

pub(super) const MAGIC: &[u8; 8] = b"DWFEED1\n";

/// What does not fit the map.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Header {
    /// Where the data comes from and under which licences.
    pub(super) attribution: String,
    /// When the data was gathered: a newer list never gives way to an older one.
    pub(super) issued: Timestamp,
    /// Names of campaign lists, by number.
    pub(super) sources: Vec<String>,
    /// Crates of which some versions are bad, by number.
    pub(super) excepts: Vec<Except>,
    /// Hash of the map.
    pub(super) digest: String,
}

/// A crate all of whose versions are bad but those that match a requirement.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Except {
    pub(super) id: String,
    pub(super) unaffected: Vec<String>,
}

impl Except {
    pub(super) fn is_bad(&self, version: &str) -> bool {
        let Ok(version) = Version::parse(version) else { return false };
        !self
            .unaffected
            .iter()
            .filter_map(|requirement| VersionReq::parse(requirement).ok())
            .any(|requirement| requirement.matches(&version))
    }
}

/// What the map says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Osv { year: u64, number: u64 },
    RustSec { year: u64, number: u64 },
    Campaign { source: usize },
    TrapDoor,
    Except { index: usize },
    Popular { rank: u32 },
}

impl Entry {
    pub(super) fn encode(self) -> u64 {
        let (kind, value) = match self {
            Self::Osv { year, number } => (0, (year - 2000) * 1_000_000 + number),
            Self::RustSec { year, number } => (1, (year - 2000) * 1_000_000 + number),
            Self::Campaign { source } => (2, source as u64),
            Self::TrapDoor => (3, 0),
            Self::Except { index } => (4, index as u64),
            Self::Popular { rank } => (5, u64::from(rank)),
        };
        value << 3 | kind
    }

    fn decode(code: u64) -> Option<Self> {
        let value = code >> 3;
        let (year, number) = (2000 + value / 1_000_000, value % 1_000_000);
        Some(match code & 7 {
            0 => Self::Osv { year, number },
            1 => Self::RustSec { year, number },
            2 => Self::Campaign { source: usize::try_from(value).ok()? },
            3 => Self::TrapDoor,
            4 => Self::Except { index: usize::try_from(value).ok()? },
            5 => Self::Popular { rank: u32::try_from(value).ok()? },
            _ => return None,
        })
    }
}

/// The key of one version of a name; `*` stands for every version.
pub(super) fn key(ecosystem: Ecosystem, name: &str, version: &str) -> Vec<u8> {
    let letter = match ecosystem {
        Ecosystem::Npm => 'n',
        Ecosystem::Pypi => 'p',
        Ecosystem::Cargo => 'c',
    };
    format!("{letter}{}@{}", comparable(ecosystem, name), version.trim()).into_bytes()
}

pub(super) fn popular_key(ecosystem: Ecosystem, name: &str) -> Vec<u8> {
    [popular_letter(ecosystem), comparable(ecosystem, name)].concat().into_bytes()
}

fn popular_letter(ecosystem: Ecosystem) -> String {
    match ecosystem {
        Ecosystem::Npm => "N",
        Ecosystem::Pypi => "P",
        Ecosystem::Cargo => "C",
    }
    .into()
}

/// A name in the form in which its registry compares names.
fn comparable(ecosystem: Ecosystem, name: &str) -> String {
    match ecosystem {
        Ecosystem::Npm => name.to_owned(),
        Ecosystem::Pypi => canonical_name(name),
        Ecosystem::Cargo => name.to_ascii_lowercase().replace('_', "-"),
    }
}

/// An open list.
pub(super) struct Feed<'a> {
    pub(super) header: Header,
    map: Map<Cow<'a, [u8]>>,
}

/// Why a list cannot be opened.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the list of known malware is damaged: {0}")]
pub struct Damaged(pub(super) &'static str);

impl<'a> Feed<'a> {
    pub(super) fn open(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self, Damaged> {
        let bytes = bytes.into();
        let rest = bytes.strip_prefix(MAGIC).ok_or(Damaged("it does not start as one"))?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(Damaged("it ends early"))?;
        let length = u32::from_le_bytes(*length) as usize;
        let (header, map) = rest.split_at_checked(length).ok_or(Damaged("it ends early"))?;
        let header = serde_json::from_slice(header).map_err(|_| Damaged("its header makes no sense"))?;
        let start = bytes.len() - map.len();
        let map = match bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[start..]),
            Cow::Owned(mut bytes) => {
                bytes.drain(..start);
                Cow::Owned(bytes)
            }
        };
        let map = Map::new(map).map_err(|_| Damaged("its map makes no sense"))?;
        Ok(Self { header, map })
    }

    /// Reads the map too: a damaged one must not be taken for a short one.
    pub(super) fn open_whole(bytes: impl Into<Cow<'a, [u8]>>) -> Result<Self, Damaged> {
        let feed = Self::open(bytes)?;
        let digest = blake3::hash(feed.map.as_fst().as_bytes()).to_hex();
        if feed.header.digest == digest.as_str() {
            Ok(feed)
        } else {
            Err(Damaged("its map does not match its header"))
        }
    }

    pub(super) fn entry(&self, ecosystem: Ecosystem, name: &str, version: &str) -> Option<Entry> {
        self.map.get(key(ecosystem, name, version)).and_then(Entry::decode)
    }

    pub(super) fn popularity(&self, ecosystem: Ecosystem, name: &str) -> Option<u32> {
        match self.map.get(popular_key(ecosystem, name)).and_then(Entry::decode)? {
            Entry::Popular { rank } => Some(rank),
            _ => None,
        }
    }

    pub(super) fn popular_names(&self, ecosystem: Ecosystem) -> Vec<String> {
        let letter = popular_letter(ecosystem);
        let end = [letter.as_bytes(), &[0xff]].concat();
        let mut stream = self.map.range().ge(&letter).lt(end).into_stream();
        let mut names = Vec::new();
        while let Some((key, _)) = stream.next() {
            names.push(String::from_utf8_lossy(&key[1..]).into_owned());
        }
        names
    }

    /// How many keys the map has.
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }
}
