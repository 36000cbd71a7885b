//! Looks at processes. A process can make a look at it take for ever (it can see to it that the lock of its
//! memory is never free, or name a file on a file system that does not answer), so nobody who has other
//! things to do looks without a limit.

use std::collections::{HashSet, VecDeque};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long one look at a process may take.
pub const LOOK_TIME: Duration = Duration::from_secs(2);
/// Processes that hold up a look at the same time, at most; each holds up a thread.
pub const STALLED: usize = 32;
const STACK_BYTES: usize = 256 * 1024;

/// Looks that end in time, each thread's at processes of its own.
#[derive(Debug, Default)]
pub struct Looks {
    /// Processes that hold up a look.
    stalled: Arc<Mutex<HashSet<u32>>>,
}

impl Looks {
    /// What a look at a process finds; `None` where it takes more than [`LOOK_TIME`].
    pub fn at<R: Send + 'static>(
        &self,
        pid: u32,
        look: impl Fn(u32) -> R + Send + Sync + 'static,
    ) -> Option<R> {
        self.at_each(vec![pid], look).pop().map(|(_, found)| found)
    }

    /// What looks at processes find, one after the other; those that take more than [`LOOK_TIME`], or held
    /// up an earlier look that still goes on, are left out.
    pub fn at_each<R: Send + 'static>(
        &self,
        pids: Vec<u32>,
        look: impl Fn(u32) -> R + Send + Sync + 'static,
    ) -> Vec<(u32, R)> {
        let (look, mut found) = (Arc::new(look), Vec::new());
        let mut left: VecDeque<u32> = pids.into();
        left.retain(|pid| !self.stalled().contains(pid));
        while !left.is_empty() && self.stalled().len() < STALLED {
            let (sender, receiver) = channel();
            let (look, pids, stalled) = (Arc::clone(&look), left.clone(), Arc::clone(&self.stalled));
            let looking =
                thread::Builder::new().name("look".into()).stack_size(STACK_BYTES).spawn(move || {
                    for pid in pids {
                        let seen = look(pid);
                        let late = lock(&stalled).remove(&pid);
                        if sender.send((pid, seen)).is_err() || late {
                            // Another thread goes on.
                            return;
                        }
                    }
                });
            if let Err(error) = looking {
                tracing::error!(%error, "a thread cannot be started");
                break;
            }
            while let Some(pid) = left.pop_front() {
                match receiver.recv_timeout(LOOK_TIME) {
                    Ok(seen) => found.push(seen),
                    Err(RecvTimeoutError::Timeout) => {
                        self.stalled().insert(pid);
                        found.extend(receiver.try_recv());
                        // In this very moment it may have ended after all, before anybody could call it late.
                        if found.last().is_none_or(|(seen, _)| *seen != pid) || !self.stalled().remove(&pid) {
                            break;
                        }
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        }
        found
    }

    fn stalled(&self) -> MutexGuard<'_, HashSet<u32>> {
        lock(&self.stalled)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::time::Instant;

    #[test]
    fn who_stalls_is_left_out_and_not_looked_at_again_until_that_look_ends() {
        let looks = Looks::default();
        let gate = Arc::new(Barrier::new(2));
        let look = {
            let gate = Arc::clone(&gate);
            move |pid| {
                if pid == 2 {
                    gate.wait();
                }
                pid * 10
            }
        };
        let start = Instant::now();
        assert_eq!(looks.at_each(vec![1, 2, 3], look), [(1, 10), (3, 30)]);
        assert!((LOOK_TIME..2 * LOOK_TIME).contains(&start.elapsed()), "{:?}", start.elapsed());
        assert_eq!(looks.at(2, |pid| pid), None, "it still stalls");
        gate.wait();
        let end = Instant::now() + LOOK_TIME;
        while looks.at(2, |pid| pid).is_none() {
            assert!(Instant::now() < end, "it stalls no more");
            thread::sleep(Duration::from_millis(1));
        }
    }
}
