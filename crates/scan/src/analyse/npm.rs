//! npm: lifecycle scripts, what they start, `binding.gyp`, and dependencies that bypass the registry.

use super::evidence::of_command;
use super::lexing::{Kind, Language, lex};
use super::report::{Report, Words};
use super::signal::Signal::*;
use super::signal::{Hit, PRIVATE, Signals};
use super::{evidence, js, shell, text};
use crate::{NpmManifest, NpmScript, PackageFiles};
use doorward_protocol::{Ecosystem, Severity};
use std::collections::{HashMap, VecDeque};

/// How far from a lifecycle script's own file loaded modules are followed.
const HOPS: usize = 2;
const MOST_FILES: usize = 60;
const LARGE_SCRIPT: usize = 100 * 1024;

/// The scripts that run while a dependency is installed.
pub(super) fn lifecycle(npm: &NpmManifest) -> impl Iterator<Item = &NpmScript> {
    npm.scripts
        .iter()
        .filter(|script| matches!(script.name.as_str(), "preinstall" | "install" | "postinstall"))
}

/// The files that run while the package is installed: those the lifecycle scripts name, and those
/// that these load, two steps far.
pub(super) fn install_files(package: &PackageFiles<'_>) -> Vec<usize> {
    let Some(npm) = &package.manifest.npm else { return Vec::new() };
    let mut waiting: VecDeque<(usize, usize)> = VecDeque::new();
    let mut seen = vec![false; package.files.len()];
    let commands = gyp_commands(package);
    let lifecycle = lifecycle(npm).map(|script| script.command.as_str());
    let all: Vec<&str> = lifecycle.chain(commands.iter().map(|command| command.text.as_str())).collect();
    if all.is_empty() {
        return Vec::new();
    }
    let tree = Tree::of(package, npm);
    for command in all {
        tree.started(command, 0, &mut |file| waiting.push_back((file, 0)));
    }
    let mut files = Vec::new();
    while let Some((file, hop)) = waiting.pop_front() {
        if std::mem::replace(&mut seen[file], true) || files.len() >= MOST_FILES {
            continue;
        }
        files.push(file);
        if hop < HOPS {
            waiting.extend(tree.loaded(file).into_iter().map(|next| (next, hop + 1)));
        }
    }
    files
}

/// What the manifest and `binding.gyp` show by themselves.
pub(super) fn inspect(package: &PackageFiles<'_>, report: &mut Report) {
    let Some(npm) = &package.manifest.npm else { return };
    let Some(manifest) = package.files.iter().find(|file| file.path == "package.json") else { return };
    let offset = |line: u32, word: &str| {
        let start = text::offset_of_line(manifest.bytes, line);
        let found = memchr::memmem::find(&manifest.bytes[start..], word.as_bytes()).unwrap_or(0);
        if line == 0 { 0 } else { start + found }
    };
    if !package.manifest.project {
        for script in lifecycle(npm) {
            judge_command(script, &mut |rule, most| {
                report.add(rule, manifest, offset(script.line, &script.name), most)
            });
            if Tree::of(package, npm).shipped_program(&script.command).is_some() {
                report.add("I-05", manifest, offset(script.line, &script.name), Severity::Critical);
            }
        }
    }
    for script in npm.scripts.iter().filter(|script| script.name == "prepare") {
        if script.command.contains("&& exit 1") {
            report.add("I-08", manifest, offset(script.line, &script.name), Severity::Critical);
        }
    }
    for dependency in npm.dependencies.iter().filter(|dependency| dependency.kind != "devDependencies") {
        if let Some(most) = bypasses_registry(&dependency.spec, dependency.kind) {
            report.add("I-07", manifest, offset(dependency.line, &dependency.name), most);
        }
    }
    for file in install_files(package) {
        let source = &package.files[file];
        let large = source.bytes.len() > LARGE_SCRIPT && evidence::language_of(source) == Language::Script;
        if large && !package.manifest.project {
            report.add("I-03", source, 0, Severity::Medium);
        }
    }
    inspect_gyp(package, npm, report);
    unused_strangers(package, npm, manifest, report);
    allows_everything(manifest, report);
}

/// A widely used package that depends on something little known which none of its files loads.
fn unused_strangers(
    package: &PackageFiles<'_>,
    npm: &NpmManifest,
    manifest: &crate::SourceFile<'_>,
    report: &mut Report,
) {
    let known = |name: &str| crate::feed::popularity(Ecosystem::Npm, name).is_some();
    if package.manifest.project || !known(&package.manifest.package.name) {
        return;
    }
    let strangers: Vec<_> = npm
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind == "dependencies")
        .filter(|dependency| !dependency.name.starts_with("@types/") && !known(&dependency.name))
        .collect();
    if strangers.is_empty()
        || package.files.iter().filter(|file| evidence::language_of(file) == Language::Script).count() < 2
    {
        return;
    }
    let own_scope = package.manifest.package.name.split_once('/').map(|(scope, _)| scope);
    for stranger in strangers {
        let sibling = own_scope.is_some_and(|scope| stranger.name.starts_with(scope));
        let used = package
            .files
            .iter()
            .any(|file| file.path != "package.json" && text::contains(file.bytes, &stranger.name));
        if !sibling && !used {
            let start = text::offset_of_line(manifest.bytes, stranger.line);
            let words = Words {
                title: Some("Unknown dependency that nothing uses".into()),
                why: format!(
                    "{} is little known and no file of this widely used package loads it; takeovers bring their payload this way.",
                    stranger.name
                ),
            };
            report.say("I-09", manifest, start, Severity::Medium, words);
        }
    }
}

/// Manifests that let every dependency run its scripts.
fn allows_everything(manifest: &crate::SourceFile<'_>, report: &mut Report) {
    let Ok(json) = serde_json::from_slice::<serde_json::Value>(manifest.bytes) else { return };
    let everything = |value: &serde_json::Value| match value {
        serde_json::Value::Bool(all) => *all,
        serde_json::Value::Array(names) => names.iter().any(|name| name == "*"),
        serde_json::Value::Object(names) => names.get("*").is_some_and(|allowed| allowed != false),
        _ => false,
    };
    for (key, pointer) in [
        ("allowScripts", "/allowScripts"),
        ("allowScripts", "/lavamoat/allowScripts"),
        ("onlyBuiltDependencies", "/pnpm/onlyBuiltDependencies"),
        ("dangerouslyAllowAllBuilds", "/pnpm/dangerouslyAllowAllBuilds"),
        ("trustedDependencies", "/trustedDependencies"),
    ] {
        if json.pointer(pointer).is_some_and(everything) {
            let at = memchr::memmem::find(manifest.bytes, key.as_bytes()).unwrap_or(0);
            report.add("I-17", manifest, at, Severity::Medium);
        }
    }
}

/// What the commands of the lifecycle scripts show by themselves, code that they hand to an interpreter
/// included, with the manifest's place among the files.
pub(super) fn command_hits(package: &PackageFiles<'_>) -> Option<(usize, Vec<Hit>)> {
    let npm = package.manifest.npm.as_ref().filter(|_| !package.manifest.project)?;
    let manifest = package.files.iter().position(|file| file.path == "package.json")?;
    let bytes = package.files[manifest].bytes;
    let mut hits = Vec::new();
    for script in lifecycle(npm) {
        let start = text::offset_of_line(bytes, script.line);
        let offset = start + memchr::memmem::find(&bytes[start..], script.name.as_bytes()).unwrap_or(0);
        let mut signals = evidence::signals_of_command(&script.command);
        // What stands behind `node -e` is read itself.
        signals.retain(|&signal| signal != NodeInline);
        if shell::fetches_program(script.command.as_bytes()).is_some() {
            signals.push(FetchesProgram);
        }
        for code in inline_code(&script.command) {
            signals.extend(js::of_code(code, 2));
        }
        // A command starts programs by its nature; that alone says nothing.
        let hit = |signal| Hit { signal, offset, kind: Kind::Code, live: true };
        hits.extend(signals.into_iter().map(hit));
        if !hits.is_empty() {
            hits.push(hit(Spawn));
        }
    }
    (!hits.is_empty()).then_some((manifest, hits))
}

/// The text between the quotes behind `node -e` and its like.
fn inline_code(command: &str) -> impl Iterator<Item = &str> {
    ["node -e ", "node --eval ", "node -p ", "bun -e "].into_iter().filter_map(|starter| {
        let rest = command.split_once(starter)?.1.trim_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let end = rest.rfind(quote).filter(|&end| end > 0)?;
        Some(&rest[1..end])
    })
}

/// A lifecycle script by its command alone.
fn judge_command(script: &NpmScript, add: &mut dyn FnMut(&'static str, Severity)) {
    const RUNS: Signals = Signals::of(&[PipeToShell, NodeInline]);
    const NETWORK: Signals = Signals::of(&[Downloader, Send, Fetch, DropHost]);
    let signals = of_command(&script.command);
    let runs_decoded = signals.has(Decode) && signals.meets(RUNS);
    if signals.has(Downloader) && signals.has(PipeToShell)
        || runs_decoded
        || signals.meets(RUNS) && signals.has(Eval)
    {
        add("I-10", Severity::Critical);
    } else if signals.meets(PRIVATE) && signals.meets(NETWORK) {
        add("I-50", Severity::Critical);
    } else if signals.has(DropHost)
        || signals.has(Downloader) && signals.meets(Signals::of(&[Identity, EnvironmentWhole]))
    {
        add("R-18", Severity::Critical);
    } else if signals.has(BunBootstrap) {
        add("I-04", Severity::Critical);
    } else if signals.has(Downloader) {
        add("I-53", Severity::High);
    } else if script.name == "preinstall" && !is_stock_guard(&script.command) {
        add("I-02", Severity::Medium);
    } else {
        add("I-01", Severity::Low);
    }
}

/// Guards that insist on one package manager are left in many published manifests.
fn is_stock_guard(command: &str) -> bool {
    command.contains("only-allow") || command.contains("npm_execpath") || command.trim() == ":"
}

/// How a dependency that does not come from the registry weighs.
fn bypasses_registry(spec: &str, kind: &str) -> Option<Severity> {
    let pinned = spec
        .rsplit_once('#')
        .is_some_and(|(_, commit)| commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if spec.starts_with("http://") {
        Some(Severity::Critical)
    } else if kind == "optionalDependencies" && pinned {
        Some(Severity::High)
    } else if ["https://", "git+", "git:", "github:"].iter().any(|start| spec.starts_with(start)) || pinned {
        Some(Severity::Medium)
    } else {
        None
    }
}

struct GypCommand {
    text: String,
    file: usize,
    offset: usize,
}

/// Commands that `binding.gyp` runs while it is read: `<!(…)` and `<!@(…)`.
fn gyp_commands(package: &PackageFiles<'_>) -> Vec<GypCommand> {
    let mut commands = Vec::new();
    for (file, source) in package
        .files
        .iter()
        .enumerate()
        .filter(|(_, file)| file.path.ends_with(".gyp") || file.path.ends_with(".gypi"))
    {
        for offset in memchr::memmem::find_iter(source.bytes, b"<!") {
            let rest = &source.bytes[offset..];
            let Some(open) = rest.iter().take(3).position(|&byte| byte == b'(') else { continue };
            let line = text::line_at(rest, 0);
            let end = memchr::memrchr(b')', line).unwrap_or(line.len());
            if end > open {
                commands.push(GypCommand {
                    text: String::from_utf8_lossy(&line[open + 1..end]).into_owned(),
                    file,
                    offset,
                });
            }
        }
    }
    commands
}

fn inspect_gyp(package: &PackageFiles<'_>, npm: &NpmManifest, report: &mut Report) {
    const NETWORK: Signals = Signals::of(&[Downloader, Send, Fetch, DropHost, PipeToShell, Decode]);
    let compiles = package.files.iter().any(|file| {
        [".c", ".cc", ".cpp", ".cxx", ".m", ".mm"].iter().any(|ending| file.path.ends_with(ending))
    });
    for command in gyp_commands(package) {
        let file = &package.files[command.file];
        if of_command(&command.text).meets(NETWORK) {
            report.add("I-06", file, command.offset, Severity::Critical);
        } else if file.path == "binding.gyp" && !compiles && starts_own_file(package, npm, &command.text) {
            report.add("I-06", file, command.offset, Severity::High);
        }
    }
}

fn starts_own_file(package: &PackageFiles<'_>, npm: &NpmManifest, command: &str) -> bool {
    let mut own = false;
    Tree::of(package, npm).started(command, 0, &mut |_| own = true);
    own
}

/// A package whose files can be found by name.
pub(super) struct Tree<'p, 'f> {
    files: &'p [crate::SourceFile<'f>],
    npm: &'p NpmManifest,
    paths: HashMap<&'f str, usize>,
}

impl<'p, 'f> Tree<'p, 'f> {
    pub(super) fn of(package: &'p PackageFiles<'f>, npm: &'p NpmManifest) -> Self {
        let paths = package.files.iter().enumerate().map(|(index, file)| (file.path, index)).collect();
        Self { files: &package.files, npm, paths }
    }

    /// The file that Node would load for a path, seen from a folder of the package.
    fn resolve(&self, folder: &str, path: &str) -> Option<usize> {
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                name => parts.push(name),
            }
        }
        let base = parts.join("/");
        let candidate =
            |ending: &str| self.paths.get(format!("{base}{ending}").trim_start_matches('/')).copied();
        ["", ".js", ".cjs", ".mjs", ".ts", "/index.js"].iter().find_map(|ending| candidate(ending))
    }

    /// The path of the file that Node would load.
    pub(super) fn path_of(&self, folder: &str, module: &str) -> Option<&'f str> {
        self.resolve(folder, module).map(|file| self.files[file].path)
    }

    /// Tells every file of the package that a command names, following `npm run`.
    fn started(&self, command: &str, depth: usize, found: &mut dyn FnMut(usize)) {
        let words: Vec<&str> = command
            .split(|character: char| {
                character.is_whitespace() || matches!(character, '&' | '|' | ';' | '"' | '\'' | '(' | ')')
            })
            .filter(|word| !word.is_empty())
            .collect();
        for (index, word) in words.iter().enumerate() {
            if let Some(file) = self.resolve("", word) {
                found(file);
            }
            let runs = index > 0 && matches!(words[index - 1], "run" | "yarn" | "pnpm" | "run-s" | "bun");
            if runs && depth < 4 {
                for script in self.npm.scripts.iter().filter(|script| script.name == **word) {
                    self.started(&script.command, depth + 1, found);
                }
            }
        }
    }

    /// The package's own files that a script loads or starts, by the paths in its strings.
    fn loaded(&self, file: usize) -> Vec<usize> {
        let source = &self.files[file];
        if evidence::is_binary(source.bytes) {
            return Vec::new();
        }
        match evidence::language_of(source) {
            Language::Script => {}
            Language::Shell => {
                let mut found = Vec::new();
                self.started(&String::from_utf8_lossy(source.bytes), 0, &mut |next| found.push(next));
                return found;
            }
            _ => return Vec::new(),
        }
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let lexed = lex(Language::Script, source.bytes);
        let mut found = Vec::new();
        for string in lexed.strings() {
            let Ok(text) = std::str::from_utf8(&source.bytes[string.inner.clone()]) else { continue };
            let is_path = text.starts_with("./")
                || text.starts_with("../")
                || has_script_ending(text) && !text.contains(' ');
            if text.len() >= 200 {
                continue;
            }
            if is_path {
                found.extend(self.resolve(folder, text).or_else(|| self.resolve("", text)));
            } else if text.contains(' ') {
                // A command that starts a script of the package.
                self.started(text, 4, &mut |next| {
                    if has_script_ending(self.files[next].path) {
                        found.push(next);
                    }
                });
            }
        }
        found
    }

    /// An executable of the package that a lifecycle command starts directly.
    fn shipped_program(&self, command: &str) -> Option<usize> {
        command.split(['&', '|', ';']).find_map(|part| {
            let file = self.resolve("", part.split_whitespace().next()?)?;
            let bytes = self.files[file].bytes;
            (bytes.starts_with(b"\x7fELF") || bytes.starts_with(b"MZ")).then_some(file)
        })
    }
}

fn has_script_ending(path: &str) -> bool {
    [".js", ".mjs", ".cjs", ".py", ".sh"].iter().any(|ending| path.ends_with(ending))
}
