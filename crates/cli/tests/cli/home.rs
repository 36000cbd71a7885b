//! A made-up home and the program running in it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A home of the test's own, with a data folder and a socket nobody else uses.
pub(crate) struct Home {
    dir: tempfile::TempDir,
}

/// What a run of the program came to.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path().join("doorwardd.sock")
    }

    /// Writes a file below the home, with its folders.
    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::write(&path, content).expect("a file");
        path
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorward"));
        command
            .args(args)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.path())
            .env("DOORWARD_DATA_DIR", self.path().join("data"))
            .env("DOORWARD_SOCKET", self.socket())
            .current_dir(self.path());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        let output = self.command(args).output().expect("doorward runs");
        let outcome = Outcome {
            code: output.status.code().expect("an exit code"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        };
        assert!(!outcome.stdout.contains('\u{1b}'), "colour without a terminal: {}", outcome.stdout);
        assert!(!outcome.stderr.contains('\u{1b}'), "colour without a terminal: {}", outcome.stderr);
        outcome
    }

    /// Runs it and expects success.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let outcome = self.run(args);
        assert_eq!(outcome.code, 0, "{args:?}\n{}\n{}", outcome.stdout, outcome.stderr);
        outcome.stdout
    }
}
