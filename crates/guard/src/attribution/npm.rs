//! npm, pnpm, Yarn and Bun: they name the package in the environment of the shell they start in the
//! package's own folder.

use super::Found;
use crate::identity::Process;
use doorward_protocol::{Attribution, Ecosystem, PackageRef, Stage};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// Scripts that run because something is installed, not because the user asked for them.
const INSTALL_EVENTS: &[&str] = &[
    "preinstall",
    "install",
    "postinstall",
    "prepare",
    "preprepare",
    "postprepare",
    "prepublish",
    "dependencies",
    "preuninstall",
    "uninstall",
    "postuninstall",
];
/// Subcommands that only run what the user named.
const RUN_COMMANDS: &[&str] = &[
    "run",
    "run-script",
    "start",
    "test",
    "t",
    "stop",
    "restart",
    "exec",
    "x",
    "dlx",
    "rum",
    "urn",
    "publish",
];

pub(super) fn started(manager: &Process, child: &Process) -> Option<Found> {
    let cwd = child.cwd.as_deref();
    let event = child.env("npm_lifecycle_event").filter(|event| !event.is_empty());
    let named = child.env("npm_package_name").filter(|name| is_package_name(name));
    let folder = child.env("npm_package_json").map(Path::new).and_then(Path::parent);
    let (Some(event), Some(name)) = (event, named) else {
        return cwd.and_then(at_place).map(Found::Dependency);
    };
    let version = child.env("npm_package_version").unwrap_or("").to_owned();
    // A script can lie in its own environment (`npm_package_name=lodash exec node steal.js`), so the
    // folder decides and the environment only adds what agrees with it.
    if let Some(place) = [cwd, folder].into_iter().flatten().find_map(Place::of) {
        let version = if place.name == name { version } else { String::new() };
        return Some(Found::Dependency(place.attribution(event, version)));
    }
    INSTALL_EVENTS.contains(&event).then(|| {
        Found::OwnProject(Attribution {
            package: PackageRef { ecosystem: Ecosystem::Npm, name: name.to_owned(), version },
            stage: Stage::Install,
            script: event.to_owned(),
            path: folder.or(cwd).map(Path::to_owned),
            project: manager.cwd.clone(),
        })
    })
}

/// A script that was gone before its environment could be read has left it to those below it, who may add what agrees.
pub(super) fn with_version(mut found: Attribution, below: &[&Process]) -> Attribution {
    let package = &mut found.package;
    if package.ecosystem == Ecosystem::Npm && package.version.is_empty() {
        let agrees = |process: &&&Process| process.env("npm_package_name") == Some(package.name.as_str());
        let versions =
            below.iter().rev().filter(agrees).filter_map(|process| process.env("npm_package_version"));
        package.version =
            versions.filter(|version| is_version(version)).map(str::to_owned).next().unwrap_or_default();
    }
    found
}

/// What a folder below `node_modules` says by itself.
pub(super) fn at_place(cwd: &Path) -> Option<Attribution> {
    Place::of(cwd).map(|place| place.attribution("", String::new()))
}

/// The package whose script an interpreter runs, as `npx` and people start them; `above` are its parents.
pub(super) fn running(process: &Process, above: &[&Process]) -> Option<Attribution> {
    let place = Place::of(process.script.as_deref()?)?;
    let words = above.iter().flat_map(|parent| &parent.cmdline).flat_map(|word| word.split(' '));
    let version = words.filter_map(|word| requested_version(word, &place.name)).next().unwrap_or_default();
    let mut found = place.attribution("", version);
    found.stage = Stage::Runtime;
    Some(found)
}

/// The script an interpreter was started with.
pub(super) fn script(process: &Process) -> Option<PathBuf> {
    let interpreter = process.exe.file_name()?.to_str()?;
    if !["node", "nodejs", "bun", "deno"].contains(&interpreter) {
        return None;
    }
    let mut words = process.cmdline.iter().skip(1);
    let word = words.find(|word| !word.starts_with('-') && *word != "run")?;
    let evaluated =
        process.cmdline.iter().any(|word| ["-e", "-p", "--eval", "--print"].contains(&word.as_str()));
    (!evaluated).then(|| process.cwd.as_deref().unwrap_or(Path::new("/")).join(word))
}

/// What an entry of pnpm's store holds: `@s+evil@1.2.3_peer@2` → `@s/evil`, `1.2.3`.
pub(super) fn stored(entry: &str) -> Option<(String, String)> {
    let at = entry.get(1..)?.find('@')? + 1;
    let name = entry[..at].replacen('+', "/", usize::from(entry.starts_with('@')));
    is_package_name(&name).then(|| (name, after_at(entry)))
}

/// What an archive in Yarn's cache holds: `@s-evil-npm-1.2.3-0a1b2c3d4e-8f.zip` → `@s/evil`, `1.2.3`.
pub(super) fn zipped(entry: &str) -> Option<(String, String)> {
    let (name, rest) = entry.strip_suffix(".zip")?.split_once("-npm-")?;
    let name = name.replacen('-', "/", usize::from(name.starts_with('@')));
    is_package_name(&name).then(|| (name, rest.split('-').next().unwrap_or("").to_owned()))
}

/// `cowsay@1.5.0` or `./cowsay-1.5.0.tgz`, where that is the package.
fn requested_version(word: &str, name: &str) -> Option<String> {
    let file = word.rsplit('/').next()?.strip_suffix(".tgz");
    let version = match word.strip_prefix(name).and_then(|rest| rest.strip_prefix('@')) {
        Some(version) => version,
        None => file?.strip_prefix(name.rsplit('/').next()?)?.strip_prefix('-')?,
    };
    is_version(version).then(|| version.to_owned())
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.')
}

pub(super) fn is_installing(manager: &Process, child: &Process) -> bool {
    if started(manager, child).is_some() {
        return true;
    }
    let mut words = manager.cmdline.iter().flat_map(|word| word.split(' ')).skip(1);
    // `node npm-cli.js install`: the script is not the subcommand.
    let command = words.find(|word| !word.starts_with('-') && !word.contains('/') && !word.is_empty());
    // A title (`npx cowsay`) or the script (`node /usr/bin/npx cowsay`).
    let named = manager.cmdline.iter().take(2).map(String::as_str);
    let is_npx =
        |word: &str| Path::new(word).file_name().is_some_and(|name| name.as_bytes().starts_with(b"npx"));
    let title = manager.cmdline.first().map(String::as_str).unwrap_or("");
    !named.into_iter().any(is_npx)
        && !title.starts_with("npm exec")
        && command.is_none_or(|command| !RUN_COMMANDS.contains(&command))
        && child.env("npm_lifecycle_event").is_none_or(|event| INSTALL_EVENTS.contains(&event))
}

/// The innermost package folder on a path.
struct Place {
    name: String,
    version: String,
    folder: PathBuf,
    project: PathBuf,
}

impl Place {
    /// Reads `…/node_modules/NAME/…`, with the version where pnpm, Bun or Yarn put it into a folder name.
    fn of(path: &Path) -> Option<Self> {
        let names: Vec<&str> = path
            .components()
            .filter_map(|component| match component {
                Component::Normal(name) => Some(name.to_str().unwrap_or("\u{fffd}")),
                _ => None,
            })
            .collect();
        let modules = names.iter().rposition(|name| *name == "node_modules")?;
        let first = *names.get(modules + 1)?;
        let scoped = first.starts_with('@');
        let name = if scoped { format!("{first}/{}", names.get(modules + 2)?) } else { first.to_owned() };
        if !is_package_name(&name) {
            return None;
        }
        let end = modules + if scoped { 3 } else { 2 };
        let outermost = names.iter().position(|name| [".yarn", "node_modules"].contains(name))?;
        let version =
            match (modules.checked_sub(2).map(|at| names[at]), modules.checked_sub(1).map(|at| names[at])) {
                (Some("node_modules"), Some(_)) | (None, _) | (_, None) => String::new(),
                (Some(".pnpm" | ".bun"), Some(store)) => after_at(store),
                (Some("unplugged"), Some(store)) => after_npm(store),
                _ => String::new(),
            };
        let join =
            |count: usize| names[..count].iter().fold(PathBuf::from("/"), |path, name| path.join(name));
        Some(Self { name, version, folder: join(end), project: join(outermost) })
    }

    fn attribution(self, event: &str, version: String) -> Attribution {
        let version = if version.is_empty() { self.version } else { version };
        Attribution {
            package: PackageRef { ecosystem: Ecosystem::Npm, name: self.name, version },
            stage: if event.is_empty() || INSTALL_EVENTS.contains(&event) {
                Stage::Install
            } else {
                Stage::Runtime
            },
            script: event.to_owned(),
            path: Some(self.folder),
            project: Some(self.project),
        }
    }
}

/// `evil@1.2.3` or `@scope+evil@1.2.3_peer@2` → `1.2.3`.
fn after_at(store: &str) -> String {
    let rest = store.get(1..).and_then(|rest| rest.split_once('@')).map_or("", |(_, rest)| rest);
    let version = rest.split(['_', '(', '+']).next().unwrap_or("");
    // A link to a folder or archive stands there as `file+…`.
    if is_version(version) { version.to_owned() } else { String::new() }
}

/// `evil-npm-1.2.3-0a1b2c3d4e` → `1.2.3`.
fn after_npm(store: &str) -> String {
    let rest = store.rsplit_once("-npm-").map_or("", |(_, rest)| rest);
    rest.rsplit_once('-').map_or(rest, |(version, _)| version).to_owned()
}

fn is_package_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(|b| b.is_ascii_graphic() && b != b'/')
    };
    name.len() <= 214
        && match name.strip_prefix('@') {
            Some(scoped) => scoped.split_once('/').is_some_and(|(scope, rest)| part(scope) && part(rest)),
            None => part(name),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> Option<(String, String)> {
        Place::of(Path::new(path)).map(|place| (place.name, place.version))
    }

    fn some(name: &str, version: &str) -> Option<(String, String)> {
        Some((name.into(), version.into()))
    }

    #[test]
    fn folders_name_their_package() {
        assert_eq!(place("/p/node_modules/evil"), some("evil", ""));
        assert_eq!(place("/p/node_modules/a/node_modules/@s/evil/lib"), some("@s/evil", ""));
        assert_eq!(place("/p/node_modules/.pnpm/evil@1.2.3/node_modules/evil"), some("evil", "1.2.3"));
        assert_eq!(
            place("/p/node_modules/.pnpm/@s+evil@1.2.3_react@18.0.0/node_modules/@s/evil"),
            some("@s/evil", "1.2.3")
        );
        assert_eq!(
            place("/p/.yarn/unplugged/evil-npm-1.2.3-0a1b2c/node_modules/evil"),
            some("evil", "1.2.3")
        );
        assert_eq!(place("/p/node_modules/.bin"), None);
        assert_eq!(place("/p/node_modules"), None);
        assert_eq!(place("/p/src"), None);
    }

    fn child(cwd: &str, environ: &[(&str, &str)]) -> Process {
        let environ = environ.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Process { cwd: Some(cwd.into()), environ, ..Process::default() }
    }

    #[test]
    fn a_script_cannot_blame_another_package() {
        let lie = child(
            "/p/node_modules/evil",
            &[
                ("npm_package_name", "lodash"),
                ("npm_package_version", "4.17.21"),
                ("npm_lifecycle_event", "postinstall"),
                ("npm_package_json", "/p/node_modules/evil/package.json"),
            ],
        );
        let Some(Found::Dependency(found)) = started(&Process::default(), &lie) else { panic!("not found") };
        assert_eq!((found.package.name.as_str(), found.package.version.as_str()), ("evil", ""));
        assert_eq!(found.path, Some("/p/node_modules/evil".into()));
        let lie = child(
            "/p/node_modules/evil",
            &[
                ("npm_package_name", "lodash"),
                ("npm_lifecycle_event", "postinstall"),
                ("npm_package_json", "/p/node_modules/lodash/package.json"),
            ],
        );
        let Some(Found::Dependency(found)) = started(&Process::default(), &lie) else { panic!("not found") };
        assert_eq!(found.package.name, "evil");
    }

    #[test]
    fn a_script_that_was_too_quick_has_its_version_told_by_those_below() {
        let version = |name: &str, environ: &[(&str, &str)]| {
            let Some(Found::Dependency(found)) = started(&Process::default(), &child(name, &[])) else {
                panic!("not found")
            };
            with_version(found, &[&child("/", environ)]).package.version
        };
        let told = [("npm_package_name", "evil"), ("npm_package_version", "1.2.3")];
        assert_eq!(version("/p/node_modules/evil", &told), "1.2.3");
        assert_eq!(version("/p/node_modules/other", &told), "");
        assert_eq!(version("/p/node_modules/.pnpm/evil@1.0.0/node_modules/evil", &told), "1.0.0");
        assert_eq!(version("/p/node_modules/evil", &[]), "");
    }

    #[test]
    fn a_run_script_of_the_users_own_project_is_nobodys() {
        let run = child(
            "/p",
            &[
                ("npm_package_name", "app"),
                ("npm_lifecycle_event", "deploy"),
                ("npm_package_json", "/p/package.json"),
            ],
        );
        assert!(started(&Process::default(), &run).is_none());
        let manager = Process { cmdline: vec!["npm run deploy".into()], ..Process::default() };
        assert!(!is_installing(&manager, &run));
        let manager = Process { cmdline: vec!["npm install".into()], ..Process::default() };
        assert!(is_installing(&manager, &child("/tmp/x", &[])));
        for npx in [vec!["npx cowsay".into()], vec!["node".into(), "/usr/bin/npx".into(), "cowsay".into()]] {
            let manager = Process { cmdline: npx, ..Process::default() };
            assert!(!is_installing(&manager, &child("/tmp/x", &[])));
        }
    }
}
