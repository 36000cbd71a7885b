//! The first byte picks the lockfile, the rest is its text.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    const NAMES: [&str; 11] = [
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "Cargo.lock",
        "uv.lock",
        "poetry.lock",
        "Pipfile.lock",
        "requirements.txt",
        "pdm.lock",
    ];
    if let Some((choice, bytes)) = data.split_first() {
        doorward_scan::fuzzing::locked(NAMES[usize::from(*choice) % NAMES.len()], bytes);
    }
});
