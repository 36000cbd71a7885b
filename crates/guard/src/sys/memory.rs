//! What was needed at the start and never again is given back: the daemon runs for weeks.

use std::fs;
use std::ptr::with_exposed_provenance_mut;

/// What is allocated from this size on goes back as soon as it is freed.
#[cfg(target_env = "gnu")]
const LARGE: libc::c_int = 128 * 1024;

/// Keeps the allocator from raising that size after it has seen a few large pieces. Must be called before
/// any thread starts.
pub fn keep_heap_small() {
    #[cfg(target_env = "gnu")]
    // SAFETY: no pointers are involved.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}

/// Gives back memory that was allocated and is free again. Others that allocate may wait for it a moment.
pub fn give_back_heap() {
    #[cfg(target_env = "gnu")]
    // SAFETY: no pointers are involved; what is in use is not touched.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Gives back the pages of code: those that are run again come back as they are needed.
pub fn give_back_code() {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for (start, length) in maps.lines().filter_map(code) {
        // SAFETY: the mapping is of a file and can be run but not written to, so that every page of it is as
        // in the file; the kernel reads a page again when it is used.
        unsafe { libc::madvise(with_exposed_provenance_mut(start), length, libc::MADV_DONTNEED) };
    }
}

/// Start and length of the code of a file that a line of `/proc/self/maps` tells of.
fn code(line: &str) -> Option<(usize, usize)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    let (start, end) = (address(start)?, address(end)?);
    (rest.starts_with("r-xp ") && rest.contains(" /")).then(|| (start, end - start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resident(kind: &str) -> usize {
        let status = fs::read_to_string("/proc/self/status").expect("status");
        let line = status.lines().find_map(|line| line.strip_prefix(kind)).expect("a line of it");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    #[test]
    fn only_code_of_files_is_taken_for_code() {
        assert_eq!(code("1000-3000 r-xp 00001000 fe:00 77   /usr/bin/x"), Some((0x1000, 0x2000)));
        for other in [
            "1000-3000 rwxp 00001000 fe:00 77   /usr/bin/x",
            "1000-3000 r--p 00001000 fe:00 77   /usr/bin/x",
            "1000-3000 r-xp 00000000 00:00 0    [vdso]",
            "1000-3000 r-xp 00000000 00:00 0",
            "",
        ] {
            assert_eq!(code(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_given_back_weighs_nothing_and_code_still_runs() {
        // Other tests run beside this one and take what they need.
        let is_lighter = |kind: &str, give_back: fn(), by: usize| {
            let before = resident(kind);
            give_back();
            resident(kind) + by < before
        };
        let heap = (0..10).any(|_| {
            let many: Vec<Vec<u8>> = (0..100_000).map(|_| vec![1; 200]).collect();
            // What lies last keeps the allocator from giving back the rest by itself.
            let last = std::hint::black_box(Box::new([1; 200]));
            drop(std::hint::black_box(many));
            let lighter = is_lighter("RssAnon:", give_back_heap, 10_000);
            drop(last);
            lighter
        });
        assert!(heap, "20 MB that were freed");
        assert!((0..10).any(|_| is_lighter("RssFile:", give_back_code, 100)), "code");
    }
}
