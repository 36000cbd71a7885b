//! What bun keeps: unpacked folders, `NAME@VERSION@@…`, those of a scope in a folder of it.

use super::Versions;
use crate::walk::{Place, Target, children, file_name};
use doorward_protocol::Ecosystem;
use std::path::Path;

/// Packages that are looked at.
const MOST: usize = 50_000;

/// Lists the packages by the names of their folders.
pub(super) fn list(cache: &Path, versions: &mut Versions) {
    let is_scope = |name: &str| name.rfind('@') == Some(0);
    let tops = children(cache).into_iter();
    let all = tops.flat_map(|top| if is_scope(&file_name(&top)) { children(&top) } else { vec![top] });
    for package in all.take(MOST) {
        let called = file_name(&package);
        let Some((name, rest)) = called.split_once('@') else { continue };
        let (Some((version, _)), false) = (rest.split_once("@@"), name.is_empty()) else { continue };
        let scope = package.parent().map(file_name).filter(|name| is_scope(name));
        let name = scope.map_or_else(|| name.to_owned(), |scope| format!("{scope}/{name}"));
        versions.add(name, version.to_owned(), Target::new(package, Place::Folder(Some(Ecosystem::Npm))));
    }
}
