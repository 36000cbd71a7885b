//! `requirements.txt` and its like. A name without an exact version still names a package.

use super::{Locked, line_number};
use doorward_protocol::Ecosystem;

pub(super) fn requirements(text: &str) -> Vec<Locked> {
    text.lines().enumerate().filter_map(|(position, line)| requirement(line, line_number(position))).collect()
}

fn requirement(line: &str, number: u32) -> Option<Locked> {
    let line = line.split('#').next()?.trim();
    let is_name = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    let length = line.find(|character| !is_name(character)).unwrap_or(line.len());
    let (name, rest) = line.split_at(length);
    if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let rest = rest.trim_start();
    let rest = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']')?.1.trim_start(),
        None => rest,
    };
    if !rest.is_empty() && !rest.starts_with(['=', '<', '>', '!', '~', ';', '\\']) {
        // An address, a path, or no requirement at all.
        return None;
    }
    let pinned = rest.strip_prefix("==").map(|version| version.trim_start_matches('=').trim_start());
    let ends = |end: char| end.is_whitespace() || matches!(end, ';' | '\\' | ',');
    let version =
        pinned.and_then(|version| version.split(ends).next()).filter(|version| !version.contains('*'));
    Some(Locked::new(Ecosystem::Pypi, name, version.unwrap_or_default(), number))
}
