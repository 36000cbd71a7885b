//! `package-lock.json`, `bun.lock` and `Pipfile.lock`.

use super::{Locked, line_number};
use doorward_protocol::Ecosystem;
use serde_json::{Map, Value};

pub(super) fn npm(text: &str) -> Result<Vec<Locked>, String> {
    let root = object(text)?;
    let mut lines = Lines::of(text);
    let mut found = Vec::new();
    if let Some(packages) = root.get("packages").and_then(Value::as_object) {
        for (place, entry) in packages.iter().filter(|(_, entry)| entry.get("link").is_none()) {
            let Some((_, folder)) = place.rsplit_once("node_modules/") else { continue };
            let name = field(entry, "name").unwrap_or(folder);
            let version = field(entry, "version").unwrap_or_default();
            let mut locked = Locked::new(Ecosystem::Npm, name, version, lines.find(place));
            locked.place = (!place.contains("..")).then(|| place.clone());
            locked.source = field(entry, "resolved").map(str::to_owned);
            found.push(locked);
        }
    } else if let Some(dependencies) = root.get("dependencies").and_then(Value::as_object) {
        old_npm(dependencies, &mut lines, &mut found, 0);
    }
    Ok(found)
}

/// The first form of the file: packages hold the packages installed below them.
fn old_npm(dependencies: &Map<String, Value>, lines: &mut Lines<'_>, found: &mut Vec<Locked>, depth: usize) {
    const DEEPEST: usize = 64;
    for (folder, entry) in dependencies {
        let version = field(entry, "version").unwrap_or_default();
        let line = lines.find(folder);
        let alias = version.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@'));
        let (name, version) = alias.unwrap_or((folder, version));
        let mut locked = Locked::new(Ecosystem::Npm, name, version, line);
        locked.source = field(entry, "resolved").map(str::to_owned);
        found.push(locked);
        if let Some(inner) = entry.get("dependencies").and_then(Value::as_object)
            && depth < DEEPEST
        {
            old_npm(inner, lines, found, depth + 1);
        }
    }
}

pub(super) fn bun(text: &str) -> Result<Vec<Locked>, String> {
    let strict = without_comments(text);
    let root = object(&strict)?;
    let Some(packages) = root.get("packages") else { return Ok(Vec::new()) };
    let packages = packages.as_object().ok_or("its packages are not an object")?;
    let mut lines = Lines::of(text);
    Ok(packages
        .iter()
        .filter_map(|(place, entry)| {
            let (name, version) = entry.get(0)?.as_str()?.rsplit_once('@')?;
            let from_registry = version.starts_with(|first: char| first.is_ascii_digit());
            from_registry.then(|| Locked::new(Ecosystem::Npm, name, version, lines.find(place)))
        })
        .collect())
}

pub(super) fn pipfile(text: &str) -> Result<Vec<Locked>, String> {
    let root = object(text)?;
    let mut lines = Lines::of(text);
    let groups =
        root.iter().filter(|(group, _)| *group != "_meta").filter_map(|(_, group)| group.as_object());
    Ok(groups
        .flatten()
        .filter_map(|(name, entry)| {
            let version = field(entry, "version")?.trim_start_matches('=');
            Some(Locked::new(Ecosystem::Pypi, name, version, lines.find(name)))
        })
        .collect())
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err("not an object".into()),
        Err(error) => Err(error.to_string()),
    }
}

fn field<'a>(entry: &'a Value, key: &str) -> Option<&'a str> {
    entry.get(key)?.as_str()
}

/// JSON with comments and commas before closing brackets, as bun writes it, made strict.
fn without_comments(text: &str) -> String {
    let mut strict = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut in_string = false;
    while let Some(character) = rest.next() {
        match character {
            '\\' if in_string => {
                strict.push(character);
                strict.extend(rest.next());
                continue;
            }
            '"' => in_string = !in_string,
            '/' if !in_string && rest.peek() == Some(&'/') => {
                while rest.next_if(|&character| character != '\n').is_some() {}
                continue;
            }
            '}' | ']' if !in_string => {
                let kept = strict.trim_end().len();
                if strict[..kept].ends_with(',') {
                    strict.truncate(kept - 1);
                }
            }
            _ => {}
        }
        strict.push(character);
    }
    strict
}

/// Where keys stand. Keys are asked for in no order, so that each one is looked up in a table made once.
struct Lines<'a> {
    by_key: std::collections::HashMap<&'a str, u32>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let mut by_key = std::collections::HashMap::new();
        for (position, line) in text.lines().enumerate() {
            // Every quoted text of the line is at the odd places; keys hold no escaped quotes.
            for quoted in line.split('"').skip(1).step_by(2) {
                by_key.entry(quoted).or_insert_with(|| line_number(position));
            }
        }
        Self { by_key }
    }

    fn find(&mut self, key: &str) -> u32 {
        self.by_key.get(key).copied().unwrap_or(0)
    }
}
