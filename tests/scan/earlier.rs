//! A version is compared with the one before it that npm, pip or cargo still keep in their caches, as these
//! clients really write them.

use crate::registry::{Registry, packed};
use doorward_protocol::{PackageReport, ScanReport};
use doorward_tests::{Run, binary, need};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A made-up home with a registry of its own.
struct Place {
    folder: tempfile::TempDir,
    registry: Registry,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), registry: Registry::start() }
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("make folders");
        fs::write(&path, content).expect("write");
        path
    }

    /// A package manager in the folder `shop`, run to its end; its caches are where it puts them by itself.
    fn run(&self, program: &str, arguments: &[&str]) {
        let shop = self.folder.path().join("shop");
        fs::create_dir_all(&shop).expect("make a folder");
        let mut command = self.command(program);
        let done = command.args(arguments).current_dir(&shop).output().expect("the client runs");
        assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let toolchains = std::env::var_os("RUSTUP_HOME")
            .map(PathBuf::from)
            .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").expect("a home")).join(".rustup"));
        let mut command = Command::new(program);
        command.env("HOME", self.folder.path()).env("RUSTUP_HOME", toolchains);
        for variable in ["CARGO_HOME", "XDG_CACHE_HOME", "PIP_CACHE_DIR", "UV_CACHE_DIR", "npm_config_cache"]
        {
            command.env_remove(variable);
        }
        command
    }

    /// The report on the made-up package below a path, by a user who has these caches.
    fn scan(&self, path: &str) -> PackageReport {
        let mut command = self.command(binary("doorward"));
        command.args(["scan", "--format", "json", "--no-feed", "--no-cache"]);
        command.arg(self.folder.path().join(path)).env("DOORWARD_DATA_DIR", self.folder.path().join("data"));
        let run = Run::from(command.output().expect("doorward runs"));
        assert!(run.code < 2, "{run}");
        let report: ScanReport = serde_json::from_str(&run.stdout).expect("a report");
        let mut found = report.packages.into_iter().filter(|package| package.name.contains("made"));
        found.next().unwrap_or_else(|| panic!("not found: {run}"))
    }
}

/// The report tells this rule, and that it is so since this version.
#[track_caller]
fn tells(report: &PackageReport, rule: &str, since: &str) {
    let found = report.findings.iter().find(|finding| finding.rule == rule);
    let found = found.unwrap_or_else(|| panic!("no {rule}: {:#?}", report.findings));
    assert!(found.why.contains(&format!("ersion {since} ")), "{found:#?}");
}

#[track_caller]
fn knows_nothing_before(report: &PackageReport) {
    assert!(report.findings.iter().all(|finding| !finding.why.contains("ersion 1.0.0 ")), "{report:#?}");
}

fn remove(path: &Path) {
    fs::remove_dir_all(path).expect("remove");
}

#[test]
fn an_npm_package_is_compared_with_the_version_in_npms_cache() {
    need("npm");
    let place = Place::new();
    let mut versions = String::new();
    for (version, more) in [("1.0.0", ""), ("1.0.1", ",\"scripts\":{\"postinstall\":\"node setup.js\"}")] {
        let manifest = format!("{{\"name\":\"@made/up-trim\",\"version\":\"{version}\"{more}}}");
        place.write(&format!("{version}/package/package.json"), &manifest);
        place.write(&format!("{version}/package/index.js"), "module.exports = (text) => text.trim();\n");
        place.write(
            &format!("{version}/package/setup.js"),
            "require('https').get('https://updates.invalid/x');\n",
        );
        let tarball = format!("@made/up-trim/-/up-trim-{version}.tgz");
        place.registry.offer(&tarball, packed(&place.folder.path().join(version), "package"));
        let comma = if versions.is_empty() { "" } else { "," };
        let address = place.registry.address(&tarball);
        versions += &format!(
            "{comma}\"{version}\":{{\"name\":\"@made/up-trim\",\"version\":\"{version}\",\"dist\":{{\"tarball\":\"{address}\"}}}}"
        );
    }
    let latest = "\"dist-tags\":{\"latest\":\"1.0.1\"}";
    let all = format!("{{\"name\":\"@made/up-trim\",{latest},\"versions\":{{{versions}}}}}");
    place.registry.offer("@made%2fup-trim", all);
    place.write("shop/package.json", "{\"name\":\"shop\",\"version\":\"1.0.0\",\"private\":true}");
    for wanted in ["@made/up-trim@1.0.0", "@made/up-trim@1.0.1"] {
        let registry = place.registry.address("");
        let flags = ["--registry", &registry, "--ignore-scripts", "--no-audit", "--no-fund"];
        place.run("npm", &[&["install", wanted][..], &flags].concat());
    }
    let report = place.scan("shop/node_modules");
    assert_eq!(report.version, "1.0.1");
    tells(&report, "I-01", "1.0.0");
    remove(&place.folder.path().join(".npm"));
    knows_nothing_before(&place.scan("shop/node_modules"));
}

#[test]
fn a_python_package_is_compared_with_the_version_in_pips_cache() {
    need("python3");
    let place = Place::new();
    let mut page = String::new();
    for (version, start) in [("1.0.0", ""), ("1.0.1", "import os; os.environ.get('HOME')\n")] {
        let info = format!("made_up-{version}.dist-info");
        let root = place.folder.path().join(version);
        let metadata = format!("Metadata-Version: 2.1\nName: made-up\nVersion: {version}\n");
        place.write(&format!("{version}/{info}/METADATA"), &metadata);
        place.write(
            &format!("{version}/{info}/WHEEL"),
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        );
        place.write(&format!("{version}/made_up.py"), "def a():\n    return 1\n");
        let mut files = vec![format!("{info}/METADATA"), format!("{info}/WHEEL"), "made_up.py".to_owned()];
        if !start.is_empty() {
            place.write(&format!("{version}/made_up.pth"), start);
            files.push("made_up.pth".to_owned());
        }
        files.push(format!("{info}/RECORD"));
        place.write(&format!("{version}/{info}/RECORD"), &files.join(",,\n"));
        let tops = files.iter().filter(|file| !file.contains('/')).chain([&info]);
        let wheel = format!("made_up-{version}-py3-none-any.whl");
        let mut zip = Command::new("python3");
        zip.args(["-m", "zipfile", "-c", &wheel]).args(tops).current_dir(&root);
        assert!(zip.status().expect("python runs").success());
        place.registry.offer(&format!("files/{wheel}"), fs::read(root.join(&wheel)).expect("the wheel"));
        let address = place.registry.address(&format!("files/{wheel}"));
        page += &format!("<a href=\"{address}\">{wheel}</a>\n");
    }
    place.registry.offer("simple/made-up/", format!("<!DOCTYPE html><html><body>{page}</body></html>"));
    for (wanted, target) in [("made-up==1.0.0", "old"), ("made-up==1.0.1", "site-packages")] {
        let index = place.registry.address("simple/");
        let flags = ["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"];
        let source = ["--index-url", &index, "--trusted-host", "127.0.0.1", "--target", target, wanted];
        place.run("python3", &[&flags[..], &source].concat());
    }
    let report = place.scan("shop/site-packages");
    assert_eq!(report.version, "1.0.1");
    tells(&report, "I-01", "1.0.0");
    remove(&place.folder.path().join(".cache/pip"));
    knows_nothing_before(&place.scan("shop/site-packages"));
}

#[test]
fn a_crate_is_compared_with_the_version_in_cargos_cache() {
    need("cargo");
    let place = Place::new();
    let mut lines = String::new();
    for (version, script) in [("1.0.0", None), ("1.0.1", Some("fn main() { std::fs::read(\"x\").ok(); }\n"))]
    {
        let name = format!("made-up-{version}");
        let manifest =
            format!("[package]\nname = \"made-up\"\nversion = \"{version}\"\nedition = \"2021\"\n");
        place.write(&format!("{name}/Cargo.toml"), &manifest);
        place.write(&format!("{name}/src/lib.rs"), "pub fn a() {}\n");
        if let Some(script) = script {
            place.write(&format!("{name}/build.rs"), script);
        }
        let file = place.folder.path().join(format!("{name}.crate"));
        fs::write(&file, packed(place.folder.path(), &name)).expect("write the crate");
        let sum = Command::new("sha256sum").arg(&file).output().expect("sha256sum runs").stdout;
        let sum = String::from_utf8_lossy(&sum[..64]);
        lines += &format!(
            "{{\"name\":\"made-up\",\"vers\":\"{version}\",\"deps\":[],\"cksum\":\"{sum}\",\"features\":{{}},\"yanked\":false}}\n"
        );
        place.registry.offer(&format!("crates/{name}.crate"), fs::read(&file).expect("the crate"));
    }
    let crates = place.registry.address("crates/{crate}-{version}.crate");
    place.registry.offer("index/config.json", format!("{{\"dl\":\"{crates}\"}}"));
    place.registry.offer("index/ma/de/made-up", lines);
    let index = place.registry.address("index/");
    place.write(".cargo/config.toml", &format!("[registries.own]\nindex = \"sparse+{index}\"\n"));
    place.write("shop/src/lib.rs", "");
    for version in ["1.0.0", "1.0.1"] {
        let wanted = format!("made-up = {{ version = \"={version}\", registry = \"own\" }}");
        let package = "[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"";
        place.write("shop/Cargo.toml", &format!("{package}\n[dependencies]\n{wanted}\n[workspace]\n"));
        place.run("cargo", &["fetch", "--quiet"]);
    }
    // What is unpacked may be cleaned away while the archive stays.
    let sources = place.folder.path().join(".cargo/registry/src");
    let registry = fs::read_dir(&sources).expect("sources").flatten().next().expect("one registry").path();
    remove(&registry.join("made-up-1.0.0"));
    tells(&place.scan("shop"), "B-05", "1.0.0");
    remove(&place.folder.path().join(".cargo/registry/cache"));
    knows_nothing_before(&place.scan("shop"));
}
