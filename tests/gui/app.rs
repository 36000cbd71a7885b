//! The app of one test, beside a daemon of its own.

use anyhow::Result;
use doorward_tests::desktop::{Desktop, Driver, Process};
use doorward_tests::{Daemon, Sandbox, sandboxed};
use std::path::{Path, PathBuf};

/// Runs a test with a desktop, on a runtime.
pub(crate) fn on_a_desktop(name: &str, test: impl AsyncFnOnce(&Sandbox, &Desktop<'_>) -> Result<()>) {
    sandboxed("gui", name, |sandbox| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let desktop = Desktop::start(sandbox).expect("a desktop");
        // The daemon trusts program files that are there when it starts.
        sandbox.program("doorward-app");
        let outcome = runtime.block_on(test(sandbox, &desktop));
        if let Err(error) = outcome {
            let logs = ["app.log", "driver.log"]
                .map(|log| std::fs::read_to_string(desktop.folder().join(log)).unwrap_or_default());
            panic!("{error:#}\n{}", logs.join("\n"));
        }
    });
}

/// Where the app finds its daemon, its data and its worker.
pub(crate) struct Places {
    app: PathBuf,
    worker: PathBuf,
    socket: PathBuf,
    data: PathBuf,
}

impl Places {
    pub(crate) fn new(sandbox: &Sandbox, socket: PathBuf) -> Self {
        Self {
            app: sandbox.program("doorward-app"),
            worker: sandbox.program("doorward-scan-worker"),
            socket,
            data: sandbox.home().join(".local/share/doorward"),
        }
    }

    pub(crate) fn with(sandbox: &Sandbox, daemon: &Daemon<'_>) -> Self {
        Self::new(sandbox, daemon.socket())
    }

    fn environment(&self) -> [(&'static str, &Path); 3] {
        [
            ("DOORWARD_SOCKET", &self.socket),
            ("DOORWARD_DATA_DIR", &self.data),
            ("DOORWARD_SCAN_WORKER", &self.worker),
        ]
    }

    /// The app with its window, in a driver's hands.
    pub(crate) async fn driven(&self, desktop: &Desktop<'_>) -> Result<Driver> {
        Driver::start(desktop, &self.app, &self.environment()).await
    }

    /// The app as a session starts it.
    pub(crate) fn start(&self, desktop: &Desktop<'_>, argument: &str) -> Result<Process> {
        let mut command = desktop.command(&self.app);
        command.arg(argument).envs(self.environment());
        let log = if argument == "--background" { "app.log" } else { "second.log" };
        Process::start(&mut command, &desktop.folder().join(log))
    }
}
