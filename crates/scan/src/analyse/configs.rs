//! Settings that make package managers run something, and extensions that bring others.

use super::evidence::of_command;
use super::report::Report;
use super::signal::Signal::*;
use super::signal::Signals;
use super::text;
use crate::{PackageFiles, SourceFile};
use doorward_protocol::Severity::{Critical, High, Low, Medium};
use serde_json::Value;

/// Looks at every settings file that can start a program.
pub(super) fn inspect(package: &PackageFiles<'_>, report: &mut Report) {
    for file in &package.files {
        let name = file.path.rsplit('/').next().unwrap_or(file.path);
        match name {
            ".npmrc" | "npmrc" => {
                lines(file, &["git", "script-shell", "shell", "node-options", "node_options"], '=', report)
            }
            ".yarnrc.yml" => lines(file, &["yarnPath", "plugins", "- path", "path"], ':', report),
            ".yarnrc" => lines(file, &["yarn-path"], ' ', report),
            "bunfig.toml" => lines(file, &["preload"], '=', report),
            ".pnpmfile.cjs" | ".pnpmfile.mjs" => pnpmfile(file, report),
            _ => {}
        }
    }
    extension(package, report);
}

/// True for settings of build tools that are code: they run whenever the project is built, tested or looked at.
pub(super) fn runs_in_builds(path: &str) -> bool {
    const TOOLS: [&str; 12] = [
        "tailwind", "postcss", "eslint", "babel", "vite", "next", "webpack", "rollup", "jest", "svelte",
        "nuxt", "metro",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let known = |(tool, ending): (&str, &str)| {
        TOOLS.contains(&tool) && ["js", "mjs", "cjs", "ts", "mts"].contains(&ending)
    };
    name.split_once(".config.").is_some_and(known)
}

/// Settings whose value names a program or script of the package or a hidden one.
fn lines(file: &SourceFile<'_>, keys: &[&str], separator: char, report: &mut Report) {
    let content = String::from_utf8_lossy(file.bytes);
    let mut at = 0;
    for line in content.split_inclusive('\n') {
        let trimmed = line.trim();
        if let Some((key, value)) = trimmed.split_once(separator)
            && keys.contains(&key.trim())
        {
            let value = value.trim().trim_matches(['"', '\'', '[', ']', ' ']);
            let ordinary = value.is_empty()
                || value.starts_with(".yarn/")
                || matches!(
                    value,
                    "git" | "bash" | "sh" | "/bin/bash" | "/bin/sh" | "/usr/bin/bash" | "/bin/zsh"
                )
                || value.starts_with("--max") && !value.contains("require");
            if !ordinary {
                let own = value.starts_with('.')
                    || value.contains("--require")
                    || value.contains("--import")
                    || value.contains("node_modules")
                    || value.starts_with("/tmp");
                report.add("I-15", file, at.min(file.bytes.len()), if own { Critical } else { Medium });
            }
        }
        at += line.len();
    }
}

/// A `.pnpmfile` may change manifests; one that starts programs or talks to the network does more.
fn pnpmfile(file: &SourceFile<'_>, report: &mut Report) {
    const MORE: Signals = Signals::of(&[Spawn, Send, Fetch, Eval, Decode, Downloader]);
    let signals = of_command(&String::from_utf8_lossy(file.bytes));
    if signals.meets(MORE) {
        report.add("I-15", file, 0, High);
    }
}

/// A manifest of an editor extension that pulls in others.
fn extension(package: &PackageFiles<'_>, report: &mut Report) {
    let Some(file) = package
        .files
        .iter()
        .find(|file| file.path == "package.json" || file.path == "extension/package.json")
    else {
        return;
    };
    let Ok(manifest) = serde_json::from_slice::<Value>(file.bytes) else { return };
    if manifest.pointer("/engines/vscode").is_none() {
        return;
    }
    for key in ["extensionPack", "extensionDependencies"] {
        let listed = manifest.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
        if listed {
            let at = memchr::memmem::find(file.bytes, key.as_bytes()).unwrap_or(0);
            let has_code = manifest.get("main").is_some();
            report.add("P-12", file, text::line_start(file.bytes, at), if has_code { Medium } else { Low });
        }
    }
}
