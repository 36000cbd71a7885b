//! npm's `_cacache`: an index of requests, and their answers by hash.

use super::Versions;
use crate::source::{Limits, read_regular};
use crate::walk::{Place, Target};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

/// Requests that are looked at; one is a file of a few hundred bytes.
const MOST: usize = 100_000;

#[derive(Deserialize)]
struct Request {
    key: String,
    /// The hash of the answer; none where it was dropped.
    integrity: Option<String>,
}

/// Lists the packages' archives, by the addresses they were asked for under.
pub(super) fn list(cache: &Path, versions: &mut Versions) {
    let store = cache.join("_cacache");
    let index = WalkDir::new(store.join("index-v5")).min_depth(3).max_depth(3).into_iter().flatten();
    for entry in index.filter(|entry| entry.file_type().is_file()).take(MOST) {
        let Ok(bytes) = read_regular(entry.path(), &Limits::default()) else { continue };
        // What was written last holds.
        let Some(line) = bytes.rsplit(|byte| *byte == b'\n').find(|line| !line.is_empty()) else { continue };
        let Some(json) = line.split(|byte| *byte == b'\t').nth(1) else { continue };
        let Ok(Request { key, integrity: Some(integrity) }) = serde_json::from_slice(json) else { continue };
        if let (Some((name, version)), Some(path)) = (named(&key), place(&store, &integrity)) {
            versions.add(name, version, Target::new(path, Place::Archive));
        }
    }
}

/// The package and version of an address such as `…/@scope/name/-/name-1.2.3.tgz`.
fn named(key: &str) -> Option<(String, String)> {
    let key = key.replace("%2f", "/").replace("%2F", "/");
    let (before, file) = key.strip_suffix(".tgz")?.rsplit_once("/-/")?;
    let (rest, name) = before.rsplit_once('/')?;
    // Some registries keep the scope in the file's name as well.
    let file = file.rsplit('/').next()?;
    let version = file.strip_prefix(name)?.strip_prefix('-')?;
    let scope = rest.rsplit('/').next().filter(|scope| scope.starts_with('@'));
    Some((scope.map_or_else(|| name.to_owned(), |scope| format!("{scope}/{name}")), version.to_owned()))
}

/// Where an answer of this hash lies.
fn place(store: &Path, integrity: &str) -> Option<PathBuf> {
    let (algorithm, hash) = integrity.split_whitespace().next()?.split_once('-')?;
    let known = ["sha1", "sha256", "sha384", "sha512"].contains(&algorithm);
    let hash = BASE64_STANDARD.decode(hash.split('?').next()?).ok().filter(|hash| known && hash.len() > 2)?;
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let (first, rest) = hex.split_at(2);
    let (second, rest) = rest.split_at(2);
    Some(store.join("content-v2").join(algorithm).join(first).join(second).join(rest))
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn addresses_name_package_and_version() {
        let host = "make-fetch-happen:request-cache:https://npm.invalid/some/path";
        for (address, name, version) in [
            ("/left-pad/-/left-pad-1.3.0.tgz", "left-pad", "1.3.0"),
            ("/@scope/some-name/-/some-name-2.0.0-rc.1.tgz", "@scope/some-name", "2.0.0-rc.1"),
            ("/@scope%2fname/-/name-1.0.0.tgz", "@scope/name", "1.0.0"),
            ("/@scope/name/-/@scope/name-1.0.0.tgz", "@scope/name", "1.0.0"),
        ] {
            assert_eq!(named(&format!("{host}{address}")), Some((name.into(), version.into())), "{address}");
        }
        assert_eq!(named(&format!("{host}/left-pad")), None);
        assert_eq!(named(&format!("{host}/left-pad/-/another-1.0.0.tgz")), None);
    }
}
