use std::path::PathBuf;

/// Names the daemon's socket, so that tests and several daemons never meet.
pub const SOCKET_VARIABLE: &str = "DOORWARD_SOCKET";
/// Names the folder with the user's database, vault and settings.
pub const DATA_DIR_VARIABLE: &str = "DOORWARD_DATA_DIR";

/// Where the daemon listens: `$DOORWARD_SOCKET`, else `/run/doorward/doorwardd.sock`.
pub fn socket_path() -> PathBuf {
    match std::env::var_os(SOCKET_VARIABLE) {
        Some(path) if !path.is_empty() => PathBuf::from(path),
        _ => PathBuf::from("/run/doorward/doorwardd.sock"),
    }
}

/// Where the user's own data lives: `$DOORWARD_DATA_DIR`, else `$XDG_DATA_HOME/doorward`, else
/// `~/.local/share/doorward`. `None` where not even `$HOME` is set.
pub fn data_dir() -> Option<PathBuf> {
    let named =
        |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    named(DATA_DIR_VARIABLE)
        .or_else(|| named("XDG_DATA_HOME").map(|path| path.join("doorward")))
        .or_else(|| named("HOME").map(|path| path.join(".local/share/doorward")))
}
