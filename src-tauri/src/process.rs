//! What is known of a process now, for the sentences a person reads; nothing is decided by it.

use std::path::Path;
use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};

/// Whether a reader is still running, in a sentence. A process that runs something else by now is
/// another one that got its number.
pub(crate) fn still_running(pid: u32, exe: &Path) -> String {
    let pid = Pid::from_u32(pid);
    let mut system = System::new();
    let wanted = ProcessRefreshKind::nothing().with_exe(UpdateKind::Always).with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[pid]), true, wanted);
    match system.process(pid) {
        Some(process) if process.exe().is_none_or(|found| found == exe) => {
            let minutes = process.run_time() / 60;
            let age = match minutes {
                0 => "less than a minute".to_owned(),
                1 => "1 minute".to_owned(),
                minutes => format!("{minutes} minutes"),
            };
            format!("It is process {pid} and has been running for {age}.")
        }
        _ => "It is no longer running.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_is_running_and_another_program_with_its_number_is_not_it() {
        let pid = std::process::id();
        let exe = std::env::current_exe().expect("path");
        assert!(still_running(pid, &exe).contains(&format!("process {pid}")));
        assert_eq!(still_running(pid, Path::new("/usr/bin/other")), "It is no longer running.");
        assert_eq!(still_running(u32::MAX - 7, &exe), "It is no longer running.");
    }
}
