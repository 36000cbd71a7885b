//! A script that runs on installation.
#![no_main]

use doorward_protocol::Ecosystem;

const MANIFEST: &[u8] = br#"{"name":"fuzzed","version":"1.0.0","scripts":{"postinstall":"node install.js"}}"#;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    doorward_scan::fuzzing::package(Ecosystem::Npm, &[("install.js", data), ("package.json", MANIFEST)]);
});
