//! What a version does that the one before did not is told, whichever way the one before is known.

use crate::common::{options, write};
use doorward_protocol::{PackageReport, ScanReport, Severity, Verdict};
use doorward_scan::{Cancel, PackageCaches, ScanError, ScanOptions, scan};
use std::path::Path;

const CALM: &str = "module.exports = (text) => text.trim();\n";
const CALLS: &str = "require('https').get('https://updates.invalid/x', () => {});\n";

fn npm(folder: &Path, version: &str, extra: &str, files: &[(&str, &str)]) {
    let manifest = format!("{{\n \"name\": \"made-up-trim\",\n \"version\": \"{version}\"{extra}\n}}\n");
    write(folder, &[("package.json", &manifest), ("index.js", CALM)]);
    write(folder, files);
}

const HOOKED: &str = ",\n \"scripts\": {\"postinstall\": \"node setup.js\"}";

fn run(path: &Path, options: &ScanOptions) -> Result<ScanReport, ScanError> {
    scan(&[path.into()], options, &Cancel::default(), &mut |_| {})
}

fn compared(old: &Path, new: &Path) -> PackageReport {
    let options = ScanOptions { against: Some(old.into()), ..options() };
    run(new, &options).expect("the scan works").packages.remove(0)
}

#[track_caller]
fn has(report: &PackageReport, rule: &str, most: Severity) {
    let found =
        report.findings.iter().filter(|finding| finding.rule == rule).map(|finding| finding.severity).max();
    assert_eq!(found, Some(most), "{rule}: {:#?}", report.findings);
}

#[test]
fn a_new_hook_that_reaches_out_is_suspicious_although_the_version_alone_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    npm(&old, "1.0.0", "", &[]);
    npm(&new, "1.0.1", HOOKED, &[("setup.js", CALLS)]);
    assert!(run(&new, &options()).expect("works").packages[0].verdict <= Verdict::Notable);
    let report = compared(&old, &new);
    assert!(report.verdict >= Verdict::Suspicious, "{report:#?}");
    has(&report, "I-01", Severity::High);
    has(&report, "V-01", Severity::High);
    has(&report, "V-02", Severity::Medium);
    let hook = report.findings.iter().find(|finding| finding.rule == "I-01").expect("found above");
    assert!(hook.why.contains("1.0.0") && hook.snippet.contains("postinstall"), "{hook:#?}");
}

#[test]
fn a_version_that_only_repairs_something_is_as_clean_as_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    npm(&old, "1.0.0", HOOKED, &[("setup.js", CALLS)]);
    npm(
        &new,
        "1.0.1",
        HOOKED,
        &[("setup.js", CALLS), ("index.js", "module.exports = (t) => t.trimEnd();\n")],
    );
    let report = compared(&old, &new);
    assert!(report.verdict <= Verdict::Notable, "{report:#?}");
    assert!(!report.findings.iter().any(|finding| finding.rule.starts_with('V')), "{report:#?}");
}

#[test]
fn a_new_dependency_that_nothing_uses_is_suspicious_and_one_that_is_used_is_a_note() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    npm(&old, "1.0.0", "", &[]);
    let depends = ",\n \"dependencies\": {\"made-up-helper\": \"^1.0.0\"}";
    npm(&new, "1.0.1", depends, &[]);
    let report = compared(&old, &new);
    assert_eq!(report.verdict, Verdict::Suspicious, "{report:#?}");
    has(&report, "I-09", Severity::High);
    write(&new, &[("index.js", "module.exports = require('made-up-helper');\n")]);
    has(&compared(&old, &new), "I-09", Severity::Low);
    // Nobody gets from version 1 to version 2 unasked, and much changes between them.
    npm(&new, "2.0.1", depends, &[]);
    let report = compared(&old, &new);
    assert!(report.verdict <= Verdict::Notable, "{report:#?}");
    // What a package only works together with is not installed for its sake.
    let optional = ",\n \"peerDependencies\": {\"made-up-helper\": \"*\"},\n \
                    \"peerDependenciesMeta\": {\"made-up-helper\": {\"optional\": true}}";
    npm(&new, "1.0.1", optional, &[]);
    let report = compared(&old, &new);
    assert!(report.findings.is_empty(), "{report:#?}");
}

#[test]
fn an_update_in_place_is_compared_with_what_an_earlier_scan_saw() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("node_modules/made-up-trim");
    let options = ScanOptions { cache: Some(folder.path().join("cache")), ..options() };
    npm(&place, "1.0.0", "", &[]);
    let tree = folder.path().join("node_modules");
    assert_eq!(run(&tree, &options).expect("works").packages[0].verdict, Verdict::Clean);
    npm(&place, "1.0.1", HOOKED, &[("setup.js", CALLS)]);
    for _ in 0..2 {
        let report = run(&tree, &options).expect("works").packages.remove(0);
        assert!(report.verdict >= Verdict::Suspicious, "{report:#?}");
        has(&report, "I-01", Severity::High);
    }
    npm(&place, "0.9.0", HOOKED, &[("setup.js", CALLS)]);
    let report = run(&tree, &options).expect("works").packages.remove(0);
    assert!(report.verdict <= Verdict::Notable, "an older version has no earlier one: {report:#?}");
}

#[test]
fn a_crate_that_gains_a_build_script_is_compared_with_its_neighbour_in_the_registry() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("registry/src/somewhere");
    let manifest = |version: &str| format!("[package]\nname = \"made-up\"\nversion = \"{version}\"\n");
    for version in ["1.0.0", "1.0.1"] {
        let place = tree.join(format!("made-up-{version}"));
        write(
            &place,
            &[("Cargo.toml", &manifest(version)), ("src/lib.rs", "pub fn a() {}\n"), (".cargo-ok", "{}")],
        );
    }
    let script = "fn main() { std::process::Command::new(\"curl\").arg(\"https://updates.invalid\").status().unwrap(); }\n";
    write(&tree.join("made-up-1.0.1"), &[("build.rs", script)]);
    let report = run(&folder.path().join("registry/src"), &options()).expect("works");
    let verdicts: Vec<_> = report.packages.iter().map(|one| (one.version.as_str(), one.verdict)).collect();
    assert_eq!(verdicts[0], ("1.0.0", Verdict::Clean));
    assert!(verdicts[1].1 >= Verdict::Suspicious, "{report:#?}");
    has(&report.packages[1], "B-05", Severity::High);
}

#[test]
fn nothing_to_compare_with_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let new = folder.path().join("new");
    npm(&new, "1.0.1", "", &[]);
    std::fs::create_dir(folder.path().join("empty")).expect("a folder");
    let options = ScanOptions { against: Some(folder.path().join("empty")), ..options() };
    let error = run(&new, &options).expect_err("nothing there").to_string();
    assert!(error.contains("empty"), "{error}");
}

#[test]
fn what_uv_unpacked_is_compared_with_and_lies_of_a_cache_are_not_believed() {
    let folder = tempfile::tempdir().expect("a folder");
    let wheel = |place: &Path, name: &str, version: &str, more: &[(&str, &str)]| {
        let info = format!("made_up-{version}.dist-info");
        let metadata = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
        let files = more.iter().map(|(path, _)| format!("{path},,\n"));
        let record: String =
            files.chain([format!("made_up.py,,\n{info}/METADATA,,\n{info}/RECORD,,\n")]).collect();
        let info = |file: &str| format!("{info}/{file}");
        write(
            place,
            &[(&info("METADATA"), &metadata), (&info("RECORD"), &record), ("made_up.py", "a = 1\n")],
        );
        write(place, more);
    };
    let cache = folder.path().join("uv");
    let tree = folder.path().join("site-packages");
    wheel(&tree, "made-up", "1.0.1", &[("made_up.pth", "import os; os.environ.get('HOME')\n")]);
    let caches = PackageCaches { uv: Some(cache.clone()), ..PackageCaches::default() };
    let with = ScanOptions { caches, ..options() };
    let told = || {
        let report = run(&tree, &with).expect("works");
        report.packages.iter().any(|one| one.findings.iter().any(|found| found.rule == "I-01"))
    };
    assert!(!told(), "nothing to compare with");
    wheel(&cache.join("archive-v0/a"), "another", "1.0.0", &[]);
    assert!(!told(), "a folder called like the package holds another one");
    wheel(&cache.join("archive-v0/b"), "Made_Up", "1.0.0", &[]);
    assert!(told());
}

#[test]
fn new_dependencies_of_the_same_people_are_no_alarm() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    npm(&old, "1.0.0", ",\n \"dependencies\": {\"made-a\": \"1\", \"made-b\": \"1\"}", &[]);
    for (name, most) in [
        ("@made-up-trim/linux-x64", Severity::Low),
        ("made-c", Severity::Medium),
        ("@made/c", Severity::High),
    ] {
        npm(&new, "1.0.1", &format!(",\n \"dependencies\": {{\"{name}\": \"1\"}}"), &[]);
        has(&compared(&old, &new), "I-09", most);
    }
}

#[test]
fn what_only_a_new_major_version_does_when_asked_is_no_alarm() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    let complete = format!("{CALLS}require('fs').appendFileSync(process.env.HOME + '/.bashrc', text);\n");
    npm(&old, "1.0.0", "", &[("index.js", CALLS)]);
    for (version, most) in [("1.1.0", Severity::High), ("2.0.0", Severity::Medium)] {
        npm(&new, version, "", &[("index.js", &complete)]);
        has(&compared(&old, &new), "V-01", most);
    }
}

#[test]
fn pinning_many_packages_at_once_is_no_alarm() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    npm(&old, "1.0.0", "", &[]);
    let names = ["oneword", "twowords", "threewords", "fourwords"].map(|name| format!("\"{name}-x\": \"1\""));
    npm(&new, "1.0.1", &format!(",\n \"dependencies\": {{{}}}", names.join(", ")), &[]);
    has(&compared(&old, &new), "I-09", Severity::Medium);
    npm(&new, "1.0.1", &format!(",\n \"dependencies\": {{{}}}", names[..2].join(", ")), &[]);
    has(&compared(&old, &new), "I-09", Severity::High);
}

#[test]
fn what_yarn_and_bun_keep_is_compared_with() {
    let manifest = |name: &str, version: &str, extra: &str| {
        format!("{{\"name\": \"{name}\", \"version\": \"{version}\"{extra}}}\n")
    };
    for name in ["made-up-trim", "@made-up/trim"] {
        let folder = tempfile::tempdir().expect("a folder");
        let tree = folder.path().join("node_modules").join(name);
        write(&tree, &[("package.json", &manifest(name, "1.0.1", HOOKED)), ("setup.js", CALLS)]);
        let flat = name.replace('/', "-");
        let old = manifest(name, "1.0.0", "");
        let [classic, berry, bun] = ["classic", "berry", "bun"].map(|kind| folder.path().join(kind));
        let hash = "85f8566fb6d09fa822a9469461e28cbbb4fc3e78";
        let kept = format!("v6/npm-{flat}-1.0.0-{hash}-integrity/node_modules/{name}/package.json");
        write(&classic, &[(&kept, &old)]);
        write(&bun, &[(&format!("{name}@1.0.0@@@1/package.json"), &old)]);
        let archive = crate::common::zip(&[(&format!("node_modules/{name}/package.json"), old.as_bytes())]);
        std::fs::create_dir(&berry).expect("a folder");
        std::fs::write(berry.join(format!("{flat}-npm-1.0.0-928ebe2703-10c0.zip")), archive).expect("write");
        let none = PackageCaches::default;
        for (kind, caches, is_known) in [
            ("none", none(), false),
            ("classic", PackageCaches { yarn_classic: Some(classic), ..none() }, true),
            ("berry", PackageCaches { yarn_berry: Some(berry), ..none() }, true),
            ("bun", PackageCaches { bun: Some(bun), ..none() }, true),
        ] {
            let report = run(&tree, &ScanOptions { caches, ..options() }).expect("works").packages.remove(0);
            let told = report.findings.iter().any(|found| found.rule == "V-01");
            assert_eq!(told, is_known, "{name} in {kind}: {:#?}", report.findings);
        }
    }
}
