//! npm, pnpm, Yarn, Bun, npx and node-gyp.

use super::{SECRET, denied, guarded, named, text};
use doorward_protocol::{Ecosystem, Stage};
use doorward_tests::fixtures::{NAME, VERSION};
use doorward_tests::{Sandbox, need, sandboxed};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const NPM: &[&str] = &["--offline", "--no-audit", "--no-fund", "--no-update-notifier"];

#[test]
fn npm_10() {
    sandboxed("guard", "attribution::javascript::npm_10", |sandbox| npm(sandbox, "npm-10", &[]));
}

#[test]
fn npm_11() {
    sandboxed("guard", "attribution::javascript::npm_11", |sandbox| npm(sandbox, "npm-11", &[]));
}

#[test]
fn npm_12() {
    sandboxed("guard", "attribution::javascript::npm_12", |sandbox| {
        npm(sandbox, "npm-12", &["--dangerously-allow-all-scripts"]);
    });
}

#[test]
fn pnpm() {
    sandboxed("guard", "attribution::javascript::pnpm", |sandbox| {
        let pnpm = sandbox.tools().join("pnpm/node_modules/.bin/pnpm");
        let mut add = sandbox.command(pnpm);
        add.args(["add", "--offline", "--dangerously-allow-all-builds"]);
        installs(sandbox, &mut add, "{}", "");
    });
}

#[test]
fn yarn_classic() {
    sandboxed("guard", "attribution::javascript::yarn_classic", |sandbox| {
        let mut add = node(sandbox, "yarn/node_modules/yarn/bin/yarn.js");
        installs(sandbox, add.args(["add", "--offline", "--non-interactive"]), "{}", "");
    });
}

#[test]
fn yarn_berry_with_plug_and_play() {
    sandboxed("guard", "attribution::javascript::yarn_berry_with_plug_and_play", |sandbox| {
        berry(sandbox, "pnp");
    });
}

#[test]
fn yarn_berry_with_node_modules() {
    sandboxed("guard", "attribution::javascript::yarn_berry_with_node_modules", |sandbox| {
        berry(sandbox, "node-modules");
    });
}

#[test]
fn bun() {
    sandboxed("guard", "attribution::javascript::bun", |sandbox| {
        let mut add = sandbox.command(sandbox.tools().join("bun/node_modules/.bin/bun"));
        let trusted = format!("{{\"trustedDependencies\":[{NAME:?}]}}");
        installs(sandbox, add.arg("add"), &trusted, "");
    });
}

#[test]
fn npx_installs_and_runs() {
    sandboxed("guard", "attribution::javascript::npx_installs_and_runs", |sandbox| {
        need("npx");
        let tarball = package(sandbox, "node steal.js");
        let daemon = guarded(sandbox);
        let mut npx = sandbox.command("npx");
        npx.args(["--yes", "--offline", "-p", text(&tarball), "evil-bin"])
            .env("npm_config_allow_scripts", NAME);
        sandbox.ok(npx.current_dir(sandbox.folder("shop")));
        named(&daemon, sandbox, Ecosystem::Npm, Stage::Runtime);
    });
}

#[test]
fn node_gyp_runs_an_action_of_the_package() {
    sandboxed("guard", "attribution::javascript::node_gyp_runs_an_action_of_the_package", |sandbox| {
        need("npm");
        let tarball = gyp_package(sandbox);
        let daemon = guarded(sandbox);
        let shop = sandbox.folder("shop");
        sandbox.write("shop/package.json", "{}");
        let node = fs::canonicalize("/usr/bin/node").expect("node");
        let prefix = node.ancestors().nth(2).expect("a prefix");
        let mut install = sandbox.command("npm");
        install.arg("install").args(NPM).arg("--foreground-scripts").arg(&tarball);
        // The headers that node itself came with: nothing is fetched.
        sandbox.run(install.env("npm_config_nodedir", prefix).current_dir(shop));
        let event = named(&daemon, sandbox, Ecosystem::Npm, Stage::Install);
        assert!(
            event.reader.ancestry.iter().any(|parent| parent.cmdline.iter().any(|word| word.contains("gyp")))
        );
    });
}

#[test]
fn nothing_shakes_a_packages_script_off() {
    sandboxed("guard", "attribution::javascript::nothing_shakes_a_packages_script_off", |sandbox| {
        need("npm");
        let daemon = guarded(sandbox);
        let read = format!("cat \"$HOME/{SECRET}\"");
        for (way, script) in [
            ("an empty environment", format!("env -i HOME=\"$HOME\" {read}")),
            ("a session of its own", format!("setsid -w {read}")),
            ("two forks", format!("(sh -c 'cd /; sleep 0.3; {read}' &) & sleep 0.6")),
            ("nohup", format!("nohup sh -c 'cd /; {read}'")),
            ("another folder", format!("cd / && {read}")),
            ("another's name", format!("npm_package_name=lodash npm_package_version=4.17.21 {read}")),
            (
                "another's folder",
                format!("mkdir -p ../lodash; cd ../lodash; npm_package_json=$PWD/package.json {read}"),
            ),
        ] {
            let seen = daemon.events().last().map_or(0, |event| event.id);
            let tarball = package(sandbox, &format!("{script} || true").replace('"', "\\\""));
            let shop = sandbox.folder(way.replace(' ', "-"));
            sandbox.write(&format!("{}/package.json", way.replace(' ', "-")), "{}");
            let mut install = sandbox.command("npm");
            install.arg("install").args(NPM).arg("--foreground-scripts").arg(&tarball);
            sandbox.ok(install.current_dir(&shop));
            let event =
                denied(&daemon, sandbox, |event| event.id > seen && event.reader.exe.ends_with("cat"));
            let package = event.package.as_ref().map(|found| found.package.to_string());
            assert_eq!(package, Some(format!("{NAME} {VERSION}")), "{way}: {event:?}");
        }
    });
}

#[test]
fn a_program_that_calls_itself_npm_does_not_get_its_token() {
    let name = "attribution::javascript::a_program_that_calls_itself_npm_does_not_get_its_token";
    sandboxed("guard", name, |sandbox| {
        need("npm");
        let daemon = guarded(sandbox);
        let code = "process.title = 'npm'; require('fs').readFileSync(process.env.HOME + '/.npmrc')";
        let script = sandbox.write("title.js", code);
        let run = sandbox.run(sandbox.command("node").arg(&script));
        assert!(run.stderr.contains("EPERM"), "{run}");
        let run = sandbox.run(sandbox.command("bash").args(["-c", "exec -a npm node title.js"]));
        assert!(run.stderr.contains("EPERM"), "{run}");
        assert!(sandbox.ok(sandbox.command("npm").args(["config", "get", "registry"])).contains("127.0.0.1"));
        drop(daemon);
    });
}

fn npm(sandbox: &Sandbox, version: &str, more: &[&str]) {
    let mut install = node(sandbox, &format!("{version}/node_modules/npm/bin/npm-cli.js"));
    installs(sandbox, install.arg("install").args(NPM).args(more), "{}", "");
}

fn berry(sandbox: &Sandbox, linker: &str) {
    let settings = format!("enableScripts: true\nenableTelemetry: false\nnodeLinker: {linker}\n");
    sandbox.write("shop/.yarnrc.yml", &settings);
    let mut add = node(sandbox, "berry/node_modules/@yarnpkg/cli-dist/bin/yarn.js");
    installs(sandbox, add.arg("add"), "{\"name\":\"shop\"}", &format!("{NAME}@"));
}

fn node(sandbox: &Sandbox, script: &str) -> Command {
    let mut command = sandbox.command("node");
    command.arg(sandbox.tools().join(script));
    command
}

/// Installs the package into a project, asked for with a prefix; its postinstall script is named.
fn installs(sandbox: &Sandbox, command: &mut Command, manifest: &str, prefix: &str) {
    let tarball = package(sandbox, "node steal.js");
    let daemon = guarded(sandbox);
    // The tests' tools are not where the catalog looks for them, so the token would be closed to them.
    fs::remove_file(sandbox.home().join(".npmrc")).expect("remove");
    let shop = sandbox.folder("shop");
    sandbox.write("shop/package.json", manifest);
    sandbox.ok(command.arg(format!("{prefix}file:{}", tarball.display())).current_dir(shop));
    named(&daemon, sandbox, Ecosystem::Npm, Stage::Install);
}

/// A tarball of a package that reads the secret when it is installed and when it is run.
fn package(sandbox: &Sandbox, script: &str) -> PathBuf {
    let folder = sandbox.root().join("npm/package");
    let manifest = format!(
        "{{\"name\":{NAME:?},\"version\":{VERSION:?},\"bin\":{{\"evil-bin\":\"steal.js\"}},\"scripts\":{{\"postinstall\":\"{script}\"}}}}"
    );
    let steal = format!(
        "#!/usr/bin/env node\ntry {{ require('fs').readFileSync(process.env.HOME + '/{SECRET}') }} catch {{}}\n"
    );
    pack(&folder, &[("package.json", &manifest), ("steal.js", &steal)])
}

fn gyp_package(sandbox: &Sandbox) -> PathBuf {
    let folder = sandbox.root().join("npm/package");
    let manifest = format!("{{\"name\":{NAME:?},\"version\":{VERSION:?}}}");
    let gyp = format!(
        "{{'targets': [{{'target_name': 'evil', 'type': 'none', 'actions': [{{'action_name': 'steal', 'inputs': [], 'outputs': ['out'], 'action': ['cat', '{}']}}]}}]}}",
        sandbox.home().join(SECRET).display()
    );
    pack(&folder, &[("package.json", &manifest), ("binding.gyp", &gyp)])
}

fn pack(folder: &Path, files: &[(&str, &str)]) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder");
    for (name, content) in files {
        fs::write(folder.join(name), content).expect("a file");
    }
    let parent = folder.parent().expect("a parent");
    let tarball = parent.join(format!("{NAME}-{VERSION}.tgz"));
    let packed = Command::new("tar").arg("-czf").arg(&tarball).arg("-C").arg(parent).arg("package").status();
    assert!(packed.expect("tar runs").success());
    tarball
}
