//! Reading `/proc/PID`: every function reads one file once and caps what a hostile process can make
//! the daemon read.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

pub(super) const MAX_CMDLINE: u64 = 64 * 1024;
const MAX_ENVIRON: u64 = 1024 * 1024;
const MAX_MAPS: u64 = 4 * 1024 * 1024;
const AT_SECURE: u64 = 23;
const AT_EXECFN: u64 = 31;

pub(super) fn path(pid: u32, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{pid}/{name}"))
}

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stat {
    pub(super) ppid: u32,
    pub(super) tty: bool,
    pub(super) start_time: u64,
}

pub(super) fn stat(pid: u32) -> io::Result<Stat> {
    // The name in brackets is the process's own and may hold anything, brackets and spaces too.
    let text = String::from_utf8_lossy(&read_capped(&path(pid, "stat"), 4096)?).into_owned();
    let fields: Vec<&str> =
        text.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
    match (number(1), number(19)) {
        (Some(ppid), Some(start_time)) => Ok(Stat {
            ppid: u32::try_from(ppid).unwrap_or(0),
            tty: fields.get(4).is_some_and(|tty| *tty != "0"),
            start_time,
        }),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Real user id and tracer.
pub(super) fn uid_and_tracer(pid: u32) -> io::Result<(u32, u32)> {
    let text = String::from_utf8_lossy(&read_capped(&path(pid, "status"), 16 * 1024)?).into_owned();
    // The first line is the process's own name, in which the kernel escapes line breaks.
    let value = |key: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_whitespace().next()?.parse::<u32>().ok()
    };
    match (value("Uid:"), value("TracerPid:")) {
        (Some(uid), Some(tracer)) => Ok((uid, tracer)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

pub(super) fn cmdline(pid: u32) -> Vec<String> {
    split_nul(&read_capped(&path(pid, "cmdline"), MAX_CMDLINE).unwrap_or_default())
}

/// The wanted variables of a process's environment.
pub(super) fn environ(pid: u32, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let bytes = read_capped(&path(pid, "environ"), MAX_ENVIRON).unwrap_or_default();
    let pairs = bytes.split(|byte| *byte == 0).filter_map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let name = std::str::from_utf8(&pair[..at]).ok()?;
        wanted(name).then(|| (name.to_owned(), String::from_utf8_lossy(&pair[at + 1..]).into_owned()))
    });
    pairs.collect()
}

pub(super) fn link(pid: u32, name: &str) -> Option<PathBuf> {
    fs::read_link(path(pid, name)).ok()
}

/// The sandbox that the process's control group names, as `flatpak:ID` or `snap:NAME`.
///
/// A user can make a control group of any name: it only says where to look for the real file.
pub(super) fn app(pid: u32) -> Option<String> {
    let text = String::from_utf8_lossy(&read_capped(&path(pid, "cgroup"), 16 * 1024).ok()?).into_owned();
    app_of_cgroup(&text)
}

fn app_of_cgroup(text: &str) -> Option<String> {
    let unit = text.lines().next_back()?.rsplit('/').next()?;
    if let Some(rest) = unit.strip_prefix("app-flatpak-") {
        let id = rest.strip_suffix(".scope").unwrap_or(rest);
        let id = id.rsplit_once('-').map_or(id, |(id, _)| id);
        return Some(format!("flatpak:{}", id.replace("\\x2d", "-")));
    }
    let name = unit.strip_prefix("snap.")?.split('.').next()?;
    Some(format!("snap:{name}"))
}

/// True where the program runs with more rights than whoever started it.
pub(super) fn is_setuid(pid: u32) -> bool {
    auxiliary(pid, AT_SECURE).is_some_and(|secure| secure != 0)
}

/// One of the words that the kernel gives a program as it starts.
fn auxiliary(pid: u32, wanted: u64) -> Option<u64> {
    let auxv = read_capped(&path(pid, "auxv"), 4096).ok()?;
    let (pairs, _) = auxv.as_chunks::<16>();
    pairs.iter().find_map(|pair| {
        let (key, value) = pair.split_at(8);
        let word = |bytes: &[u8]| bytes.try_into().map(u64::from_ne_bytes).ok();
        (word(key)? == wanted).then(|| word(value))?
    })
}

/// The file name that was given to `execve`: for a script with a `#!` line, the script.
pub(super) fn exec_name(pid: u32) -> Option<PathBuf> {
    let address = auxiliary(pid, AT_EXECFN)?;
    let memory = File::open(path(pid, "mem")).ok()?;
    let mut name = vec![0; 4096];
    // The name lies at the very top of the stack: the read ends there, or at the page after it.
    let read = (1..=2).rev().find_map(|half| match memory.read_at(&mut name[..half * 2048], address) {
        Ok(read) if read > 0 => Some(read),
        _ => None,
    })?;
    let end = name[..read].iter().position(|byte| *byte == 0)?;
    name.truncate(end);
    (!name.is_empty()).then(|| PathBuf::from(std::ffi::OsString::from_vec(name)))
}

/// Every file that is mapped with permission to execute.
pub(super) fn executable_maps(pid: u32) -> Vec<PathBuf> {
    let text = read_capped(&path(pid, "maps"), MAX_MAPS).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut files: Vec<PathBuf> = Vec::new();
    for line in text.lines() {
        let mut fields = line.splitn(6, ' ');
        let Some(permissions) = fields.nth(1) else { continue };
        let name = fields.nth(3).unwrap_or("").trim_start();
        if permissions.contains('x') && name.starts_with('/') && files.last().is_none_or(|last| last != name)
        {
            files.push(name.into());
        }
    }
    files.sort();
    files.dedup();
    files
}

fn split_nul(bytes: &[u8]) -> Vec<String> {
    // A program that renames itself leaves one string and a tail of zeros.
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    if end == 0 {
        return Vec::new();
    }
    bytes[..end].split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

fn read_capped(path: &Path, cap: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(cap).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_read() {
        let own = std::process::id();
        let stat = stat(own).expect("stat");
        assert!(stat.start_time > 0 && stat.ppid > 0);
        let exe = std::env::current_exe().expect("current exe");
        assert_eq!(exec_name(own).expect("exec name").file_name(), exe.file_name());
        assert!(executable_maps(own).contains(&exe));
        assert_eq!(
            cmdline(own).first().map(PathBuf::from).and_then(|p| p.file_name().map(Into::into)),
            exe.file_name().map(std::ffi::OsString::from)
        );
    }

    #[test]
    fn a_title_is_one_argument() {
        assert_eq!(split_nul(b"npm install\0\0\0\0"), ["npm install"]);
        assert_eq!(split_nul(b"sh\0-c\0\0x\0"), ["sh", "-c", "", "x"]);
        assert!(split_nul(b"\0\0").is_empty());
    }

    #[test]
    fn control_groups_name_sandboxes() {
        let app = |text: &str| app_of_cgroup(text);
        assert_eq!(
            app("0::/user.slice/user@1000.service/app.slice/app-flatpak-org.mozilla.firefox-4711.scope\n"),
            Some("flatpak:org.mozilla.firefox".into())
        );
        assert_eq!(app("0::/user.slice/snap.firefox.firefox-0a1b.scope"), Some("snap:firefox".into()));
        assert_eq!(app("0::/user.slice/session-2.scope"), None);
    }
}
