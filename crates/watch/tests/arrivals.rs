//! Real installs and real file changes, as a user makes them, against a running watcher.

use doorward_protocol::Ecosystem;
use doorward_watch::{Arrival, WatchConfig, Watcher, caches, packages_of};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

struct Scene {
    dir: tempfile::TempDir,
    project: PathBuf,
    watcher: Option<Watcher>,
    told: Option<Receiver<Vec<Arrival>>>,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let project = dir.path().join("home/shop");
        fs::create_dir_all(&project).expect("a project");
        Self { project, dir, watcher: None, told: None }
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn watch(&mut self, caches: bool) {
        let (sender, told) = mpsc::channel();
        let config = WatchConfig { projects: vec![self.project.clone()], home: self.home(), caches };
        let watcher = Watcher::start(config, move |arrivals| {
            let _ = sender.send(arrivals);
        });
        self.watcher = Some(watcher.expect("a watcher"));
        self.told = Some(told);
    }

    /// Collects until all of these were told, or half a minute has passed.
    fn until(&self, wanted: &[Arrival]) -> Vec<Arrival> {
        let told = self.told.as_ref().expect("watching");
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut all = Vec::new();
        while !wanted.iter().all(|wanted| all.contains(wanted)) {
            match told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(arrivals) => all.extend(arrivals),
                Err(_) => panic!("told only {all:#?}\nwanted {wanted:#?}"),
            }
        }
        all
    }

    /// Whatever is told within this time.
    fn within(&self, time: Duration) -> Vec<Arrival> {
        let told = self.told.as_ref().expect("watching");
        let deadline = Instant::now() + time;
        let mut all = Vec::new();
        while let Ok(arrivals) = told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            all.extend(arrivals);
        }
        all
    }

    fn package(&self, path: &str, ecosystem: Ecosystem) -> Arrival {
        Arrival::Package { path: self.project.join(path), project: Some(self.project.clone()), ecosystem }
    }

    fn lockfile(&self, path: &str) -> Arrival {
        Arrival::Lockfile { path: self.project.join(path), project: self.project.clone() }
    }

    fn instruction(&self, path: &str) -> Arrival {
        Arrival::ProjectFile { path: self.project.join(path), project: self.project.clone() }
    }

    fn run(&self, program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(&self.project)
            .env("HOME", self.home())
            .env("PIP_NO_INDEX", "1")
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// A package folder turned into a tarball by npm itself.
    fn npm_tarball(&self, name: &str, version: &str) -> String {
        let source = self.dir.path().join(format!("{}-{version}", name.replace('/', "-")));
        write(&source.join("package.json"), &format!("{{\"name\":\"{name}\",\"version\":\"{version}\"}}"));
        write(&source.join("index.js"), "module.exports = 1;\n");
        let output = Command::new("npm")
            .args(["pack", "--silent"])
            .current_dir(&source)
            .env("HOME", self.home())
            .output()
            .expect("npm");
        let file = String::from_utf8(output.stdout).expect("a name");
        source.join(file.trim()).display().to_string()
    }
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
    fs::write(path, text).expect("a file");
}

#[test]
fn a_real_npm_install_and_an_update_in_place_are_told() {
    let mut scene = Scene::new();
    write(&scene.project.join("package.json"), "{\"name\":\"shop\",\"version\":\"1.0.0\"}");
    let (one, scoped) = (scene.npm_tarball("left", "1.0.0"), scene.npm_tarball("@team/part", "2.0.0"));
    scene.watch(false);
    const INSTALL: &[&str] = &["install", "--offline", "--no-audit", "--no-fund"];
    scene.run("npm", &[INSTALL, &[&one, &scoped]].concat());
    let told = scene.until(&[
        scene.package("node_modules/left", Ecosystem::Npm),
        scene.package("node_modules/@team/part", Ecosystem::Npm),
        scene.lockfile("package-lock.json"),
    ]);
    let hidden = |path: &Path| {
        let inside = path.strip_prefix(&scene.project).expect("in the project");
        inside.components().any(|part| part.as_os_str().to_string_lossy().starts_with('.'))
    };
    let unfinished = |arrival: &&Arrival| matches!(arrival, Arrival::Package { path, .. } if hidden(path));
    assert_eq!(told.iter().find(unfinished), None, "what npm is not done with is no package");
    scene.within(Duration::from_secs(3));

    let newer = scene.npm_tarball("left", "1.0.1");
    scene.run("npm", &[INSTALL, &[&newer]].concat());
    let told = scene.until(&[scene.package("node_modules/left", Ecosystem::Npm)]);
    assert!(!told.contains(&scene.package("node_modules/@team/part", Ecosystem::Npm)), "{told:?}");
    assert_eq!(
        packages_of(&scene.project),
        ["node_modules/@team/part", "node_modules/left"].map(|path| scene.project.join(path))
    );
}

#[test]
fn a_real_pip_install_into_a_new_venv_is_told() {
    let mut scene = Scene::new();
    scene.watch(false);
    scene.run("python3", &["-m", "venv", ".venv"]);
    let wheel = scene.dir.path().join("odd_thing-1.0-py3-none-any.whl");
    let make = format!(
        "import zipfile\nz = zipfile.ZipFile({:?}, 'w')\nd = 'odd_thing-1.0.dist-info/'\n\
         z.writestr('odd_thing.py', 'x = 1\\n')\n\
         z.writestr(d + 'METADATA', 'Metadata-Version: 2.1\\nName: odd-thing\\nVersion: 1.0\\n')\n\
         z.writestr(d + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
         z.writestr(d + 'RECORD', '')\nz.close()\n",
        wheel.display().to_string()
    );
    scene.run("python3", &["-c", &make]);
    let pip = scene.project.join(".venv/bin/pip");
    scene.run(pip, &["install", "--quiet", &wheel.display().to_string()]);
    let lib = fs::read_dir(scene.project.join(".venv/lib")).expect("lib");
    let version =
        lib.map(|entry| entry.expect("an entry").path()).find(|path| path.is_dir()).expect("a version");
    let info = version.join("site-packages/odd_thing-1.0.dist-info");
    scene.until(&[Arrival::Package {
        path: info.clone(),
        project: Some(scene.project.clone()),
        ecosystem: Ecosystem::Pypi,
    }]);
    assert!(packages_of(&scene.project).contains(&info));
}

#[test]
fn lockfiles_and_instruction_files_are_told_and_other_files_are_not() {
    let mut scene = Scene::new();
    write(&scene.project.join("CLAUDE.md"), "old");
    write(&scene.project.join(".vscode/settings.json"), "{}");
    write(&scene.project.join("part/Cargo.lock"), "");
    scene.watch(false);
    assert_eq!(scene.within(Duration::from_millis(600)), []);
    write(&scene.project.join("notes.txt"), "nothing to tell");
    write(&scene.project.join("CLAUDE.md"), "new, other length");
    write(&scene.project.join(".cursorrules"), "new");
    write(&scene.project.join(".vscode/tasks.json"), "{}");
    write(&scene.project.join("part/Cargo.lock"), "version = 4");
    let wanted = [
        scene.instruction("CLAUDE.md"),
        scene.instruction(".cursorrules"),
        scene.instruction(".vscode/tasks.json"),
        scene.lockfile("part/Cargo.lock"),
    ];
    let mut told = scene.until(&wanted);
    told.extend(scene.within(Duration::from_secs(1)));
    assert_eq!(told.len(), wanted.len(), "each once: {told:?}");

    // A folder that did not exist when watching began.
    write(&scene.project.join(".claude/commands/go.md"), "do");
    scene.until(&[scene.instruction(".claude/commands/go.md")]);
}

#[test]
fn pnpm_trees_and_vendored_crates_are_told_where_their_files_are() {
    let mut scene = Scene::new();
    fs::create_dir_all(scene.project.join("node_modules/.pnpm")).expect("folders");
    scene.watch(false);
    let real = "node_modules/.pnpm/left@1.0.0/node_modules/left";
    write(&scene.project.join(real).join("package.json"), "{}");
    symlink(scene.project.join(real), scene.project.join("node_modules/left")).expect("a link");
    write(&scene.project.join("vendor/odd/.cargo-checksum.json"), "{}");
    scene.until(&[scene.package(real, Ecosystem::Npm), scene.package("vendor/odd", Ecosystem::Cargo)]);
    assert_eq!(packages_of(&scene.project), [real, "vendor/odd"].map(|path| scene.project.join(path)));
}

#[test]
fn caches_tell_of_what_lands_in_them() {
    let mut scene = Scene::new();
    let home = scene.home();
    for folder in [
        ".cargo/registry/src/index-1",
        ".cargo/registry/cache/index-1",
        ".npm/_cacache/tmp",
        ".cache/uv/archive-v0",
        ".cache/pip/wheels",
        ".yarn/berry/cache",
    ] {
        fs::create_dir_all(home.join(folder)).expect("folders");
    }
    assert_eq!(caches(&home).len(), 5);
    scene.watch(true);
    write(&home.join(".cargo/registry/cache/index-1/odd-1.0.0.crate"), "x");
    write(&home.join(".cargo/registry/src/index-1/odd-1.0.0/src/lib.rs"), "");
    write(&home.join(".npm/_cacache/content-v2/sha512/ab/cd/0123"), "\u{1f}");
    fs::write(home.join(".npm/_cacache/content-v2/sha512/ab/cd/4567"), [0x1f, 0x8b, 8]).expect("a file");
    write(&home.join(".cache/uv/archive-v0/Xyz/odd-1.dist-info/RECORD"), "");
    write(&home.join(".cache/pip/wheels/a/b/c/d/odd-1-py3-none-any.whl"), "x");
    write(&home.join(".yarn/berry/cache/odd-npm-1.zip"), "x");
    // The crate is only complete later.
    std::thread::sleep(Duration::from_millis(700));
    write(&home.join(".cargo/registry/src/index-1/odd-1.0.0/.cargo-ok"), "{}");
    let cached = |path: &str, ecosystem| Arrival::Package { path: home.join(path), project: None, ecosystem };
    let wanted = [
        cached(".cargo/registry/cache/index-1/odd-1.0.0.crate", Ecosystem::Cargo),
        cached(".cargo/registry/src/index-1/odd-1.0.0", Ecosystem::Cargo),
        cached(".npm/_cacache/content-v2/sha512/ab/cd/4567", Ecosystem::Npm),
        cached(".cache/uv/archive-v0/Xyz/odd-1.dist-info", Ecosystem::Pypi),
        cached(".cache/pip/wheels/a/b/c/d/odd-1-py3-none-any.whl", Ecosystem::Pypi),
        cached(".yarn/berry/cache/odd-npm-1.zip", Ecosystem::Npm),
    ];
    let told: BTreeSet<String> = scene.until(&wanted).iter().map(|arrival| format!("{arrival:?}")).collect();
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
}

#[test]
fn a_project_that_goes_is_told_once_and_noticed_when_it_returns() {
    let mut scene = Scene::new();
    write(&scene.project.join("Cargo.lock"), "");
    scene.watch(false);
    let away = scene.dir.path().join("away");
    fs::rename(&scene.project, &away).expect("moved");
    let gone = Arrival::ProjectGone { project: scene.project.clone() };
    let told = scene.until(std::slice::from_ref(&gone));
    assert_eq!(told, [gone]);
    fs::rename(&away, &scene.project).expect("moved back");
    scene.within(Duration::from_secs(1));
    write(&scene.project.join("Cargo.lock"), "version = 4");
    scene.until(&[scene.lockfile("Cargo.lock")]);
}

#[test]
fn projects_can_be_added_and_dropped_while_watching() {
    let mut scene = Scene::new();
    scene.watch(false);
    let other = scene.home().join("other");
    fs::create_dir(&other).expect("a project");
    scene.watcher.as_mut().expect("watching").set_projects(vec![other.clone()]);
    write(&scene.project.join("Cargo.lock"), "dropped");
    write(&other.join("Cargo.lock"), "added");
    let told = scene.until(&[Arrival::Lockfile { path: other.join("Cargo.lock"), project: other.clone() }]);
    assert_eq!(told.len(), 1, "{told:?}");
    scene.watcher = None;
    write(&other.join("uv.lock"), "nobody listens");
    assert_eq!(scene.within(Duration::from_secs(1)), []);
}

/// As root every folder can be read, so this one runs as somebody else, in a process of its own.
#[test]
fn an_unreadable_folder_is_named_with_a_hint() {
    const CHILD: &str = "DOORWARD_WATCH_TEST_DIR";
    if let Some(dir) = std::env::var_os(CHILD) {
        let project = PathBuf::from(dir);
        let (sender, told) = mpsc::channel();
        let config = WatchConfig { projects: vec![project.clone()], home: project.clone(), caches: false };
        let _watcher = Watcher::start(config, move |arrivals| sender.send(arrivals).expect("heard"));
        let told = told.recv_timeout(Duration::from_secs(10)).expect("told");
        let about = |arrival: &Arrival| {
            matches!(arrival, Arrival::Trouble { message, hint }
                if message.contains("node_modules") && !hint.is_empty())
        };
        assert!(told.iter().any(about), "{told:?}");
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
    let binary = dir.path().join("child");
    fs::copy(std::env::current_exe().expect("this binary"), &binary).expect("a copy that others can run");
    fs::create_dir(dir.path().join("node_modules")).expect("a folder");
    fs::set_permissions(dir.path().join("node_modules"), fs::Permissions::from_mode(0o000)).expect("a mode");
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&binary)
        .args(["--exact", "an_unreadable_folder_is_named_with_a_hint"])
        .env(CHILD, dir.path())
        .current_dir(dir.path())
        .output()
        .expect("setpriv");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_package_that_grows_after_it_was_told_is_told_again() {
    let mut scene = Scene::new();
    scene.watch(false);
    let package = scene.project.join("node_modules/slow");
    write(&package.join("lib/first.js"), "");
    write(&package.join("package.json"), "{\"name\":\"slow\",\"version\":\"1.0.0\"}");
    let arrival = scene.package("node_modules/slow", Ecosystem::Npm);
    scene.until(std::slice::from_ref(&arrival));
    // Deep below, where no folder is watched, as a slow download does.
    write(&package.join("lib/late.js"), "");
    scene.until(&[arrival]);
}
