//! One worker process, as its parent sees it.

use super::{Cancel, TICK};
use crate::ScanError;
use crate::client::locate::Setup;
use crate::worker::protocol::{FromWorker, ToWorker};
use doorward_protocol::{Frames, write_frame};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fmt::Display;
use std::io::{self, Read as _};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const START_TIME: Duration = Duration::from_secs(20);

/// A running worker; dropping it ends the process.
pub(super) struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    replies: Frames<FromWorker>,
}

/// Why a worker did not do its work.
#[derive(Debug)]
pub(super) enum Fault {
    /// It died, or never started.
    Broken(String),
    /// It took too long.
    Late,
    /// The caller does not want the answer any more.
    Cancelled,
}

impl Fault {
    pub(super) fn nonsense() -> Self {
        Self::Broken("the worker answered out of turn".into())
    }

    pub(super) fn reason(&self) -> String {
        match self {
            Self::Broken(reason) => reason.clone(),
            Self::Late => "reading took too long and was stopped".into(),
            Self::Cancelled => "the scan was cancelled".into(),
        }
    }
}

impl Worker {
    /// Starts a worker and waits until it has confined itself.
    pub(super) fn start(setup: &Setup, cancel: &Cancel) -> Result<Self, ScanError> {
        let failed = |reason: String| ScanError::WorkerFailed { path: setup.program().into(), reason };
        let mut child = Command::new(setup.program())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("its pipes are missing".into()));
        };
        let mut worker = Self { child, input, output, replies: Frames::default() };
        let ready = worker
            .send(setup.start_message())
            .and_then(|()| worker.receive(Instant::now() + START_TIME, cancel));
        match ready {
            Ok(FromWorker::Ready(confinement)) if confinement.seccomp => Ok(worker),
            Ok(_) => Err(failed("it did not confine itself".into())),
            Err(Fault::Cancelled) => Err(ScanError::Cancelled),
            Err(fault) => Err(failed(fault.reason())),
        }
    }

    pub(super) fn send(&mut self, message: &ToWorker) -> Result<(), Fault> {
        write_frame(&mut self.input, message).map_err(|_| self.death())
    }

    pub(super) fn receive(&mut self, deadline: Instant, cancel: &Cancel) -> Result<FromWorker, Fault> {
        let broke_off =
            |error: &dyn Display| Fault::Broken(format!("the worker's answer broke off ({error})"));
        loop {
            if let Some(message) = self.replies.next_message().map_err(|error| broke_off(&error))? {
                return Ok(message);
            }
            if cancel.is_cancelled() {
                return Err(Fault::Cancelled);
            }
            if Instant::now() > deadline {
                return Err(Fault::Late);
            }
            if self.read(TICK).map_err(|error| broke_off(&error))? == Some(0) {
                return Err(self.death());
            }
        }
    }

    /// How many bytes came, none at the worker's end; `None` where nothing came in time.
    fn read(&mut self, time: Duration) -> io::Result<Option<usize>> {
        let time = Timespec::try_from(time).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&self.output, PollFlags::IN)], Some(&time)) {
            Ok(0) | Err(Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let mut bytes = [0; 16 * 1024];
        let count = self.output.read(&mut bytes)?;
        self.replies.push(&bytes[..count]);
        Ok(Some(count))
    }

    fn death(&mut self) -> Fault {
        let _ = self.child.kill();
        let how = match self.child.wait() {
            Ok(status) => match status.signal() {
                Some(signal) => format!("signal {signal}"),
                None => format!("exit status {}", status.code().unwrap_or_default()),
            },
            Err(error) => error.to_string(),
        };
        Fault::Broken(format!("the worker ended ({how}) while reading this package"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Both fail only where the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
