//! Versions that are meant to win against a private package of the same name.

use crate::feed;
use doorward_protocol::PackageRef;

/// True where a version is so high that only an imitation of somebody's internal package needs it, such as
/// 99.0.0 or 9.9.9. Years and dates are ordinary, and widely used packages may number as they like.
pub fn poses_as_internal(package: &PackageRef) -> bool {
    let mut numbers = package.version.trim_start_matches('v').split(['.', '-', '+']);
    let mut number = || numbers.next().and_then(|part| part.parse::<u64>().ok());
    let (Some(major), minor, patch) = (number(), number(), number()) else { return false };
    let nines = |number: u64| number >= 9 && number.to_string().bytes().all(|digit| digit == b'9');
    let high = (90..=99).contains(&major)
        || major > 99 && nines(major)
        || nines(major) && minor.is_some_and(nines) && patch.is_none_or(|patch| nines(patch) || patch <= 9);
    high && feed::popularity(package.ecosystem, &package.name).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_protocol::Ecosystem;

    #[test]
    fn only_versions_that_nobody_reaches_count() {
        let poses = |name: &str, version: &str| {
            poses_as_internal(&PackageRef {
                ecosystem: Ecosystem::Npm,
                name: name.into(),
                version: version.into(),
            })
        };
        for version in ["99.0.0", "99.99.99", "9.9.9", "9.9.1", "999.0.1", "9999.9.9", "91.10.1"] {
            assert!(poses("corp-billing-client", version), "{version}");
        }
        for version in ["1.99.0", "9.0.0", "131.0.1", "2024.9.1", "20240909.1.0", "19.9.9", "", "x"] {
            assert!(!poses("corp-billing-client", version), "{version}");
        }
        assert!(!poses("react", "99.0.0"));
    }
}
