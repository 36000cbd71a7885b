//! The version before, where it lies on the disk.

use super::read::Listing;
use crate::fetched::Fetched;
use crate::manifest::{canonical_name, split_version};
use crate::source::Limits;
use crate::traits::{Traits, order};
use crate::walk::{Place, Target, children, file_name};
use doorward_protocol::{Ecosystem, PackageRef};

/// What every scan of a worker needs.
pub(super) struct Looking<'a> {
    pub(super) limits: &'a Limits,
    pub(super) fetched: &'a Fetched,
}

impl Looking<'_> {
    /// The traits of the newest version before this one: of a crate beside it in cargo's registry, or of what
    /// package managers keep. Files decide which package and version they are, whatever their place says.
    pub(super) fn earlier(&self, target: &Target, package: &PackageRef) -> Option<Traits> {
        // A cache that is lied to costs two readings, not hundreds.
        const TRIES: usize = 2;
        let beside = crate_beside(target, package);
        let kept = self.fetched.before(package).into_iter().cloned();
        beside.into_iter().chain(kept).take(TRIES).find_map(|older| {
            let (found, traits) = Listing::of(&older, self.limits).read(self.limits).traits()?;
            let is_before = found.ecosystem == package.ecosystem
                && spelled(&found) == spelled(package)
                && order(&traits.version, &package.version).is_lt();
            is_before.then_some(traits)
        })
    }
}

/// The name as it is compared: Python's have several spellings.
fn spelled(package: &PackageRef) -> String {
    match package.ecosystem {
        Ecosystem::Pypi => canonical_name(&package.name),
        Ecosystem::Npm | Ecosystem::Cargo => package.name.clone(),
    }
}

/// The next older version of a crate in the folder that it lies in.
fn crate_beside(target: &Target, package: &PackageRef) -> Option<Target> {
    if target.place != Place::Folder(Some(Ecosystem::Cargo)) {
        return None;
    }
    let older = children(target.path.parent()?).into_iter().filter_map(|path| {
        let (name, version) = split_version(&file_name(&path));
        (name == package.name && order(&version, &package.version).is_lt()).then_some((version, path))
    });
    let (_, path) = older.max_by(|(one, _), (other, _)| order(one, other))?;
    Some(Target::new(path, target.place.clone()))
}
