//! Advisories that were taken back must never raise an alarm.

use doorward_protocol::{Ecosystem, PackageRef};
use doorward_scan::feed::lookup;
use flate2::read::GzDecoder;
use std::io::Read as _;

/// Versions for which another source still stands.
const STILL_STANDING: [(&str, &[&str]); 3] =
    [("nx", &["21.5.0"]), ("art-template", &["4.13.3", "4.13.5", "4.13.6"]), ("replit_ruspty", &["1.0.0"])];

#[test]
fn no_withdrawn_record_matches() {
    let mut text = String::new();
    let packed: &[u8] = include_bytes!("fixtures/withdrawn.tsv.gz");
    GzDecoder::new(packed).read_to_string(&mut text).expect("the fixture is whole");
    let mut looked_up = 0;
    for line in text.lines().skip(1) {
        let [ecosystem, name, versions, id] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let ecosystem = match ecosystem.to_lowercase().as_str() {
            "npm" => Ecosystem::Npm,
            "pypi" => Ecosystem::Pypi,
            _ => Ecosystem::Cargo,
        };
        let standing = STILL_STANDING
            .iter()
            .find(|(other, _)| *other == name)
            .map_or(&[][..], |(_, versions)| *versions);
        // A record without versions meant the whole name.
        let versions = if versions.is_empty() && standing.is_empty() { "0.0.0,99.99.99" } else { versions };
        for version in versions.split(',').filter(|version| !standing.contains(version)) {
            let package = PackageRef { ecosystem, name: name.into(), version: version.into() };
            assert_eq!(lookup(&package), None, "{id}");
            looked_up += 1;
        }
    }
    assert!(looked_up > 5_000, "{looked_up}");
    for (name, versions) in STILL_STANDING.into_iter().take(2) {
        let package =
            PackageRef { ecosystem: Ecosystem::Npm, name: name.into(), version: versions[0].into() };
        assert!(lookup(&package).is_some(), "{name} still stands");
    }
}
