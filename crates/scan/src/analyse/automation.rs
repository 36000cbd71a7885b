//! Files that other tools than package managers run: recipes, environment hooks, containers, workflows.

use super::evidence::of_command;
use super::report::Report;
use super::signal::Signal::*;
use super::signal::{PRIVATE, Signals};
use super::text;
use crate::{PackageFiles, SourceFile};
use doorward_protocol::Severity;

/// How a file comes to run.
enum Role {
    /// Somebody has to ask for it.
    Recipe,
    /// Entering or opening the folder is enough.
    Hook,
    /// A code host runs it, with its secrets.
    Workflow,
}

/// Tells what these files fetch and run, or give away.
pub(super) fn inspect(package: &PackageFiles<'_>, report: &mut Report) {
    for file in &package.files {
        match role(file.path) {
            Some(Role::Workflow) => workflow(file, report),
            Some(role) => commands(file, &role, report),
            None => {}
        }
    }
}

fn role(path: &str) -> Option<Role> {
    let name = path.rsplit('/').next().unwrap_or(path);
    if path.contains(".github/workflows/") && (name.ends_with(".yml") || name.ends_with(".yaml")) {
        return Some(Role::Workflow);
    }
    match name {
        ".envrc" | "mise.toml" | ".mise.toml" | "devcontainer.json" | ".devcontainer.json" => {
            Some(Role::Hook)
        }
        "Makefile"
        | "GNUmakefile"
        | "makefile"
        | "justfile"
        | "Justfile"
        | ".justfile"
        | "CMakeLists.txt"
        | "build.gradle"
        | "build.gradle.kts"
        | "settings.gradle"
        | "settings.gradle.kts"
        | "Taskfile.yml"
        | "Rakefile" => Some(Role::Recipe),
        _ => None,
    }
}

fn commands(file: &SourceFile<'_>, role: &Role, report: &mut Report) {
    const NETWORK: Signals = Signals::of(&[Downloader, Send, Fetch, DropHost, Gist]);
    let mut offset = 0;
    for line in file.bytes.split_inclusive(|&byte| byte == b'\n') {
        let start = offset;
        offset += line.len();
        let comment = line.trim_ascii_start().starts_with(b"#") || line.trim_ascii_start().starts_with(b"//");
        if comment || line.len() > 4000 {
            continue;
        }
        let signals = of_command(&String::from_utf8_lossy(line));
        let fetched = signals.has(Downloader) && signals.has(PipeToShell);
        let hidden = signals.has(Decode) && signals.has(PipeToShell);
        let most = if signals.meets(PRIVATE) && signals.meets(NETWORK)
            || signals.has(DropHost) && signals.has(Downloader)
        {
            Severity::Critical
        } else if hidden || fetched && matches!(role, Role::Hook) {
            Severity::High
        } else if fetched {
            Severity::Medium
        } else {
            continue;
        };
        report.add("B-11", file, start, most);
    }
}

fn workflow(file: &SourceFile<'_>, report: &mut Report) {
    let has = |word: &str| text::contains(file.bytes, word);
    let at = |word: &str| memchr::memmem::find(file.bytes, word.as_bytes()).unwrap_or(0);
    let all_secrets = has("toJSON(secrets)") || has("toJson(secrets)");
    let leaves = has("curl ") || has("wget ") || has("upload-artifact") || has("webhook.site");
    if all_secrets && leaves {
        report.add("P-10", file, at("(secrets)"), Severity::Critical);
    }
    if has("self-hosted") && has("github.event.discussion.body") {
        report.add("P-10", file, at("github.event.discussion.body"), Severity::Critical);
    }
    let decoded = ["base64 -d", "base64 --decode"].iter().find(|word| has(word));
    if let Some(word) = decoded
        && ["| bash", "|bash", "| sh", "|sh"]
            .iter()
            .any(|pipe| text::contains(text::line_at(file.bytes, at(word)), pipe))
    {
        report.add("P-10", file, at(word), Severity::High);
    }
}
