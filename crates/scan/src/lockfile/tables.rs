//! Lockfiles of TOML tables: `Cargo.lock`, `uv.lock`, `poetry.lock`, `pdm.lock`, `pylock.toml`.

use super::{Locked, line_number};
use doorward_protocol::Ecosystem;
use std::collections::HashMap;
use toml::{Table, Value};

pub(super) fn read(text: &str, ecosystem: Ecosystem) -> Result<Vec<Locked>, String> {
    let root: Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let lines = places(text);
    let packages =
        root.get("package").or_else(|| root.get("packages")).and_then(Value::as_array).into_iter().flatten();
    Ok(packages
        // A crate without a source is the workspace's own.
        .filter(|entry| ecosystem == Ecosystem::Pypi || entry.get("source").is_some())
        .filter_map(|entry| {
            let field = |key: &str| entry.get(key).and_then(Value::as_str);
            let name = field("name")?;
            let version = field("version").unwrap_or_default();
            let mut locked = Locked::new(ecosystem, name, version, 0);
            locked.line = lines.get(&(name, version)).copied().unwrap_or(0);
            locked.source = field("source").map(str::to_owned);
            Some(locked)
        })
        .collect())
}

/// The line of every `name = …` that a `version = …` follows.
fn places(text: &str) -> HashMap<(&str, &str), u32> {
    let value = |line: &'_ str, key: &str| -> Option<(usize, usize)> {
        let rest = line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim();
        let inner = rest.strip_prefix('"')?.strip_suffix('"')?;
        let start = inner.as_ptr() as usize - line.as_ptr() as usize;
        Some((start, start + inner.len()))
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    lines
        .windows(2)
        .enumerate()
        .filter_map(|(position, pair)| {
            let (name, version) = (value(pair[0], "name")?, value(pair[1], "version")?);
            Some(((&pair[0][name.0..name.1], &pair[1][version.0..version.1]), line_number(position)))
        })
        .collect()
}
