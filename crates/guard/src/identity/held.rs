//! For tests: real processes, held still in the middle of reading a "secret" that is a named pipe.

use super::{Identity, identify};
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A home with one secret that nobody can finish reading.
pub(crate) struct Trap {
    pub(crate) home: tempfile::TempDir,
    pub(crate) secret: PathBuf,
}

/// A process that is reading the secret; ended when dropped.
pub(crate) struct Held {
    child: Child,
    pipe: Option<File>,
}

impl Trap {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().expect("tempdir");
        let secret = home.path().join("secret");
        assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&secret).status().expect("mkfifo").success());
        Self { home, secret }
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.home.path().join(name);
        std::fs::create_dir_all(&folder).expect("create folder");
        folder
    }

    /// Starts a program and waits until it, or something it started, reads the secret.
    pub(crate) fn hold(&self, command: &mut Command) -> Held {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let deadline = Instant::now() + Duration::from_secs(60);
        let child = loop {
            match command.spawn() {
                // Another test forked while this program's file was still being written.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                started => break started.expect("spawn"),
            }
        };
        let mut held = Held { child, pipe: None };
        // Opening the pipe for writing without waiting works once somebody opened it for reading.
        while held.pipe.is_none() {
            held.pipe = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(&self.secret).ok();
            assert!(Instant::now() < deadline, "nobody came to read the secret");
            std::thread::sleep(Duration::from_millis(5));
        }
        held
    }
}

impl Held {
    /// The process that was started.
    pub(crate) fn itself(&self) -> Identity {
        identify(self.child.id()).expect("identify")
    }

    /// Lets it read on.
    pub(crate) fn let_go(mut self) -> Self {
        self.pipe = None;
        self
    }

    /// The process below it that has the secret open.
    pub(crate) fn reader(&self, secret: &Path) -> Identity {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(pid) = reader_of(secret) {
                return identify(pid).expect("identify");
            }
            assert!(Instant::now() < deadline, "no process has {} open", secret.display());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Whoever still reads sees the end of the file and goes.
        self.pipe = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn reader_of(secret: &Path) -> Option<u32> {
    let own = std::process::id();
    let pids = std::fs::read_dir("/proc").ok()?.flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| *pid != own).find(|pid| {
        std::fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|fds| {
            fds.flatten().any(|fd| std::fs::read_link(fd.path()).is_ok_and(|target| target == secret))
        })
    })
}
