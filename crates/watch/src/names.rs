//! The names that give a folder or a file its meaning.

use std::ffi::OsStr;
use std::path::Path;

/// Files that a package manager writes when the set of packages changes.
const LOCKFILES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "Pipfile.lock",
    "pylock.toml",
    "Cargo.lock",
];

/// Files that make a folder a project.
const MANIFESTS: &[&str] =
    &["package.json", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "Cargo.toml", "requirements.txt"];

/// Files whose text an editor or a coding agent obeys.
const INSTRUCTIONS: &[&str] = &[
    "CLAUDE.md",
    "CLAUDE.local.md",
    "AGENTS.md",
    "AGENT.md",
    "GEMINI.md",
    ".cursorrules",
    ".windsurfrules",
    ".clinerules",
    ".roorules",
    ".goosehints",
    ".mcp.json",
    ".envrc",
];

/// Folders of such files.
pub(crate) const INSTRUCTION_FOLDERS: &[&str] = &[
    ".cursor",
    ".claude",
    ".vscode",
    ".github",
    ".devcontainer",
    ".windsurf",
    ".clinerules",
    ".gemini",
    ".codex",
    ".roo",
    ".kiro",
    ".zed",
];

pub(crate) fn is_lockfile(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    LOCKFILES.contains(&name) || (name.starts_with("requirements") && name.ends_with(".txt"))
}

pub(crate) fn is_instruction(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| INSTRUCTIONS.contains(&name))
}

pub(crate) fn is_project(folder: &Path) -> bool {
    LOCKFILES.iter().chain(MANIFESTS).chain(&[".git"]).any(|name| folder.join(name).exists())
}

/// Names that a virtual environment usually has; it is known for one before it is complete.
pub(crate) fn is_venv_name(name: &OsStr) -> bool {
    [".venv", "venv", "env", ".env"].iter().any(|usual| name == *usual)
}

/// Folders in which nobody keeps a project of his own.
pub(crate) fn is_barren(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
        || ["node_modules", "target", "vendor", "dist", "build", "__pycache__", "site-packages", "snap"]
            .iter()
            .any(|barren| name == *barren)
        || is_venv_name(name)
}
