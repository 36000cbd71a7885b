//! Every kind of path that a scan accepts, as its user sees it.

use crate::common::{Tar, archive, options, scan_one, try_scan, write, zip};
use doorward_protocol::{Ecosystem, ScanProgress};
use doorward_scan::{Cancel, PackageCaches, ScanError, ScanOptions, scan};
use std::fs;

fn names(report: &doorward_protocol::ScanReport) -> Vec<String> {
    report.packages.iter().map(|package| package.purl.clone()).collect()
}

#[test]
fn an_npm_archive_is_named_by_its_manifest() {
    let bytes = Tar::new()
        .file("package/package.json", br#"{"name":"@made/up","version":"1.2.3"}"#)
        .file("package/index.js", b"module.exports = 1")
        .gz();
    let (_folder, path) = archive("made-up-1.2.3.tgz", &bytes);
    let report = scan_one(&path);
    assert_eq!((report.purl.as_str(), &report.path), ("pkg:npm/%40made/up@1.2.3", &path));
    assert!(report.unscanned.is_empty(), "{:?}", report.unscanned);
}

#[test]
fn wheels_sdists_and_crates_are_named_by_their_manifests() {
    let wheel = zip(&[
        ("made_up/__init__.py", b""),
        ("made_up-2.0.dist-info/METADATA", b"Name: Made-Up\nVersion: 2.0\n\nx"),
    ]);
    let (_folder, path) = archive("made_up-2.0-py3-none-any.whl", &wheel);
    assert_eq!(scan_one(&path).purl, "pkg:pypi/made-up@2.0");

    let sdist = Tar::new()
        .file("made_up-2.0/PKG-INFO", b"Name: made_up\nVersion: 2.0\n")
        .file("made_up-2.0/setup.py", b"")
        .gz();
    let (_folder, path) = archive("made_up-2.0.tar.gz", &sdist);
    assert_eq!(scan_one(&path).purl, "pkg:pypi/made-up@2.0");

    let krate =
        Tar::new().file("made_up-0.1.0/Cargo.toml", b"[package]\nname='made_up'\nversion='0.1.0'").gz();
    let (_folder, path) = archive("made_up-0.1.0.crate", &krate);
    assert_eq!(scan_one(&path).purl, "pkg:cargo/made_up@0.1.0");
}

#[test]
fn a_bare_folder_is_read_as_the_package_that_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[("package.json", r#"{"name":"bare","version":"0.0.1"}"#), ("lib/a.js", "1")]);
    let report = try_scan(folder.path()).expect("scan");
    assert_eq!(names(&report), ["pkg:npm/bare@0.0.1"]);
    assert_eq!(report.summary.bytes, 33 + 1);
}

#[test]
fn an_install_tree_gives_every_package_once_however_it_is_linked() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("node_modules");
    write(
        &tree,
        &[
            ("a/package.json", r#"{"name":"a","version":"1.0.0"}"#),
            ("a/node_modules/b/package.json", r#"{"name":"b","version":"1.0.0"}"#),
            ("@s/c/package.json", r#"{"name":"@s/c","version":"1.0.0"}"#),
            (".pnpm/d@1.0.0/node_modules/d/package.json", r#"{"name":"d","version":"1.0.0"}"#),
            (".bin/a", "ignored"),
            (".package-lock.json", "{}"),
        ],
    );
    std::os::unix::fs::symlink(".pnpm/d@1.0.0/node_modules/d", tree.join("d")).expect("link");
    let report = try_scan(&tree).expect("scan");
    let mut found = names(&report);
    found.sort();
    assert_eq!(found, ["pkg:npm/%40s/c@1.0.0", "pkg:npm/a@1.0.0", "pkg:npm/b@1.0.0", "pkg:npm/d@1.0.0"]);
}

#[test]
fn files_beside_packages_are_read_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("node_modules");
    write(
        &tree,
        &[("a/package.json", r#"{"name":"a","version":"1.0.0"}"#), (".hidden/x.js", "1"), ("loose.js", "2")],
    );
    let report = try_scan(&tree).expect("scan");
    assert_eq!(report.packages.len(), 2, "{report:#?}");
    assert_eq!(report.packages[0].name, "node_modules");
}

#[test]
fn a_python_environment_is_grouped_by_its_records_and_nothing_is_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("lib/python3.11/site-packages");
    write(
        &base,
        &[
            ("made_up/__init__.py", ""),
            ("made_up-2.0.dist-info/METADATA", "Name: Made-Up\nVersion: 2.0\n"),
            (
                "made_up-2.0.dist-info/RECORD",
                "made_up/__init__.py,,\nmade_up-2.0.dist-info/METADATA,,\n../../../bin/tool,,\n/etc/hostname,,\n",
            ),
            ("stray.pth", "import os"),
        ],
    );
    write(folder.path(), &[("bin/tool", "#!python")]);
    let report = try_scan(&base).expect("scan");
    assert_eq!(names(&report), ["pkg:pypi/site-packages", "pkg:pypi/made-up@2.0"]);
    let made_up = &report.packages[1];
    assert!(made_up.path.ends_with("site-packages/made_up"), "{}", made_up.path.display());
    assert_eq!(made_up.unscanned.len(), 1, "{:?}", made_up.unscanned);
    assert_eq!(made_up.unscanned[0].path, "/etc/hostname");
    // The package's own folder leads to the same distribution.
    assert_eq!(scan_one(&base.join("made_up")).purl, "pkg:pypi/made-up@2.0");
}

#[test]
fn a_project_gives_its_dependencies_and_its_own_instruction_files() {
    let folder = tempfile::tempdir().expect("a folder");
    write(
        folder.path(),
        &[
            ("package.json", r#"{"name":"shop","version":"0.0.0"}"#),
            ("CLAUDE.md", "be kind"),
            ("src/own.js", "not read"),
            ("node_modules/a/package.json", r#"{"name":"a","version":"1.0.0"}"#),
            (".venv/pyvenv.cfg", ""),
            (".venv/lib/python3.11/site-packages/p.py", ""),
            (".venv/lib/python3.11/site-packages/p-1.dist-info/METADATA", "Name: p\nVersion: 1\n"),
            (
                ".venv/lib/python3.11/site-packages/p-1.dist-info/RECORD",
                "p.py,,\np-1.dist-info/METADATA,,\np-1.dist-info/RECORD,,\n",
            ),
        ],
    );
    let report = try_scan(folder.path()).expect("scan");
    let mut found = names(&report);
    found.sort();
    assert_eq!(found, ["pkg:npm/a@1.0.0", "pkg:npm/shop@0.0.0", "pkg:pypi/p@1"]);
    assert_eq!(report.packages[0].name, "shop", "the project comes first");
}

#[test]
fn vendored_crates_and_unpacked_registries_are_trees() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("vendor");
    write(
        &tree,
        &[
            ("one/Cargo.toml", "[package]\nname='one'\nversion='1.0.0'"),
            ("one/.cargo-checksum.json", "{}"),
            ("two/Cargo.toml", "[package]\nname='two'\nversion='2.0.0'"),
            ("two/.cargo-checksum.json", "{}"),
        ],
    );
    let report = try_scan(&tree).expect("scan");
    assert_eq!(names(&report), ["pkg:cargo/one@1.0.0", "pkg:cargo/two@2.0.0"]);
}

#[test]
fn what_is_no_package_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[("script.py", "print(1)"), ("empty/.keep", "")]);
    fs::remove_file(folder.path().join("empty/.keep")).expect("remove");
    for path in ["script.py", "empty", "."] {
        let error = try_scan(&folder.path().join(path)).expect_err(path);
        assert!(matches!(error, ScanError::NotAPackage { .. }), "{error}");
        assert!(error.hint().contains(".whl"), "{}", error.hint());
    }
    assert!(matches!(try_scan(&folder.path().join("missing")), Err(ScanError::Unreadable { .. })));
}

#[test]
fn progress_counts_up_and_a_cancelled_scan_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let tree = folder.path().join("node_modules");
    for number in 0..40 {
        write(
            &tree,
            &[(&format!("p{number}/package.json"), &format!(r#"{{"name":"p{number}","version":"1.0.0"}}"#))],
        );
    }
    let mut steps = Vec::new();
    let report =
        scan(std::slice::from_ref(&tree), &options(), &Cancel::default(), &mut |step| steps.push(step))
            .expect("scan");
    assert_eq!(report.summary.packages, 40);
    assert!(matches!(steps.first(), Some(ScanProgress::Found { total: 40 })));
    assert!(matches!(steps.last(), Some(ScanProgress::Done { done: 40, total: 40, .. })));

    let cancel = Cancel::default();
    let stop = cancel.clone();
    let ended = scan(&[tree], &options(), &cancel, &mut |_| stop.cancel());
    assert!(matches!(ended, Err(ScanError::Cancelled)), "{ended:?}");
}

#[test]
fn the_ecosystem_of_a_manifestless_package_is_guessed_from_its_files() {
    let bytes = Tar::new().file("odd-1.0/a.py", b"").file("odd-1.0/b.py", b"").gz();
    let (_folder, path) = archive("odd-1.0.tar.gz", &bytes);
    let report = scan_one(&path);
    assert_eq!(
        (report.ecosystem, report.name.as_str(), report.version.as_str()),
        (Ecosystem::Pypi, "odd", "1.0")
    );
}

#[test]
fn without_a_working_worker_nothing_is_called_clean() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[("package.json", r#"{"name":"p","version":"1.0.0"}"#)]);
    let with = |worker: &str| {
        let options = doorward_scan::ScanOptions { worker: Some(worker.into()), ..options() };
        scan(&[folder.path().into()], &options, &Cancel::default(), &mut |_| {})
    };
    let missing = with("/nonexistent/worker").expect_err("no worker");
    assert!(matches!(missing, ScanError::NoWorker { .. }), "{missing}");
    let silent = with("/bin/true").expect_err("no answer");
    assert!(matches!(silent, ScanError::WorkerFailed { .. }), "{silent}");
}

#[test]
fn a_project_gives_its_members_and_its_vendored_crates() {
    let folder = tempfile::tempdir().expect("a folder");
    let project = folder.path().join("project");
    let vendored = "[package]\nname='dep'\nversion='1.2.3'";
    write(
        &project,
        &[
            ("Cargo.toml", "[package]\nname='own'\nversion='0.1.0'"),
            ("build.rs", "fn main() {}"),
            ("vendor/dep/Cargo.toml", vendored),
            ("vendor/dep/.cargo-checksum.json", "{}"),
            ("crates/part/Cargo.toml", "[package]\nname='part'\nversion='0.1.0'"),
            ("crates/part/build.rs", "fn main() {}"),
            (
                "Cargo.lock",
                "version = 4\n[[package]]\nname = \"dep\"\nversion = \"1.2.3\"\nsource = \"registry+https://crates.invalid\"\n",
            ),
        ],
    );
    // Whatever the name of a vendored folder says, a copy that cargo may build with instead is read, too.
    let registry = folder.path().join("cargo/registry/src/made-up");
    write(&registry, &[("dep-1.2.3/Cargo.toml", vendored), ("dep-1.2.3/.cargo-ok", "ok")]);
    let caches = PackageCaches { cargo: Some(folder.path().join("cargo")), ..PackageCaches::default() };
    let options = ScanOptions { caches, ..options() };
    let report =
        scan(std::slice::from_ref(&project), &options, &Cancel::default(), &mut |_| {}).expect("scan");
    let copies = report.packages.iter().filter(|package| package.purl == "pkg:cargo/dep@1.2.3").count();
    assert_eq!((report.packages.len(), copies), (4, 2), "{:?}", names(&report));
}

#[test]
fn a_dependency_by_path_is_read_whole_and_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["dep", "zdep"] {
        write(
            folder.path(),
            &[
                ("package.json", r#"{"name":"shop","version":"0.0.0"}"#),
                (&format!("{name}/package.json"), &format!(r#"{{"name":"{name}","version":"1.0.0"}}"#)),
                (&format!("{name}/lib/deep.js"), "1234567"),
                ("node_modules/.keep", ""),
            ],
        );
        let link = folder.path().join("node_modules").join(name);
        std::os::unix::fs::symlink(format!("../{name}"), link).expect("link");
    }
    let report = try_scan(folder.path()).expect("scan");
    let dependencies: Vec<_> =
        report.packages.iter().filter(|package| package.name.ends_with("dep")).collect();
    assert_eq!(dependencies.len(), 2, "{dependencies:#?}");
    let manifests = 33 + 32 + 33;
    assert_eq!(report.summary.bytes, manifests + 14, "both libraries were read, the loose .keep is empty");
}
