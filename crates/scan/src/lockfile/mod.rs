//! Names and versions out of lockfiles: for crates on this disk, for names known to be bad, and for entries that
//! point elsewhere than their neighbours.

mod json;
mod lines;
mod tables;
mod yarn;

use crate::source::{Limits, read_regular};
use doorward_protocol::{Ecosystem, PackageRef};
use std::path::Path;

/// The lockfiles that are understood, beside every `requirements….txt`.
const NAMES: [&str; 12] = [
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
    "pylock.toml",
    "Pipfile.lock",
    "constraints.txt",
];

/// True for the names of lockfiles that are understood.
pub(crate) fn is_lockfile(name: &str) -> bool {
    NAMES.contains(&name) || name.starts_with("requirements") && name.ends_with(".txt")
}

/// True for the lockfiles that say from which address each package comes.
pub(crate) fn is_of_npm(name: &str) -> bool {
    matches!(name, "package-lock.json" | "npm-shrinkwrap.json" | "yarn.lock" | "pnpm-lock.yaml")
}

/// One package that a lockfile pins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Locked {
    pub(crate) package: PackageRef,
    /// Where it is installed, relative to the lockfile, where that is written down.
    pub(crate) place: Option<String>,
    /// The address it comes from, where that is written down.
    pub(crate) source: Option<String>,
    /// Line in the lockfile, from 1; 0 where it could not be told.
    pub(crate) line: u32,
}

impl Locked {
    fn new(ecosystem: Ecosystem, name: impl Into<String>, version: impl Into<String>, line: u32) -> Self {
        let package = PackageRef { ecosystem, name: name.into(), version: version.into() };
        Self { package, place: None, source: None, line }
    }
}

/// Everything that a lockfile pins from a registry.
///
/// # Errors
/// Why it cannot be understood, in words.
pub(crate) fn read(path: &Path) -> Result<Vec<Locked>, String> {
    let bytes = read_regular(path, &Limits::default()).map_err(|error| refused(&error.to_string()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    parse(&name, &bytes)
}

/// The same for content that was read already; the file's name says how it is written.
///
/// # Errors
/// Why it cannot be understood, in words.
pub(crate) fn parse(name: &str, bytes: &[u8]) -> Result<Vec<Locked>, String> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| refused(&format!("not UTF-8 from byte {}", error.valid_up_to())))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if let Some(line) = text.lines().position(|line| line.starts_with("<<<<<<< ")) {
        return Err(refused(&format!("line {} starts a merge conflict that nobody resolved", line + 1)));
    }
    let parsed = match name {
        "package-lock.json" | "npm-shrinkwrap.json" => json::npm(text),
        "bun.lock" => json::bun(text),
        "Pipfile.lock" => json::pipfile(text),
        "yarn.lock" => yarn::yarn(text),
        "pnpm-lock.yaml" => yarn::pnpm(text),
        "Cargo.lock" => tables::read(text, Ecosystem::Cargo),
        _ if name.ends_with(".txt") => Ok(lines::requirements(text)),
        _ => tables::read(text, Ecosystem::Pypi),
    };
    parsed.map_err(|why| refused(&why))
}

fn refused(why: &str) -> String {
    format!("the lockfile cannot be understood ({why}); create it again")
}

/// The line, from 1, of a position counted from 0.
fn line_number(position: usize) -> u32 {
    u32::try_from(position + 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn pins(file: &str, text: &str, expected: &[(&str, &str, u32)]) {
        let found = parse(file, text.as_bytes()).expect("well formed");
        let found: Vec<_> = found
            .iter()
            .map(|locked| (locked.package.name.as_str(), locked.package.version.as_str(), locked.line))
            .collect();
        assert_eq!(found, expected, "{file}");
    }

    #[test]
    fn every_kind_of_lockfile_gives_names_versions_and_lines() {
        pins(
            "Cargo.lock",
            "version = 4\n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"dep\"\nversion = \"2.0.0\"\nsource = \"registry+x\"\n",
            &[("dep", "2.0.0", 7)],
        );
        pins(
            "package-lock.json",
            "{\"packages\":{\n\"\":{},\n\"node_modules/a/node_modules/@s/b\":{\"version\":\"3.0.0\"}}}",
            &[("@s/b", "3.0.0", 3)],
        );
        pins(
            "package-lock.json",
            "{\"lockfileVersion\":1,\"dependencies\":{\n\"a\":{\"version\":\"1.0.0\",\"dependencies\":{\n\"b\":{\"version\":\"npm:c@2.0.0\"}}}}}",
            &[("a", "1.0.0", 2), ("c", "2.0.0", 3)],
        );
        pins(
            "yarn.lock",
            "# yarn lockfile v1\n\n\n\"@babel/core@^7.0.0\", \"@babel/core@^7.1.0\":\n  version \"7.2.0\"\n  resolved \"x\"\n\nleft@npm:right@^1.0.0:\n  version \"1.0.1\"\n",
            &[("@babel/core", "7.2.0", 4), ("right", "1.0.1", 8)],
        );
        pins(
            "yarn.lock",
            "__metadata:\n  version: 8\n\n\"@babel/core@npm:^7.0.0\":\n  version: 7.2.0\n  resolution: \"@babel/core@npm:7.2.0\"\n\n\"own@workspace:.\":\n  version: 0.0.0-use.local\n  resolution: \"own@workspace:.\"\n",
            &[("@babel/core", "7.2.0", 4)],
        );
        pins(
            "pnpm-lock.yaml",
            "lockfileVersion: '9.0'\n\npackages:\n\n  '@babel/core@7.2.0':\n    resolution: {integrity: x}\n\n  ms@2.1.3(peer@1.0.0):\n    resolution: {integrity: x}\n\nsnapshots:\n\n  ms@2.1.3: {}\n",
            &[("@babel/core", "7.2.0", 5), ("ms", "2.1.3", 8)],
        );
        pins(
            "pnpm-lock.yaml",
            "lockfileVersion: 5.4\npackages:\n  /@babel/core/7.2.0:\n    dev: true\n  /ms/2.1.3_peer@1.0.0:\n    dev: true\n  /a@1.0.0:\n    dev: true\n",
            &[("@babel/core", "7.2.0", 3), ("ms", "2.1.3", 5), ("a", "1.0.0", 7)],
        );
        pins(
            "bun.lock",
            "{\n  \"lockfileVersion\": 1, // made by bun\n  \"packages\": {\n    \"@babel/core\": [\"@babel/core@7.2.0\", \"\", {}, \"sha512-x\"],\n    \"own\": [\"own@workspace:packages/own\"],\n    \"a/b\": [\"b@1.0.0\", \"\", {}, \"sha\"],\n  },\n}\n",
            &[("@babel/core", "7.2.0", 4), ("b", "1.0.0", 6)],
        );
        pins(
            "Pipfile.lock",
            "{\"_meta\": {}, \"default\": {\n\"Requests\": {\"version\": \"==2.0\"}}, \"develop\": {\n\"pytest\": {\"version\": \"==8.0\"},\n\"own\": {\"path\": \".\"}}}",
            &[("Requests", "2.0", 2), ("pytest", "8.0", 3)],
        );
        pins(
            "requirements.txt",
            "# comment\n-r other.txt\nrequests[socks]==2.0 ; python_version > '3' \\\n    --hash=sha256:x\nflask>=1\nown @ file:///x\nnumpy === 1.0 # why\n",
            &[("requests", "2.0", 3), ("flask", "", 5), ("numpy", "1.0", 7)],
        );
        pins("uv.lock", "version = 1\n\n[[package]]\nname = \"a\"\nversion = \"1.0\"\n", &[("a", "1.0", 4)]);
        pins(
            "pylock.toml",
            "lock-version = \"1.0\"\n\n[[packages]]\nname = \"a\"\nversion = \"1.0\"\n",
            &[("a", "1.0", 4)],
        );
    }

    #[test]
    fn what_cannot_be_understood_is_refused_with_its_reason() {
        for (file, text) in [
            ("package-lock.json", "[1]"),
            ("package-lock.json", "{\"packages\":"),
            ("bun.lock", "{\"packages\": 1}"),
            ("bun.lock", "{\"packages\": {\"a\": [\"a@1\""),
            ("Pipfile.lock", "[]"),
            ("Cargo.lock", "= ="),
            ("uv.lock", "[[package]"),
            ("yarn.lock", "hello\nworld\n"),
            ("pnpm-lock.yaml", "packages:\n  a: b\n"),
            ("yarn.lock", "# yarn lockfile v1\n<<<<<<< HEAD\n=======\n"),
        ] {
            let why = parse(file, text.as_bytes()).expect_err(text);
            assert!(
                why.contains("cannot be understood (") && why.contains("create it again"),
                "{file}: {why}"
            );
        }
        assert!(parse("yarn.lock", b"\xff\xfe").expect_err("no text").contains("not UTF-8"));
        assert_eq!(parse("yarn.lock", b"# yarn lockfile v1\n").expect("empty"), []);
    }
}
