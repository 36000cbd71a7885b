use super::{Identity, proc};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::sync::{Mutex, MutexGuard, PoisonError};

const MAX_ENTRIES: usize = 4096;

/// SHA-256 of executables, remembered by device, inode, size and times: a file whose contents
/// changed has another change time, which no user can set.
#[derive(Debug, Default)]
pub struct HashCache {
    known: Mutex<HashMap<Key, String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    dev: u64,
    ino: u64,
    size: u64,
    mtime: i128,
    ctime: i128,
}

impl HashCache {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// The hash, if it has been computed. Never waits, never reads a file.
    pub fn get(&self, identity: &Identity) -> Option<String> {
        self.known().get(&Key::of(identity)).cloned()
    }

    /// Reads the executable through `/proc/PID/exe` and remembers its hash. Takes up to a second for
    /// a large program: never to be called on the event thread.
    ///
    /// An error is returned where the process is gone or runs another executable by now.
    pub fn compute(&self, identity: &Identity) -> io::Result<String> {
        if let Some(known) = self.get(identity) {
            return Ok(known);
        }
        self.compute_from(identity, File::open(proc::path(identity.pid, "exe"))?)
    }

    /// Like [`Self::compute`], from the executable opened while the process still lived.
    pub fn compute_from(&self, identity: &Identity, file: File) -> io::Result<String> {
        if Key::of_file(&file)? != Key::of(identity) {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                "the process runs another executable by now",
            ));
        }
        self.compute_file(file)
    }

    /// The hash of any file, computed and remembered unless it is known already.
    pub fn compute_file(&self, mut file: File) -> io::Result<String> {
        let key = Key::of_file(&file)?;
        if let Some(known) = self.known().get(&key) {
            return Ok(known.clone());
        }
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 256 * 1024];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => hasher.update(&buffer[..read]),
            }
        }
        let hash: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut known = self.known();
        if known.len() >= MAX_ENTRIES {
            known.clear();
        }
        known.insert(key, hash.clone());
        Ok(hash)
    }

    // The lock is only ever held for one look-up or insertion, so a poisoned map is a whole map.
    fn known(&self) -> MutexGuard<'_, HashMap<Key, String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Key {
    fn of_file(file: &File) -> io::Result<Self> {
        let meta = file.metadata()?;
        Ok(Self {
            dev: meta.dev(),
            ino: meta.ino(),
            size: meta.size(),
            mtime: super::nanoseconds(meta.mtime(), meta.mtime_nsec()),
            ctime: super::nanoseconds(meta.ctime(), meta.ctime_nsec()),
        })
    }

    fn of(identity: &Identity) -> Self {
        Self {
            dev: identity.dev,
            ino: identity.ino,
            size: identity.exe_size,
            mtime: identity.exe_mtime,
            ctime: identity.exe_ctime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::identify;

    #[test]
    fn a_hash_is_there_only_after_it_was_computed() {
        let identity = identify(std::process::id()).expect("identify");
        let cache = HashCache::new();
        assert_eq!(cache.get(&identity), None);
        let hash = cache.compute(&identity).expect("compute");
        let bytes = std::fs::read(&identity.exe).expect("read");
        let expected: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, expected);
        assert_eq!(cache.get(&identity), Some(hash));
    }

    #[test]
    fn another_executable_under_the_same_pid_is_not_hashed() {
        let mut identity = identify(std::process::id()).expect("identify");
        identity.ino += 1;
        assert!(HashCache::new().compute(&identity).is_err());
    }
}
