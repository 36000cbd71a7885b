//! A setup script, which runs on installation.
#![no_main]

use doorward_protocol::Ecosystem;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    doorward_scan::fuzzing::package(Ecosystem::Pypi, &[("fuzzed/__init__.py", b"import os"), ("setup.py", data)]);
});
