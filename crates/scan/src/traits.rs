//! What can be compared between two versions of a package without having both in hand.

use doorward_protocol::PackageRef;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// A version's traits; small enough to be remembered for every package that was ever seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Traits {
    pub(crate) version: String,
    /// What runs by itself, and how.
    pub(crate) hooks: BTreeSet<String>,
    /// Names of what it depends on when it is used.
    pub(crate) dependencies: BTreeSet<String>,
    /// Hosts of the addresses in its code.
    pub(crate) hosts: BTreeSet<String>,
    /// What its code can do, in words.
    pub(crate) capabilities: BTreeSet<String>,
}

impl Traits {
    /// The name by which a package's traits are kept.
    pub(crate) fn key(package: &PackageRef) -> String {
        format!("{:?}/{}", package.ecosystem, package.name)
    }

    /// All capabilities there are: beside them nothing is new.
    pub(crate) fn every_capability() -> BTreeSet<String> {
        crate::analyse::capabilities().map(str::to_owned).collect()
    }
}

/// Compares versions by their numbers; what follows them, such as `-beta`, only breaks ties, and comes first.
pub(crate) fn order(one: &str, other: &str) -> Ordering {
    let parts = |version: &str| -> (Vec<u64>, bool) {
        let plain = version.trim_start_matches('v').split('+').next().unwrap_or_default();
        let (numbers, rest) = plain.split_once('-').unwrap_or((plain, ""));
        let numbers = numbers.split('.').map(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or(0)
        });
        (numbers.collect(), rest.is_empty())
    };
    parts(one).cmp(&parts(other)).then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        for (older, newer) in
            [("1.9.0", "1.10.0"), ("1.0.0-rc.1", "1.0.0"), ("0.9", "1"), ("2024.1.1", "2024.10.1")]
        {
            assert_eq!(order(older, newer), Ordering::Less, "{older} {newer}");
        }
    }
}
