//! A crash must not open the door: the parent keeps the group of permission events, so that readers
//! stay held while a new worker starts and answers them.

use crate::sys::{self, Forked, Group, Signal};
use std::io;
use std::time::{Duration, Instant};

/// The exit code of a worker that panicked.
const PANICKED: i32 = 101;
/// A worker that lives no longer than this has not even begun: the next one can wait a little.
const SOON: Duration = Duration::from_millis(200);
/// Readers are held while nobody is there to answer them.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A worker that was asked to end and is stuck must not hold readers for ever.
const LONGEST_END_SECONDS: u32 = 15;

/// What the process that returns is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Guard; `first` is false where a predecessor crashed and readers may wait for an answer.
    Worker {
        /// True for the first worker.
        first: bool,
    },
    /// The worker ended in order: end with this code.
    Done(i32),
}

/// Forks workers until one ends in order. The group is only held, never read here. Must be called
/// before any thread starts.
///
/// # Errors
/// Those of fork(2).
pub fn supervise(_group: &Group) -> io::Result<Role> {
    sys::block_signals();
    let supervisor = std::process::id();
    let (mut first, mut pause) = (true, Duration::from_millis(50));
    loop {
        let started = Instant::now();
        let worker = match sys::fork_before_threads()? {
            Forked::Child => {
                sys::die_with_parent(supervisor);
                return Ok(Role::Worker { first });
            }
            Forked::Parent(worker) => worker,
        };
        // It only waits from now on.
        sys::give_back_code();
        let ending = wait_for_end(worker);
        match ending {
            // A worker that cannot even start is an error of the first one, and a reason to try again later.
            Ending { code: Some(code), .. } if code == 0 || (first && code != PANICKED) => {
                return Ok(Role::Done(code));
            }
            Ending { asked: true, .. } => return Ok(Role::Done(0)),
            _ => {}
        }
        first = false;
        pause =
            if started.elapsed() < SOON { (pause * 2).min(LONGEST_PAUSE) } else { Duration::from_millis(50) };
        std::thread::sleep(pause);
    }
}

struct Ending {
    code: Option<i32>,
    asked: bool,
}

fn wait_for_end(worker: i32) -> Ending {
    let mut asked = false;
    loop {
        match sys::wait_for_signal() {
            Signal::End => {
                sys::end_child(worker);
                if !asked {
                    sys::alarm_in(LONGEST_END_SECONDS);
                }
                asked = true;
            }
            Signal::Overdue => {
                sys::kill_child(worker);
                tracing::error!(worker, "the worker did not end in time and was killed");
            }
            Signal::Reload => sys::reload_child(worker),
            Signal::Child => {
                if let Some(code) = sys::collect_child(worker) {
                    return Ending { code, asked };
                }
            }
        }
    }
}
