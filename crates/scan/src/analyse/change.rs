//! What a version does that the one before did not.

use super::evidence::Evidence;
use super::report::{Report, Words};
use super::signal::Signal::{self, *};
use super::signal::{PRIVATE, Signals};
use super::{npm, text};
use crate::traits::Traits;
use crate::{PackageFiles, SourceFile, feed};
use doorward_protocol::{Ecosystem, PackageRef, Severity, Stage};
use std::collections::BTreeSet;

const NETWORK: Signals = Signals::of(&[Signal::Send, Fetch, Downloader, DnsLookup, DropHost, Gist]);
const STAYS: Signals = Signals::of(&[ShellRc, GitHook, Cron, SystemdUser, AuthorizedKeys, Autostart]);

/// What code can do, in the words of a finding.
const CAPABILITIES: [(&str, Signals); 7] = [
    ("reaches the network", NETWORK),
    ("starts programs", Signals::of(&[Spawn, PipeToShell, NodeInline, PythonInline])),
    ("runs text as code", Signals::of(&[Eval, EvalDecoded, EvalFetched, RunsFetched, RunsDecoded])),
    ("names secrets", PRIVATE),
    ("reads the whole environment", Signals::of(&[EnvironmentWhole])),
    ("hides what it holds", Signals::of(&[Decrypt, Xor, Obfuscated, EvalDecoded])),
    ("writes where things start by themselves", STAYS),
];

/// Where the version before is to be had.
pub(crate) struct Before<'a> {
    /// Its traits, where they are at hand.
    pub(crate) known: Option<Traits>,
    /// Looks for it on the disk, which costs as much as reading the package did.
    pub(crate) look: &'a dyn Fn(&PackageRef) -> Option<Traits>,
}

impl Before<'_> {
    /// There is none.
    pub(crate) fn nothing() -> Self {
        Self { known: None, look: &|_| None }
    }

    /// It is only looked for where a package has what would be grave if it were new.
    pub(super) fn traits(self, package: &PackageFiles<'_>, now: &Traits) -> Option<Traits> {
        let at_stake = || {
            !now.hooks.is_empty()
                || GRAVE.iter().any(|words| now.capabilities.contains(*words))
                || now.dependencies.iter().any(|name| !is_imported(package, name))
        };
        let found =
            || (!package.manifest.project && at_stake()).then(|| (self.look)(&package.manifest.package));
        self.known.or_else(|| found().flatten())
    }
}

/// What no repair needs to be newly able to do.
const GRAVE: [&str; 3] = ["names secrets", "hides what it holds", "writes where things start by themselves"];

/// The words of every capability.
pub(crate) fn capabilities() -> impl Iterator<Item = &'static str> {
    CAPABILITIES.iter().map(|(words, _)| *words)
}

/// The traits of this version, by which the next one can be compared.
pub(super) fn traits(package: &PackageFiles<'_>, gathered: &[Option<Evidence<'_>>]) -> Traits {
    let manifest = &package.manifest;
    let mut hooks = BTreeSet::new();
    let mut dependencies = BTreeSet::new();
    if let Some(npm) = &manifest.npm {
        hooks.extend(npm::lifecycle(npm).map(|script| format!("{}: {}", script.name, script.command)));
        hooks.extend(npm.has_gyp.then(|| "binding.gyp".to_owned()));
        let wanted = npm.dependencies.iter().filter(|dependency| dependency.kind != "devDependencies");
        dependencies.extend(wanted.map(|dependency| dependency.name.clone()));
    }
    if let Some(cargo) = &manifest.cargo {
        hooks.extend(cargo.build_script.as_ref().map(|_| "build script".to_owned()));
        hooks.extend(cargo.proc_macro.then(|| "procedural macro".to_owned()));
        dependencies.extend(cargo.dependencies.iter().chain(&cargo.build_dependencies).cloned());
    }
    if let Some(pypi) = &manifest.pypi {
        hooks.extend(pypi.backend_path.iter().map(|_| "build back end of its own".to_owned()));
        dependencies.extend(pypi.requires.iter().cloned());
    }
    let start = package.files.iter().filter(|file| file.path.ends_with(".pth"));
    hooks.extend(start.map(|file| format!("{} at every start of Python", file.path)));
    let acting = || gathered.iter().flatten().filter(|evidence| !evidence.aside);
    let all = acting().fold(Signals::NONE, |all, evidence| all.and(evidence.all()));
    let can = CAPABILITIES.iter().filter(|(_, signals)| all.meets(*signals));
    Traits {
        version: manifest.package.version.clone(),
        hooks,
        dependencies,
        hosts: acting().flat_map(|evidence| hosts(evidence.file)).map(|(host, _)| host).collect(),
        capabilities: can.map(|(words, _)| (*words).to_owned()).collect(),
    }
}

/// Tells what is new since `before`.
pub(super) fn inspect(
    package: &PackageFiles<'_>,
    gathered: &[Option<Evidence<'_>>],
    before: &Traits,
    now: &Traits,
    report: &mut Report,
) {
    let since = &before.version;
    let manifest = package.files.iter().find(|file| file.path == package.manifest.path_of_manifest);
    let Some(manifest) = manifest else { return };
    let sets_up = |evidence: &&Evidence<'_>| matches!(evidence.stage, Stage::Install | Stage::Build);
    let at_set_up = gathered.iter().flatten().filter(sets_up);
    let done_at_set_up = at_set_up.fold(Signals::NONE, |all, evidence| all.and(evidence.all()));
    let risky = NETWORK.and(PRIVATE).and(STAYS).and(Signals::of(&[
        Xor,
        Decode,
        Eval,
        EvalDecoded,
        HomeFolder,
        Obfuscated,
    ]));
    // What a hook is called may change; that there is one at all is what counts.
    let kind = |hook: &str| hook.split(':').next().unwrap_or(hook).to_owned();
    let had: BTreeSet<String> = before.hooks.iter().map(|hook| kind(hook)).collect();
    let mut hooked = false;
    for hook in now.hooks.iter().filter(|hook| !had.contains(&kind(hook))) {
        hooked = true;
        let (rule, word) = match package.manifest.package.ecosystem {
            Ecosystem::Cargo => ("B-05", "build"),
            _ => ("I-01", hook.split(':').next().unwrap_or(hook)),
        };
        let most = if done_at_set_up.meets(risky) { Severity::High } else { Severity::Medium };
        let words = Words {
            title: Some("Newly runs something by itself".into()),
            why: format!("Version {since} had no such thing; this one has: {hook}."),
        };
        report.say(rule, manifest, offset_of(manifest, word), most, words);
    }
    // Who slips a dependency in adds one; who pins what others need adds many.
    const FEW: usize = 3;
    let stranger = |name: &&String| {
        feed::popularity(package.manifest.package.ecosystem, name).is_none() && !is_imported(package, name)
    };
    // Between versions that break with each other lie many changes, and nobody gets from one to the other unasked.
    let near = major(since) == major(&now.version);
    let many = now.dependencies.difference(&before.dependencies).filter(stranger).count() > FEW;
    for name in now.dependencies.difference(&before.dependencies) {
        let known = feed::popularity(package.manifest.package.ecosystem, name).is_some();
        let used = is_imported(package, name);
        let most = match (known, used) {
            (true, true) => continue,
            (false, true) => Severity::Low,
            (false, false) if owns(&package.manifest.package.name, name) => Severity::Low,
            (false, false) if !many && near && !is_kin(name, before, now) => Severity::High,
            (_, false) => Severity::Medium,
        };
        let unused = if used { "" } else { ", and no file of the package uses it" };
        let words = Words {
            title: Some("New dependency".into()),
            why: format!("Version {since} did not depend on {name}{unused}."),
        };
        report.say("I-09", manifest, offset_of(manifest, name), most, words);
    }
    let fresh: Vec<&String> = now.capabilities.difference(&before.capabilities).collect();
    for (words, signals) in CAPABILITIES.iter().filter(|(words, _)| fresh.iter().any(|new| new == words)) {
        let place = gathered.iter().flatten().filter(|evidence| !evidence.aside).find_map(|evidence| {
            let hit = evidence.hits.iter().find(|hit| signals.has(hit.signal))?;
            Some((evidence, hit))
        });
        let Some((evidence, hit)) = place else { continue };
        // Naming a place where things start by themselves is documentation until something is written.
        let acts = if *signals == STAYS { Signals::of(&[AppendFile]) } else { NETWORK };
        let grave = (near || evidence.stage != Stage::Runtime)
            && GRAVE.contains(words)
            && evidence.all().meets(acts)
            && now.capabilities.contains("reaches the network");
        // Build scripts start compilers; that alone is nothing.
        let by_itself = hooked && evidence.stage != Stage::Runtime && *words != "starts programs";
        let most = if by_itself || grave { Severity::High } else { Severity::Medium };
        let title = Some("Newly able to do more".into());
        let why = format!("Nothing in version {since} did this; now the code {words}.");
        report.say("V-01", evidence.file, hit.offset, most, Words { title, why });
    }
    // An address is only worth a word where something can reach it.
    let reaching = |evidence: &&Evidence<'_>| !evidence.aside && evidence.all().meets(NETWORK);
    for evidence in gathered.iter().flatten().filter(reaching) {
        for (host, offset) in hosts(evidence.file).filter(|(host, _)| !before.hosts.contains(host)).take(5) {
            let most = if hooked && matches!(evidence.stage, Stage::Install | Stage::Build) {
                Severity::Medium
            } else {
                Severity::Low
            };
            let title = Some("New address".into());
            let why = format!("Version {since} did not name {host}.");
            report.say("V-02", evidence.file, offset, most, Words { title, why });
        }
    }
}

/// The hosts of the addresses in a file's code, with their places; those on lines of comments are left out.
fn hosts<'a>(file: &'a SourceFile<'_>) -> impl Iterator<Item = (String, usize)> + 'a {
    const MOST: usize = 200;
    memchr::memmem::find_iter(file.bytes, b"://").take(MOST).filter_map(|at| {
        let line = file.bytes[text::line_start(file.bytes, at)..at].trim_ascii_start();
        if [&b"//"[..], b"#", b"*", b"/*"].iter().any(|start| line.starts_with(start)) {
            return None;
        }
        let rest = &file.bytes[at + 3..];
        let is_host = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        let length = rest.iter().take(253).take_while(is_host).count();
        let host = std::str::from_utf8(&rest[..length]).ok()?.to_lowercase();
        let real = host.contains('.') && host.ends_with(|last: char| last.is_ascii_alphanumeric());
        (real && !host.starts_with("example.") && !host.starts_with("127.")).then_some((host, at + 3))
    })
}

/// The first number of a version that is not zero, with the zeros before it: what `^` keeps to.
fn major(version: &str) -> &str {
    let end = version.find(|letter: char| letter.is_ascii_digit() && letter != '0').unwrap_or(0);
    let rest = &version[end..];
    &version[..end + rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len())]
}

/// True where a dependency's scope belongs to whoever publishes the package.
fn owns(package: &str, dependency: &str) -> bool {
    let scope = |name: &str| Some(name.strip_prefix('@')?.split_once('/')?.0.to_owned());
    scope(dependency).is_some_and(|its| scope(package).map_or_else(|| its == package, |own| its == own))
}

/// True where a dependency is called like several others of the package; anybody can choose such a name.
fn is_kin(dependency: &str, before: &Traits, now: &Traits) -> bool {
    let family = |name: &str| name.split_once(['-', '/']).map(|(first, _)| first.to_owned());
    let Some(its) = family(dependency) else { return false };
    let others = before.dependencies.union(&now.dependencies).filter(|name| *name != dependency);
    others.filter(|other| family(other).as_ref() == Some(&its)).count() > 1
}

/// True where any code of the package mentions a dependency as it would be imported.
fn is_imported(package: &PackageFiles<'_>, name: &str) -> bool {
    let (endings, words): (&[&str], Vec<String>) = match package.manifest.package.ecosystem {
        Ecosystem::Npm => (
            &[".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx", ".vue", ".svelte"],
            vec![format!("'{name}"), format!("\"{name}"), format!("`{name}")],
        ),
        // A distribution and its modules may be named apart; only the obvious names can be told.
        Ecosystem::Pypi => (&[".py", ".pyi", ".pyx"], vec![name.replace('-', "_"), name.replace('-', ".")]),
        Ecosystem::Cargo => (&[".rs"], vec![name.replace('-', "_")]),
    };
    let code = package.files.iter().filter(|file| endings.iter().any(|ending| file.path.ends_with(ending)));
    code.into_iter().any(|file| words.iter().any(|word| text::contains(file.bytes, word)))
}

fn offset_of(file: &SourceFile<'_>, word: &str) -> usize {
    memchr::memmem::find(file.bytes, word.as_bytes()).unwrap_or(0)
}
