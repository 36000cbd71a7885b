//! The first byte picks the name's ending, the rest is the archive.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    const ENDINGS: [&str; 5] = [".tgz", ".tar.gz", ".whl", ".zip", ".crate"];
    if let Some((choice, bytes)) = data.split_first() {
        doorward_scan::fuzzing::archive(ENDINGS[usize::from(*choice) % ENDINGS.len()], bytes);
    }
});
