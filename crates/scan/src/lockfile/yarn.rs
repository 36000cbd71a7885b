//! `yarn.lock` in both its forms, and `pnpm-lock.yaml`: files whose lines say what is needed, whatever else they
//! may nest.

use super::{Locked, line_number};
use doorward_protocol::Ecosystem;

pub(super) fn yarn(text: &str) -> Result<Vec<Locked>, String> {
    let mut found: Vec<Locked> = Vec::new();
    let mut entry: Option<Entry<'_>> = None;
    for (position, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            let key = trimmed
                .strip_suffix(':')
                .ok_or_else(|| format!("line {} is neither an entry nor part of one", position + 1))?;
            found.extend(entry.take().and_then(Entry::finish));
            entry = Some(Entry { key, line: line_number(position), ..Entry::default() });
        } else if line.starts_with("  ")
            && !line.starts_with("   ")
            && let Some(entry) = &mut entry
            && let Some((field, value)) = trimmed.split_once(' ')
        {
            let value = value.trim().trim_matches('"');
            match field.trim_end_matches(':') {
                "version" => entry.version = value,
                "resolved" => entry.resolved = Some(value),
                "resolution" => entry.resolution = Some(value),
                _ => {}
            }
        }
    }
    found.extend(entry.take().and_then(Entry::finish));
    Ok(found)
}

#[derive(Default)]
struct Entry<'a> {
    key: &'a str,
    version: &'a str,
    resolved: Option<&'a str>,
    resolution: Option<&'a str>,
    line: u32,
}

impl Entry<'_> {
    fn finish(self) -> Option<Locked> {
        if self.key == "__metadata" {
            return None;
        }
        // The newer form says what the entry came to; the older one only what was asked for.
        let asked = self.key.split(',').next()?.trim().trim_matches('"');
        let (name, spec) = split_spec(self.resolution.unwrap_or(asked))?;
        let (name, spec) = match spec.strip_prefix("npm:") {
            Some(alias) if self.resolution.is_none() => split_spec(alias).unwrap_or((name, alias)),
            Some(spec) => (name, spec),
            None if self.resolution.is_some() => return None,
            None => (name, spec),
        };
        if ["workspace:", "link:", "portal:", "file:"].iter().any(|own| spec.starts_with(own)) {
            return None;
        }
        let mut locked = Locked::new(Ecosystem::Npm, name, self.version, self.line);
        locked.source = self.resolved.map(str::to_owned);
        Some(locked)
    }
}

/// `@scope/name@spec` in its two parts.
fn split_spec(text: &str) -> Option<(&str, &str)> {
    let at = text.get(1..)?.find('@')? + 1;
    Some((&text[..at], &text[at + 1..]))
}

pub(super) fn pnpm(text: &str) -> Result<Vec<Locked>, String> {
    if !text.trim().is_empty() && !text.lines().any(|line| line.starts_with("lockfileVersion:")) {
        return Err("it names no lockfileVersion".into());
    }
    let mut found = Vec::new();
    let mut inside = false;
    for (position, line) in text.lines().enumerate() {
        if !line.starts_with(' ') && !line.trim().is_empty() {
            inside = line.trim_end() == "packages:";
            continue;
        }
        let key = line.strip_prefix("  ").filter(|rest| inside && !rest.starts_with(' '));
        if let Some((name, version)) = key.and_then(pnpm_key) {
            found.push(Locked::new(Ecosystem::Npm, name, version, line_number(position)));
        } else if let Some(address) = line.trim().strip_prefix("resolution: {tarball: ")
            && let Some(last) = found.last_mut()
        {
            last.source = Some(address.split([',', '}']).next().unwrap_or(address).to_owned());
        }
    }
    Ok(found)
}

/// `/@scope/name/1.0.0_peers:` of old, `/@scope/name@1.0.0(peers):` and `'@scope/name@1.0.0':` of now.
fn pnpm_key(key: &str) -> Option<(&str, &str)> {
    let key = key.trim_end().strip_suffix(':')?.trim_matches(['\'', '"']);
    let key = key.split('(').next()?;
    let old = key.strip_prefix('/');
    let key = old.unwrap_or(key);
    let (name, version) = match split_spec(key) {
        Some((name, version)) if !name.contains('_') || old.is_none() => (name, version),
        _ => key.rsplit_once('/')?,
    };
    // The oldest form writes `name/version` with peers after an underscore.
    let slashes = if name.starts_with('@') { 1 } else { 0 };
    let (name, version) = if name.matches('/').count() > slashes {
        let whole = key.split('_').next()?;
        whole.rsplit_once('/')?
    } else {
        (name, version.split('_').next()?)
    };
    version.starts_with(|first: char| first.is_ascii_digit()).then_some((name, version))
}
