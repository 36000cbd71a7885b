//! Lockfiles that lead elsewhere than their own names and neighbours say.

use super::report::{Report, Words};
use super::text;
use crate::lockfile::{Locked, is_of_npm, parse};
use crate::{NpmDependency, PackageFiles, SourceFile};
use doorward_protocol::Severity;
use std::collections::HashMap;

/// Tells which entries fetch something else, or from elsewhere.
pub(super) fn inspect(package: &PackageFiles<'_>, report: &mut Report) {
    for file in &package.files {
        let name = file.path.rsplit('/').next().unwrap_or(file.path);
        // What cannot be understood is told where packages are looked for.
        if is_of_npm(name)
            && let Ok(entries) = parse(name, file.bytes)
        {
            entries_of(package, file, &entries, report);
        }
    }
}

fn entries_of(package: &PackageFiles<'_>, file: &SourceFile<'_>, entries: &[Locked], report: &mut Report) {
    let mut hosts: HashMap<&str, usize> = HashMap::new();
    for host in entries.iter().filter_map(|entry| host(entry.source.as_deref()?)) {
        *hosts.entry(host).or_default() += 1;
    }
    let all: usize = hosts.values().sum();
    let usual = hosts.iter().max_by_key(|(_, count)| **count).map(|(host, _)| *host);
    for entry in entries {
        let Some(source) = entry.source.as_deref() else { continue };
        let Some(host) = host(source) else { continue };
        let name = &entry.package.name;
        let mut tell = |most, title: &str, why: String| {
            let offset = text::offset_of_line(file.bytes, entry.line);
            report.say("I-18", file, offset, most, Words { title: Some(title.into()), why });
        };
        if let Some(other) = fetches_another(source, name) {
            let why =
                format!("The entry for {name} fetches {other}, so {other} is installed under that name.");
            tell(Severity::High, "Lockfile entry fetches another package", why);
        } else if usual != Some(host)
            && hosts.get(host).is_some_and(|count| *count * 10 < all)
            && !is_expected(package, name, host)
        {
            let plain = source.starts_with("http://");
            let most = if plain { Severity::High } else { Severity::Medium };
            let how = if plain { ", unencrypted" } else { "" };
            let why = format!(
                "{name} comes from {host}{how}, while nearly everything else comes from {}.",
                usual.unwrap_or("elsewhere")
            );
            tell(most, "Lockfile entry comes from elsewhere", why);
        }
    }
}

/// The host of an address.
fn host(source: &str) -> Option<&str> {
    let (_, rest) = source.split_once("://")?;
    let end = rest.find(['/', ':', '#', '?']).unwrap_or(rest.len());
    let host = rest[..end].rsplit('@').next()?;
    (!host.is_empty()).then_some(host)
}

/// The package that an address of a registry stands for, where it is not the one the entry names.
fn fetches_another(source: &str, name: &str) -> Option<String> {
    let plain = source.replace("%2f", "/").replace("%2F", "/").replace("%40", "@");
    let (before, _) = plain.split_once("/-/")?;
    let before = before.trim_end_matches('/');
    let mut parts = before.rsplit('/');
    let last = parts.next()?;
    let fetched = match parts.next().filter(|scope| scope.starts_with('@')) {
        Some(scope) => format!("{scope}/{last}"),
        None => last.to_owned(),
    };
    (fetched != name).then_some(fetched)
}

/// True where the manifest or the package manager's settings name that source themselves.
fn is_expected(package: &PackageFiles<'_>, name: &str, host: &str) -> bool {
    let from_elsewhere = |dependency: &NpmDependency| {
        dependency.name == name && (dependency.spec.contains('/') || dependency.spec.contains(':'))
    };
    let declared =
        package.manifest.npm.as_ref().is_some_and(|npm| npm.dependencies.iter().any(from_elsewhere));
    let settings = [".npmrc", ".yarnrc", ".yarnrc.yml"];
    let configured = package.files.iter().any(|file| {
        settings.contains(&file.path.rsplit('/').next().unwrap_or(file.path))
            && text::contains(file.bytes, host)
    });
    declared || configured
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_with_the_names_they_are_given_for() {
        for (source, name) in [
            ("https://r.invalid/lodash/-/lodash-4.0.0.tgz", "lodash"),
            ("https://r.invalid/@a%2fb/-/b-1.0.0.tgz", "@a/b"),
            ("https://r.invalid/npm/@a/b/-/@a/b-1.0.0.tgz", "@a/b"),
            ("https://r.invalid/download/x.tgz", "lodash"),
        ] {
            assert_eq!(fetches_another(source, name), None, "{source}");
        }
        let found = fetches_another("https://r.invalid/@evil/lodash/-/lodash-4.0.0.tgz", "lodash");
        assert_eq!(found.as_deref(), Some("@evil/lodash"));
        let found = fetches_another("https://r.invalid/evil/-/evil-4.0.0.tgz", "lodash");
        assert_eq!(found.as_deref(), Some("evil"));
    }
}
