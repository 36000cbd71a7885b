//! What yarn keeps: unpacked folders (classic) and archives (berry).

use super::{Versions, flat};
use crate::walk::{Place, Target, children, file_name};
use doorward_protocol::Ecosystem;
use std::path::Path;

/// Packages that are looked at.
const MOST: usize = 50_000;

/// Lists yarn 1's folders, `v6/npm-NAME-VERSION-HASH-integrity/node_modules/NAME`.
pub(super) fn list_classic(cache: &Path, versions: &mut Versions) {
    let generations = children(cache).into_iter().filter(|path| file_name(path).starts_with('v'));
    for kept in generations.flat_map(|generation| children(&generation)).take(MOST) {
        let called = file_name(&kept);
        let tops = children(&kept.join("node_modules")).into_iter();
        let inside =
            tops.flat_map(|top| if file_name(&top).starts_with('@') { children(&top) } else { vec![top] });
        for package in inside {
            let scope = package.parent().map(file_name).filter(|name| name.starts_with('@'));
            let name = file_name(&package);
            let name = scope.map_or_else(|| name.clone(), |scope| format!("{scope}/{name}"));
            if let Some(version) = classic_version(&called, &name) {
                versions.add(
                    name,
                    version.to_owned(),
                    Target::new(package, Place::Folder(Some(Ecosystem::Npm))),
                );
            }
        }
    }
}

/// The version in `npm-NAME-VERSION-HASH-integrity`.
fn classic_version<'a>(called: &'a str, name: &str) -> Option<&'a str> {
    let rest = called.strip_prefix("npm-")?.strip_prefix(&flat(name))?.strip_prefix('-')?;
    let rest = rest.strip_suffix("-integrity").unwrap_or(rest);
    let (version, hash) = rest.rsplit_once('-')?;
    is_hash(hash, 40).then_some(version)
}

/// Lists the archives of yarn 2 and later, `NAME-npm-VERSION-HASH.zip`. A scope is joined to the name there, so that
/// they are noted under the name without its slash.
pub(super) fn list_berry(cache: &Path, versions: &mut Versions) {
    for path in children(cache).into_iter().take(MOST) {
        if let Some((name, version)) = berry_name(&file_name(&path)) {
            versions.add(name, version, Target::new(path, Place::Archive));
        }
    }
}

/// A name without its slash and a version; between the hash and the ending may stand how it was packed.
fn berry_name(file: &str) -> Option<(String, String)> {
    let (name, rest) = file.strip_suffix(".zip")?.rsplit_once("-npm-")?;
    let (before, last) = rest.rsplit_once('-')?;
    let version = if is_hash(last, 10) {
        before
    } else {
        before.rsplit_once('-').filter(|(_, hash)| is_hash(hash, 10))?.0
    };
    Some((name.to_owned(), version.to_owned()))
}

fn is_hash(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_kept_packages_are_told_apart() {
        let hash = "85f8566fb6d09fa822a9469461e28cbbb4fc3e78";
        let classic = |called: &str, name| classic_version(called, name).map(str::to_owned);
        assert_eq!(
            classic(&format!("npm-@made-up-trim-1.0.0-rc.1-{hash}-integrity"), "@made-up/trim").as_deref(),
            Some("1.0.0-rc.1")
        );
        assert_eq!(classic(&format!("npm-left-pad-1.3.0-{hash}"), "left-pad").as_deref(), Some("1.3.0"));
        assert_eq!(classic(&format!("npm-left-pad-1.3.0-{hash}"), "left"), Some("pad-1.3.0".into()));
        assert_eq!(classic("npm-left-pad-1.3.0", "left-pad"), None);
        let berry = |file| berry_name(file).map(|(name, version)| format!("{name} {version}"));
        assert_eq!(berry("left-pad-npm-1.3.0-928ebe2703-10c0.zip").as_deref(), Some("left-pad 1.3.0"));
        assert_eq!(berry("@a-b-npm-2.0.0-rc.1-28eacd88ec.zip").as_deref(), Some("@a-b 2.0.0-rc.1"));
        assert_eq!(berry("left-pad-npm-1.3.0.zip"), None);
        assert_eq!(berry("left-pad-npm-1.3.0-928ebe2703.flock"), None);
    }
}
