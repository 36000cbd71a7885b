//! Names and versions out of lockfiles: thin, for crates on this disk and for names known to be bad.

use crate::source::{Limits, read_regular};
use doorward_protocol::{Ecosystem, PackageRef};
use serde_json::Value as Json;
use std::path::Path;
use toml::{Table, Value};

/// The lockfiles that are understood.
pub(crate) const NAMES: [&str; 5] =
    ["Cargo.lock", "package-lock.json", "npm-shrinkwrap.json", "uv.lock", "poetry.lock"];

/// One package that a lockfile pins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Locked {
    pub(crate) package: PackageRef,
    /// Where it is installed, relative to the lockfile, where that is written down.
    pub(crate) place: Option<String>,
    /// Line in the lockfile, from 1; 0 where it could not be told.
    pub(crate) line: u32,
}

/// Everything that a lockfile pins from a registry.
///
/// # Errors
/// Why it cannot be understood, in words.
pub(crate) fn read(path: &Path) -> Result<Vec<Locked>, String> {
    let refused = |why: String| format!("the lockfile cannot be understood ({why}); create it again");
    let bytes = read_regular(path, &Limits::default()).map_err(|error| refused(error.to_string()))?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| refused(format!("not UTF-8 from byte {}", error.valid_up_to())))?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => npm(text).map_err(refused),
        _ => toml(text, path).map_err(refused),
    }
}

fn npm(text: &str) -> Result<Vec<Locked>, String> {
    let root: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if !root.is_object() {
        return Err("not an object".into());
    }
    let lines: Vec<&str> = text.lines().collect();
    let packages = root.get("packages").and_then(Json::as_object).into_iter().flatten();
    Ok(packages
        .filter(|(_, entry)| entry.get("link").is_none())
        .filter_map(|(place, entry)| {
            let (_, folder) = place.rsplit_once("node_modules/")?;
            let name = entry.get("name").and_then(Json::as_str).unwrap_or(folder).to_owned();
            let version = entry.get("version").and_then(Json::as_str).unwrap_or_default().to_owned();
            let key = format!("\"{place}\"");
            Some(Locked {
                package: PackageRef { ecosystem: Ecosystem::Npm, name, version },
                place: (!place.contains("..")).then(|| place.clone()),
                line: line_of(&lines, |line| line.contains(&key)),
            })
        })
        .collect())
}

fn toml(text: &str, path: &Path) -> Result<Vec<Locked>, String> {
    let root: Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let ecosystem = if path.ends_with("Cargo.lock") { Ecosystem::Cargo } else { Ecosystem::Pypi };
    let lines: Vec<&str> = text.lines().collect();
    let packages = root.get("package").and_then(Value::as_array).into_iter().flatten();
    Ok(packages
        // A crate without a source is the workspace's own.
        .filter(|entry| ecosystem == Ecosystem::Pypi || entry.get("source").is_some())
        .filter_map(|entry| {
            let field = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
            let name = field("name")?;
            let version = field("version").unwrap_or_default();
            let (name_line, version_line) =
                (format!("name = \"{name}\""), format!("version = \"{version}\""));
            let at = lines
                .windows(2)
                .position(|pair| pair[0].trim() == name_line && pair[1].trim() == version_line)
                .map_or(0, |at| u32::try_from(at + 1).unwrap_or(0));
            Some(Locked { package: PackageRef { ecosystem, name, version }, place: None, line: at })
        })
        .collect())
}

fn line_of(lines: &[&str], matches: impl Fn(&str) -> bool) -> u32 {
    lines.iter().position(|line| matches(line)).map_or(0, |at| u32::try_from(at + 1).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_give_names_versions_and_lines() {
        let cargo = "version = 4\n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"dep\"\n\
                     version = \"2.0.0\"\nsource = \"registry+x\"\n";
        let found = toml(cargo, Path::new("Cargo.lock")).expect("well formed");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].package.name.as_str(), found[0].line), ("dep", 7));
        let lock =
            "{\"packages\":{\n\"\":{},\n\"node_modules/a/node_modules/@s/b\":{\"version\":\"3.0.0\"}}}";
        let found = npm(lock).expect("well formed");
        assert_eq!((found[0].package.name.as_str(), found[0].line), ("@s/b", 3));
        assert!(npm("[1]").is_err() && toml("= =", Path::new("Cargo.lock")).is_err());
    }
}
