use crate::migrations::{self, VERSION};
use crate::{Reader, StoreError, Writer};
use doorward_protocol::Timestamp;
use rusqlite::{Connection, ErrorCode};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long one process waits for another one's write.
const PATIENCE: Duration = Duration::from_secs(10);

/// The user's database, as its two handles. Both can be cloned and used from any thread.
#[derive(Debug, Clone)]
pub struct Store {
    /// Looks things up; never waits for a writer.
    pub reader: Reader,
    /// Changes things.
    pub writer: Writer,
}

/// An open database.
#[derive(Debug)]
pub struct Opened {
    /// The database.
    pub store: Store,
    /// Where an unusable one was set aside, and so why this one is empty; to be told to the user.
    pub set_aside: Option<PathBuf>,
}

impl Store {
    /// Opens `doorward.db` in a folder; makes both where they are missing.
    ///
    /// A file that is damaged, no database, or written by a newer version is renamed and a new one made.
    ///
    /// # Errors
    /// When the folder or the file cannot be made, read or written, or a running newer version uses it.
    pub fn open(dir: &Path) -> Result<Opened, StoreError> {
        make_private(dir)?;
        let path = dir.join("doorward.db");
        let lock = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(dir.join("doorward.lock"))
            .map_err(|error| StoreError::io("open", &path, error))?;
        lock.lock_shared().map_err(|error| StoreError::io("lock", &path, error))?;
        match connect(&path) {
            Ok(connection) => Ok(Opened { store: assemble(connection, &path, lock)?, set_aside: None }),
            Err(Unusable::Failed(error)) => Err(*error),
            Err(Unusable::Hopeless) => {
                let set_aside = set_aside(&path, &lock)?;
                let connection = connect(&path).map_err(|unusable| match unusable {
                    Unusable::Failed(error) => *error,
                    Unusable::Hopeless => StoreError::refused(
                        "open",
                        &path,
                        "a database that was just made is damaged",
                        "Check the disk (`dmesg`, `df`).",
                    ),
                })?;
                Ok(Opened { store: assemble(connection, &path, lock)?, set_aside })
            }
        }
    }
}

fn make_private(dir: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|error| StoreError::io("make the folder", dir, error))?;
    let mode =
        fs::metadata(dir).map_err(|error| StoreError::io("look at the folder", dir, error))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        fs::set_permissions(dir, fs::Permissions::from_mode(mode & 0o700))
            .map_err(|error| StoreError::io("close the folder to others", dir, error))?;
    }
    Ok(())
}

enum Unusable {
    /// Damaged, no database, or from a newer version: better off under another name.
    Hopeless,
    /// Something in the way that may pass.
    Failed(Box<StoreError>),
}

fn connect(path: &Path) -> Result<Connection, Unusable> {
    let failed = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Unusable::Hopeless,
        _ => Unusable::Failed(Box::new(StoreError::sql("open", path, error))),
    };
    // Made here first so that nobody else can read it, not even for a moment; SQLite gives its
    // sidecars the same mode.
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| Unusable::Failed(Box::new(StoreError::io("open", path, error))))?;
    let mut connection = plain_connection(path).map_err(failed)?;
    let found = migrations::version(&connection).map_err(failed)?;
    if found > VERSION {
        return Err(Unusable::Hopeless);
    }
    let verdict: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return Err(Unusable::Hopeless);
    }
    // A file that is a database, but somebody else's, cannot climb the ladder.
    migrations::migrate(&mut connection).map_err(|error| match error {
        rusqlite::Error::SqlInputError { .. } => Unusable::Hopeless,
        _ => failed(error),
    })?;
    if !migrations::complete(&connection).map_err(failed)? {
        return Err(Unusable::Hopeless);
    }
    // Last: it writes to the file, and a file that goes aside goes as it was.
    patiently(|| connection.pragma_update(None, "journal_mode", "wal")).map_err(failed)?;
    Ok(connection)
}

/// SQLite does not wait by itself while another process changes the journal mode.
fn patiently(mut step: impl FnMut() -> rusqlite::Result<()>) -> rusqlite::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match step() {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(10));
            }
            outcome => return outcome,
        }
    }
}

fn plain_connection(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn assemble(connection: Connection, path: &Path, lock: File) -> Result<Store, StoreError> {
    let path: Arc<Path> = path.into();
    let lock = Arc::new(lock);
    let for_reading = plain_connection(&path).map_err(|error| StoreError::sql("open", &path, error))?;
    for_reading
        .pragma_update(None, "query_only", true)
        .map_err(|error| StoreError::sql("open", &path, error))?;
    Ok(Store {
        reader: Reader {
            connection: Arc::new(Mutex::new(for_reading)),
            path: Arc::clone(&path),
            _lock: Arc::clone(&lock),
        },
        writer: Writer { connection: Arc::new(Mutex::new(connection)), path, _lock: lock },
    })
}

/// Renames the file and its sidecars, unless another process is using them. `None` where another
/// process has done it meanwhile.
fn set_aside(path: &Path, lock: &File) -> Result<Option<PathBuf>, StoreError> {
    lock.unlock().map_err(|error| StoreError::io("unlock", path, error))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StoreError::refused(
                "open",
                path,
                "it is damaged or from a newer version, and another Doorward is using it",
                "Quit the other Doorward first, or install the newer version here too.",
            ));
        }
        Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", path, error)),
    }
    let usable_by_now = connect(path).is_ok();
    let moved = if usable_by_now { None } else { Some(rename_all(path)?) };
    lock.unlock().map_err(|error| StoreError::io("unlock", path, error))?;
    lock.lock_shared().map_err(|error| StoreError::io("lock", path, error))?;
    Ok(moved)
}

fn rename_all(path: &Path) -> Result<PathBuf, StoreError> {
    let stamp = Timestamp::now().to_string().replace(':', "-");
    let aside = with_suffix(path, &format!(".set-aside-{stamp}"));
    for sidecar in ["-wal", "-shm", ""] {
        let from = with_suffix(path, sidecar);
        match fs::rename(&from, with_suffix(&aside, sidecar)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !sidecar.is_empty() => {}
            Err(error) => return Err(StoreError::io("set aside", &from, error)),
            Ok(()) => {}
        }
    }
    Ok(aside)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}
