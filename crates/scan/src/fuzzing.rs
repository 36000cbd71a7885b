//! What the fuzz targets in `fuzz/` call: every reader of hostile bytes, without the process around it and
//! without its net for panics. Only compiled under `cargo fuzz`.

use crate::manifest::{Hint, Shipped, identify, strip_wrapper};
use crate::package::{PackageFiles, SourceFile};
use crate::source::{Contents, Entry, Limits, read_archive};
use crate::{analyse, lockfile, verdict};
use doorward_protocol::{Ecosystem, Verdict};
use std::path::PathBuf;

/// Reads bytes as an archive whose name ends like this, and judges what is in it.
pub fn archive(ending: &str, bytes: &[u8]) -> Option<Verdict> {
    let path = on_disk(&format!("archive{ending}"), bytes)?;
    let mut contents = read_archive(&path, &Limits::default()).ok()?;
    strip_wrapper(&mut contents, None);
    Some(judge(None, contents))
}

/// Reads bytes as the lockfile of this name; the number of packages in it.
pub fn locked(name: &str, bytes: &[u8]) -> Option<usize> {
    lockfile::read(&on_disk(name, bytes)?).ok().map(|locked| locked.len())
}

/// Judges a package of these files.
pub fn package(ecosystem: Ecosystem, files: &[(&str, &[u8])]) -> Verdict {
    let files = files
        .iter()
        .map(|(path, bytes)| Entry { path: (*path).to_owned(), bytes: bytes.to_vec(), executable: false })
        .collect();
    judge(Some(ecosystem), Contents { files, ..Contents::default() })
}

fn judge(ecosystem: Option<Ecosystem>, mut contents: Contents) -> Verdict {
    let hint = Hint { ecosystem, name: "fuzzed".into(), version: "1.0.0".into(), shipped: Shipped::Archive };
    let manifest = identify(&hint, &contents.files, &mut contents.unscanned);
    let files = contents
        .files
        .iter()
        .map(|file| SourceFile { path: &file.path, bytes: &file.bytes, executable: file.executable })
        .collect();
    let findings = analyse::analyse(&PackageFiles { manifest: &manifest, files });
    verdict::judge(&findings).0
}

/// The readers take paths; a file in memory serves.
fn on_disk(name: &str, bytes: &[u8]) -> Option<PathBuf> {
    let folder = PathBuf::from(format!("/dev/shm/doorward-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).ok()?;
    let path = folder.join(name);
    std::fs::write(&path, bytes).ok()?;
    Some(path)
}
