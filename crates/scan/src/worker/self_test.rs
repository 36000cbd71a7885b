//! Tries from inside the sandbox what a taken-over worker would try, for the tests: every attempt must fail.

use super::sandbox;
use std::fs::{self, OpenOptions};
use std::io;
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Confines this process to `granted`, makes the attempts and prints one `name: outcome` line each.
///
/// `granted` holds `file`, which must be readable; `other` lies outside and must not be. Something listens
/// on `port`.
pub(super) fn run(granted: &Path, other: &Path, port: u16) -> ExitCode {
    let confinement = match sandbox::confine(&[PathBuf::from(granted)]) {
        Ok(confinement) => confinement,
        Err(error) => return say(&[("confine".into(), Err(error))]),
    };
    let landlock = format!("landlock {}", confinement.landlock);
    let file = granted.join("file");
    let attempts: Vec<(String, io::Result<()>)> = vec![
        (landlock, Ok(())),
        ("read granted".into(), fs::read(&file).map(drop)),
        ("read other".into(), fs::read(other).map(drop)),
        ("overwrite".into(), OpenOptions::new().write(true).open(&file).map(drop)),
        ("append".into(), OpenOptions::new().append(true).open(&file).map(drop)),
        ("create".into(), fs::write(granted.join("new"), "x")),
        ("create in tmp".into(), fs::write(std::env::temp_dir().join("doorward-self-test"), "x")),
        ("make folder".into(), fs::create_dir(granted.join("folder"))),
        ("remove".into(), fs::remove_file(&file)),
        ("rename".into(), fs::rename(&file, granted.join("renamed"))),
        ("link".into(), std::os::unix::fs::symlink("x", granted.join("link"))),
        ("connect tcp".into(), TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map(drop)),
        ("open udp".into(), UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map(drop)),
        ("run a program".into(), Command::new("/bin/true").status().map(drop)),
        ("start a thread".into(), std::thread::Builder::new().spawn(|| ()).map(drop)),
    ];
    say(&attempts)
}

fn say(attempts: &[(String, io::Result<()>)]) -> ExitCode {
    use std::io::Write as _;
    let mut out = io::stdout().lock();
    for (name, outcome) in attempts {
        let outcome = match outcome {
            Ok(()) => "done".to_owned(),
            Err(error) => format!("failed: {error}"),
        };
        if writeln!(out, "{name}: {outcome}").is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
