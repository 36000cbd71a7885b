//! Trees of every kind of thing a package may hold, and what can be seen of them.
#![allow(dead_code, reason = "each test binary uses its own part")]

use doorward_protocol::SealReason;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, XattrFlags, utimensat};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

/// Everything that must come back.
pub(crate) type Picture = BTreeMap<PathBuf, String>;

pub(crate) fn reason() -> SealReason {
    SealReason { verdict: None, text: "a test".into(), events: vec![3] }
}

/// A package with files, folders, links, hard links, odd names, modes, times and attributes.
pub(crate) fn package(root: &Path) {
    fs::create_dir_all(root.join("lib/deep/er")).expect("folders");
    fs::create_dir(root.join("empty")).expect("a folder");
    fs::write(root.join("package.json"), "{\"name\":\"odd\"}\n").expect("a file");
    fs::write(root.join("nothing"), "").expect("a file");
    let big: Vec<u8> = (0..300_000u32).map(|n| (n % 251) as u8).collect();
    fs::write(root.join("lib/big.bin"), big).expect("a file");
    fs::write(root.join("lib/exact.bin"), vec![9; 64 * 1024]).expect("a file");
    fs::write(root.join("lib/deep/er/x.js"), "let a = 1;\nlet \u{202E}b = 2;\n").expect("a file");
    fs::write(root.join(OsStr::from_bytes(b"caf\xe9 %41")), "odd name").expect("a file");
    fs::hard_link(root.join("lib/big.bin"), root.join("lib/deep/again.bin")).expect("a hard link");
    symlink("../package.json", root.join("lib/link")).expect("a link");
    symlink("/nowhere/at/all", root.join("dangling")).expect("a link");
    rustix::fs::setxattr(root.join("nothing"), "user.origin", b"\x00\xffx", XattrFlags::empty())
        .expect("an attribute");
    rustix::fs::setxattr(root.join("lib"), "user.dir", b"yes", XattrFlags::empty()).expect("an attribute");
    for (path, mode) in [
        ("package.json", 0o640),
        ("nothing", 0o755),
        ("lib/big.bin", 0o444),
        ("empty", 0o2750),
        ("lib/deep", 0o555),
    ] {
        fs::set_permissions(root.join(path), Permissions::from_mode(mode)).expect("a mode");
    }
    for (n, path) in ["lib/deep/er/x.js", "lib/link", "lib/deep", "lib", "empty", ""].iter().enumerate() {
        let time = Timespec { tv_sec: 1_000_000_000 + n as i64, tv_nsec: 123_456_789 };
        let times = Timestamps { last_access: time, last_modification: time };
        utimensat(CWD, root.join(path), &times, AtFlags::SYMLINK_NOFOLLOW).expect("times");
    }
    if rustix::process::geteuid().is_root() {
        chown(root.join("package.json"), Some(1234), Some(4321)).expect("an owner");
        std::os::unix::fs::lchown(root.join("dangling"), Some(77), Some(78)).expect("an owner");
    }
}

pub(crate) fn picture(root: &Path) -> Picture {
    let mut picture = Picture::new();
    add(root, Path::new(""), &mut picture);
    picture
}

fn add(root: &Path, path: &Path, picture: &mut Picture) {
    let full = if path.as_os_str().is_empty() { root.to_path_buf() } else { root.join(path) };
    let metadata = fs::symlink_metadata(&full).expect("metadata");
    let kind = metadata.file_type();
    let what = if kind.is_symlink() {
        format!("-> {:?}", fs::read_link(&full).expect("a target"))
    } else if kind.is_dir() {
        "folder".to_owned()
    } else {
        format!("{:?} x{}", blake(&fs::read(&full).expect("content")), metadata.nlink())
    };
    let (uid, gid, mode) = (metadata.uid(), metadata.gid(), metadata.mode());
    let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
    let attributes = if kind.is_symlink() { String::new() } else { attributes(&full) };
    picture.insert(
        path.to_path_buf(),
        format!("{mode:o} {uid}:{gid} {seconds}.{nanoseconds} {what} {attributes}"),
    );
    if kind.is_dir() {
        for entry in fs::read_dir(&full).expect("a folder") {
            let name: OsString = entry.expect("an entry").file_name();
            add(root, &path.join(name), picture);
        }
    }
}

fn attributes(path: &Path) -> String {
    let mut list = vec![0u8; 4096];
    let length = rustix::fs::listxattr(path, &mut list[..]).expect("attributes");
    let mut out = String::new();
    for name in list[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let name = std::str::from_utf8(name).expect("a name");
        let mut value = vec![0u8; 4096];
        let length = rustix::fs::getxattr(path, name, &mut value[..]).expect("a value");
        out.push_str(&format!("{name}={:?} ", &value[..length]));
    }
    out
}

fn blake(bytes: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    format!("{:x}", Sha256::digest(bytes))
}

/// Every byte of the vault's files, to look for what must not be there.
pub(crate) fn all_bytes(dir: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            bytes.extend(all_bytes(&path));
        } else {
            bytes.extend(fs::read(&path).expect("a file"));
        }
    }
    bytes
}
