//! What a test needs of the machine, and what happens where it is missing.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Names the areas to leave out, separated by commas: `guard`, `gui`, `install`.
const SKIP_VARIABLE: &str = "DOORWARD_TEST_SKIP";

/// True where the user asked to leave an area out; says so.
pub fn skipped(area: &str) -> bool {
    let named = std::env::var(SKIP_VARIABLE).unwrap_or_default();
    let skipped = named.split(',').any(|name| name.trim() == area);
    if skipped {
        println!("left out: {SKIP_VARIABLE} names `{area}`");
    }
    skipped
}

/// Fails with a sentence where a program is missing.
pub fn need(program: &str) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    assert!(
        found.into_iter().any(|folder| folder.join(program).is_file()),
        "this test needs `{program}`, which is not installed; `make setup-test` installs it"
    );
}

/// Fails with a sentence where the test does not run as root.
pub(crate) fn need_root(area: &str) {
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    assert!(
        root,
        "this test marks files with fanotify and needs root; run `sudo make test`, or leave it out with {SKIP_VARIABLE}={area}"
    );
}

/// A program of this workspace, built before the tests.
pub fn binary(name: &str) -> PathBuf {
    let folder = std::env::var_os("DOORWARD_BIN_DIR").map(PathBuf::from).unwrap_or_else(|| {
        let test = std::env::current_exe().expect("the test has a path");
        test.ancestors().nth(2).expect("target/<profile>/deps/<test>").to_owned()
    });
    let path = folder.join(name);
    assert!(path.is_file(), "{} is missing; `cargo build --workspace` builds it", path.display());
    path
}

/// Where `installer/test-tools.sh` put the package managers of the tests.
pub(crate) fn test_tools() -> PathBuf {
    let test = std::env::current_exe().expect("the test has a path");
    let folder = test.ancestors().nth(3).expect("target/<profile>/deps/<test>").join("test-tools");
    assert!(folder.join("python").is_dir(), "{} is missing; `make setup-test` installs it", folder.display());
    folder
}

/// The root of the repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ is in the repository")
}
