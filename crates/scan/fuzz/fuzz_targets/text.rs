//! The first byte picks a file that shells, editors, assistants or the system read.
#![no_main]

use doorward_protocol::Ecosystem;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    const NAMES: [&str; 12] = [
        "install.sh",
        "CLAUDE.md",
        ".cursorrules",
        ".vscode/tasks.json",
        ".claude/settings.json",
        ".github/workflows/ci.yml",
        ".mcp.json",
        "README.md",
        "data.json",
        "icon.svg",
        "module.node",
        "setup.ps1",
    ];
    if let Some((choice, bytes)) = data.split_first() {
        doorward_scan::fuzzing::package(Ecosystem::Npm, &[(NAMES[usize::from(*choice) % NAMES.len()], bytes)]);
    }
});
