//! Compiles public lists of malicious packages into one file.
//!
//! Taken are: OSV's `MAL-` records that are not withdrawn, RustSec's malicious crates, exact versions from
//! campaign lists, and every version of TrapDoor's names. A withdrawn record never makes an entry. Names high in
//! the popularity lists turn a claim on every version into a question.

use super::format::{Entry, Except, Header, MAGIC, key, popular_key};
use doorward_protocol::{Ecosystem, Timestamp};
use flate2::read::GzDecoder;
use fst::MapBuilder;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

const ATTRIBUTION: &str = "OSV malicious-package records (osv.dev, CC-BY-4.0; origin ossf/malicious-packages, Apache-2.0; \
    snapshot garagon/aguara, Apache-2.0) · RustSec advisory-db (CC0-1.0; from GHSA CC-BY-4.0) · \
    Cobenian/shai-hulud-detect (MIT) · perplexityai/bumblebee (Apache-2.0) · \
    DataDog/indicators-of-compromise (Apache-2.0)";

/// Why a list could not be compiled.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file is missing or damaged.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A row is not what it should be.
    #[error("{path}, line {line}: {reason}")]
    Row {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The map could not be made.
    #[error("the map could not be made: {0}")]
    Map(#[from] fst::Error),
    /// The header could not be made.
    #[error("the header could not be made: {0}")]
    Header(#[from] serde_json::Error),
}

/// Compiles the lists in a folder; `issued` is when they were gathered.
///
/// # Errors
/// Any [`BuildError`]; a malformed row is one, so that nothing is left out unnoticed.
pub fn compile(folder: &Path, issued: Timestamp) -> Result<Vec<u8>, BuildError> {
    let mut draft = Draft::default();
    draft.header.issued = issued;
    draft.popular(folder)?;
    draft.osv(&folder.join("osv-malicious.tsv.gz"))?;
    draft.rustsec(&folder.join("rustsec-malicious.tsv"))?;
    draft.campaigns(&folder.join("campaign-iocs.tsv"))?;
    draft.trapdoor(&folder.join("trapdoor.tsv"))?;
    draft.finish()
}

#[derive(Default)]
struct Draft {
    entries: BTreeMap<Vec<u8>, Entry>,
    header: Header,
}

impl Draft {
    fn popular(&mut self, folder: &Path) -> Result<(), BuildError> {
        for (file, ecosystem, ranked) in [
            ("popular-npm.tsv", Ecosystem::Npm, true),
            ("popular-pypi.tsv", Ecosystem::Pypi, true),
            ("popular-crates.tsv", Ecosystem::Cargo, false),
        ] {
            for (index, row) in rows::<1>(&folder.join(file))?.into_iter().enumerate() {
                let rank = if ranked { u32::try_from(index + 1).unwrap_or(0) } else { 0 };
                self.entries.entry(popular_key(ecosystem, &row.cells[0])).or_insert(Entry::Popular { rank });
            }
        }
        Ok(())
    }

    fn osv(&mut self, path: &Path) -> Result<(), BuildError> {
        for row in rows::<4>(path)? {
            let [ecosystem, name, version, id] = &row.cells;
            let Some(ecosystem) = ecosystem_of(ecosystem) else { continue };
            let Some(id) = id.strip_prefix("MAL-") else { continue };
            let (year, number) =
                numbers(id).ok_or_else(|| row.wrong(path, "the id is not MAL-YEAR-NUMBER"))?;
            self.entries.insert(key(ecosystem, name, version), Entry::Osv { year, number });
        }
        Ok(())
    }

    /// For crates this list has the last word.
    fn rustsec(&mut self, path: &Path) -> Result<(), BuildError> {
        for row in rows::<5>(path)? {
            let [name, unaffected, id, _, withdrawn] = &row.cells;
            if withdrawn != "False" {
                continue;
            }
            let entry = if unaffected == "*" {
                let numbers = id.strip_prefix("RUSTSEC-").and_then(numbers);
                let (year, number) =
                    numbers.ok_or_else(|| row.wrong(path, "the id is not RUSTSEC-YEAR-NUMBER"))?;
                Entry::RustSec { year, number }
            } else {
                let unaffected: Vec<String> =
                    unaffected.split(',').map(|part| part.trim().trim_matches('"').to_owned()).collect();
                if let Some(wrong) = unaffected.iter().find(|part| semver::VersionReq::parse(part).is_err()) {
                    return Err(row.wrong(path, &format!("{wrong} is no version requirement")));
                }
                self.header.excepts.push(Except { id: id.clone(), unaffected });
                Entry::Except { index: self.header.excepts.len() - 1 }
            };
            self.entries.insert(key(Ecosystem::Cargo, name, "*"), entry);
        }
        Ok(())
    }

    /// Exact versions only; an advisory for the same version is the better reference.
    fn campaigns(&mut self, path: &Path) -> Result<(), BuildError> {
        for row in rows::<4>(path)? {
            let [ecosystem, name, version, source] = &row.cells;
            let Some(ecosystem) = ecosystem_of(ecosystem) else { continue };
            if version == "*" {
                continue;
            }
            let known = self.header.sources.iter().position(|known| known == source);
            let source = known.unwrap_or_else(|| {
                self.header.sources.push(source.clone());
                self.header.sources.len() - 1
            });
            self.entries.entry(key(ecosystem, name, version)).or_insert(Entry::Campaign { source });
        }
        Ok(())
    }

    /// Any version of a name, whatever the other lists say of single ones.
    fn trapdoor(&mut self, path: &Path) -> Result<(), BuildError> {
        for row in rows::<2>(path)? {
            let [ecosystem, name] = &row.cells;
            let ecosystem = ecosystem_of(ecosystem).ok_or_else(|| row.wrong(path, "unknown ecosystem"))?;
            let every = key(ecosystem, name, "*");
            let versions = &every[..every.len() - 1];
            self.entries.retain(|key, _| !key.starts_with(versions));
            self.entries.insert(every, Entry::TrapDoor);
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, BuildError> {
        let mut map = MapBuilder::memory();
        for (key, entry) in &self.entries {
            map.insert(key, entry.encode())?;
        }
        let map = map.into_inner()?;
        let digest = blake3::hash(&map).to_hex().to_string();
        let header = Header { attribution: ATTRIBUTION.into(), digest, ..self.header };
        let header = serde_json::to_vec(&header)?;
        let length = u32::try_from(header.len()).unwrap_or(u32::MAX).to_le_bytes();
        Ok([MAGIC.as_slice(), &length, &header, &map].concat())
    }
}

fn ecosystem_of(name: &str) -> Option<Ecosystem> {
    match name.to_ascii_lowercase().as_str() {
        "npm" => Some(Ecosystem::Npm),
        "pypi" => Some(Ecosystem::Pypi),
        crates if crates.starts_with("crates.") => Some(Ecosystem::Cargo),
        _ => None,
    }
}

/// `2025-123` as two numbers.
fn numbers(id: &str) -> Option<(u64, u64)> {
    let (year, number) = id.split_once('-')?;
    let (year, number) = (year.parse().ok()?, number.parse().ok()?);
    ((2000..2200).contains(&year) && number < 1_000_000).then_some((year, number))
}

/// The first `N` cells of a row.
struct Row<const N: usize> {
    line: usize,
    cells: [String; N],
}

impl<const N: usize> Row<N> {
    fn wrong(&self, path: &Path, reason: &str) -> BuildError {
        BuildError::Row { path: path.into(), line: self.line, reason: reason.into() }
    }
}

/// The rows below the line of column names.
fn rows<const N: usize>(path: &Path) -> Result<Vec<Row<N>>, BuildError> {
    let unreadable = |source| BuildError::Unreadable { path: path.into(), source };
    let bytes = fs::read(path).map_err(unreadable)?;
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        bytes.as_slice().read_to_string(&mut text).map_err(unreadable)?;
    }
    text.lines()
        .enumerate()
        .skip(1)
        .map(|(index, line)| {
            let cells: Vec<String> = line.split('\t').take(N).map(str::to_owned).collect();
            let line = index + 1;
            let cells = cells.try_into().map_err(|cells: Vec<String>| BuildError::Row {
                path: path.into(),
                line,
                reason: format!("{} cells where {N} are needed", cells.len()),
            })?;
            Ok(Row { line, cells })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::HitKind;
    use super::super::format::Feed;
    use super::*;
    use doorward_protocol::PackageRef;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;

    fn compiled(osv: &str) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("write");
        write("popular-npm.tsv", "name\nreact\n");
        write("popular-pypi.tsv", "name\n");
        write("popular-crates.tsv", "name\n");
        write("rustsec-malicious.tsv", "crate\tunaffected\tid\tdate\twithdrawn\n");
        write(
            "campaign-iocs.tsv",
            "ecosystem\tname\tversion\tsource\nnpm\ttrap\t1.0.0\tlist\nGo\tx\t1\tlist\n",
        );
        write("trapdoor.tsv", "ecosystem\tname\nnpm\ttrap\n");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(osv.as_bytes()).expect("compress");
        fs::write(folder.path().join("osv-malicious.tsv.gz"), encoder.finish().expect("finish"))
            .expect("write");
        compile(folder.path(), Timestamp::from_millis(1_000)).expect("compile")
    }

    #[test]
    fn a_claim_on_every_version_of_a_popular_name_is_only_a_question() {
        let bytes = compiled(
            "ecosystem\tname\tversion\tid\nnpm\treact\t*\tMAL-2024-2929\nnpm\tevil\t*\tMAL-2025-7\nnpm\thalf\t1.0.0\tGHSA-x\n",
        );
        let feed = Feed::open(&bytes).expect("open");
        let look = |name: &str, version: &str| {
            feed.lookup(&PackageRef { ecosystem: Ecosystem::Npm, name: name.into(), version: version.into() })
        };
        assert_eq!(look("react", "19.0.0").map(|hit| hit.kind), Some(HitKind::Doubtful));
        assert_eq!(
            look("evil", "1.0.0").map(|hit| (hit.id, hit.kind)),
            Some(("MAL-2025-7".into(), HitKind::Known))
        );
        assert_eq!(look("half", "1.0.0"), None, "only MAL records count");
        assert_eq!(look("trap", "9.9.9").and_then(|hit| hit.campaign), Some("TrapDoor"));
    }

    #[test]
    fn damage_is_noticed() {
        let bytes = compiled("ecosystem\tname\tversion\tid\n");
        assert!(Feed::open(&bytes[..20]).is_err());
        assert!(Feed::open(b"something else").is_err());
    }
}
