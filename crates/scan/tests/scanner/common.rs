//! What the scanner's tests share: packages made on the spot, and a scan of them.

use doorward_protocol::{PackageReport, ScanReport, Verdict};
use doorward_scan::{Cancel, PackageCaches, ScanError, ScanOptions, scan};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::path::{Path, PathBuf};

/// What the metadata of an ordinary package say.
pub(crate) const METADATA: &str = "Metadata-Version: 2.1\nName: made-up\nVersion: 1.2.0\nSummary: helps\nAuthor: Somebody\n\
    Home-page: https://files.invalid/made-up\nLicense: MIT\nRequires-Python: >=3.9\n\n\
    Helps with what somebody made up. It reads what it is given, works on it and hands back what it found, as whoever \
    calls it would expect. Nothing else happens, and nothing happens before it is called. The manual has examples for \
    every function, with what each of them takes, what it hands back, and what it does where it is given nothing.\n";

/// Options that name the worker built beside the tests, remember nothing and know no package manager's cache.
pub(crate) fn options() -> ScanOptions {
    ScanOptions {
        worker: Some(env!("CARGO_BIN_EXE_doorward-scan-worker").into()),
        caches: PackageCaches::default(),
        ..ScanOptions::default()
    }
}

pub(crate) fn try_scan(path: &Path) -> Result<ScanReport, ScanError> {
    scan(&[path.into()], &options(), &Cancel::default(), &mut |_| {})
}

pub(crate) fn scan_one(path: &Path) -> PackageReport {
    let mut report = try_scan(path).expect("the scan itself works");
    assert_eq!(report.packages.len(), 1, "{:#?}", report.packages);
    report.packages.remove(0)
}

/// All reasons why something was not read, in one text.
pub(crate) fn reasons(report: &PackageReport) -> String {
    report.unscanned.iter().map(|note| format!("{}: {}\n", note.path, note.reason)).collect()
}

pub(crate) fn write(root: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("make a folder");
        fs::write(path, text).expect("write a file");
    }
}

/// A tar archive under construction; names are written as they are, climbing or not.
pub(crate) struct Tar(tar::Builder<Vec<u8>>);

impl Tar {
    pub(crate) fn new() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    pub(crate) fn file(self, name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        self.entry(name.as_ref(), tar::EntryType::Regular, "", content)
    }

    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        self.entry(name.as_bytes(), tar::EntryType::Symlink, target, b"")
    }

    pub(crate) fn entry(mut self, name: &[u8], kind: tar::EntryType, target: &str, content: &[u8]) -> Self {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        self.0.append(&header, content).expect("append");
        self
    }

    pub(crate) fn plain(self) -> Vec<u8> {
        self.0.into_inner().expect("finish")
    }

    pub(crate) fn gz(self) -> Vec<u8> {
        use std::io::Write as _;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&self.plain()).expect("compress");
        encoder.finish().expect("finish")
    }
}

/// A zip archive with these files.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        let options =
            zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        writer.start_file(*name, options).expect("start");
        writer.write_all(content).expect("write");
    }
    writer.finish().expect("finish").into_inner()
}

/// A folder that is removed with the test, and an archive in it.
pub(crate) fn archive(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("write the archive");
    (folder, path)
}

/// Fails unless the package is suspicious or worse, with this rule among its findings.
#[track_caller]
pub(crate) fn found(report: &PackageReport, rule: &str) {
    assert!(report.verdict >= Verdict::Suspicious, "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.rule == rule), "no {rule}: {:#?}", report.findings);
}

/// Fails where the package is suspicious or worse.
#[track_caller]
pub(crate) fn innocent(report: &PackageReport) {
    assert!(report.verdict <= Verdict::Notable, "{:#?}", report.findings);
}
