//! A build script.
#![no_main]

use doorward_protocol::Ecosystem;

const MANIFEST: &[u8] = b"[package]\nname = \"fuzzed\"\nversion = \"1.0.0\"\nbuild = \"build.rs\"\n";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    doorward_scan::fuzzing::package(Ecosystem::Cargo, &[("Cargo.toml", MANIFEST), ("build.rs", data)]);
});
