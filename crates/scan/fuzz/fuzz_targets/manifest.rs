//! The first byte picks the manifest, the rest is its text.
#![no_main]

use doorward_protocol::Ecosystem::{Cargo, Npm, Pypi};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let names = [
        (Npm, "package.json"),
        (Npm, "binding.gyp"),
        (Pypi, "PKG-INFO"),
        (Pypi, "pyproject.toml"),
        (Pypi, "setup.cfg"),
        (Pypi, "fuzzed-1.0.0.dist-info/METADATA"),
        (Pypi, "fuzzed-1.0.0.dist-info/RECORD"),
        (Pypi, "fuzzed.pth"),
        (Cargo, "Cargo.toml"),
    ];
    if let Some((choice, bytes)) = data.split_first() {
        let (ecosystem, name) = names[usize::from(*choice) % names.len()];
        doorward_scan::fuzzing::package(ecosystem, &[(name, bytes)]);
    }
});
