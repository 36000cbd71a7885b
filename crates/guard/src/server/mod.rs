//! The Unix socket: who connects, what they may see and what they may change.

mod audience;
mod authority;
mod control;
mod decoys;
mod session;

pub use audience::{Audience, Client};
pub use authority::PinnedClients;

use crate::decoy;
use crate::gate::Gate;
use crate::journal::Journal;
use crate::watch::Guard;
use doorward_protocol::{GuardState, ServerMessage, Timestamp};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Connections of all users together.
const CONNECTIONS: usize = 128;
/// Connections of one user who is not root.
const CONNECTIONS_PER_USER: usize = 32;

/// What every session needs.
#[derive(Debug)]
pub struct Office {
    /// The guard.
    pub guard: Arc<Guard>,
    /// The journal; sessions and the recorder only, never the event thread.
    pub journal: Arc<Mutex<Journal>>,
    /// The programs that may answer.
    pub clients: PinnedClients,
    /// The exec gate, where it is on.
    pub gate: Option<Arc<Gate>>,
}

/// Why the socket could not be made.
#[derive(Debug, thiserror::Error)]
#[error("listening on {path} failed: {source}\nhint: {hint}")]
pub struct ListenError {
    path: PathBuf,
    source: io::Error,
    hint: &'static str,
}

/// Opens the socket for everybody; a socket that nobody serves any more is replaced.
///
/// # Errors
/// [`ListenError`].
pub fn listen(path: &Path) -> Result<UnixListener, ListenError> {
    let failed = |hint| move |source| ListenError { path: path.to_path_buf(), source, hint };
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        fs::create_dir_all(folder).map_err(failed("the daemon must be able to make the folder"))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
            .map_err(failed("the folder must be open to everybody"))?;
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        let taken = io::Error::from(io::ErrorKind::AddrInUse);
        return Err(failed("another doorwardd listens there; end it or name another socket")(taken));
    }
    if let Ok(metadata) = path.symlink_metadata() {
        use std::os::unix::fs::FileTypeExt;
        if !metadata.file_type().is_socket() {
            let other = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(failed("something else has that name; move it away")(other));
        }
        fs::remove_file(path).map_err(failed("the old socket is in the way"))?;
    }
    let listener = UnixListener::bind(path).map_err(failed("check the folder and the length of the path"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o666))
        .map_err(failed("the socket must be open to everybody"))?;
    Ok(listener)
}

/// Accepts connections for ever, each on threads of its own.
pub fn serve(office: &Arc<Office>, listener: &UnixListener) {
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => session::open(office, stream),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// Sends the state to everybody who listens, each time it changed, at most five times a second.
pub fn tell_state(office: &Arc<Office>) {
    loop {
        office.guard.audience.wait_for_change();
        std::thread::sleep(Duration::from_millis(200));
        office
            .guard
            .audience
            .tell_each(|client| ServerMessage::State(Box::new(state_for(&office.guard, client))));
    }
}

/// Everything a front end needs to draw the guard's state for its user.
pub fn state_for(guard: &Guard, client: &Client) -> GuardState {
    let everybody = (client.uid != 0).then_some(client.uid);
    let now = Timestamp::now();
    let (policy, paused_until, rules) = guard.settings.with(|current| {
        let rules = current.rules.iter().filter(|(owner, _)| everybody.is_none_or(|uid| uid == **owner));
        let rules =
            rules.flat_map(|(_, rules)| rules).filter(|rule| rule.expires_at.is_none_or(|end| now < end));
        (current.policy, current.paused_until.filter(|until| now < *until), rules.cloned().collect())
    });
    let mut coverage = guard.enrolment.table().coverage(everybody);
    let mut planted = guard.settings.with(|current| current.decoys.clone());
    planted.retain(|owner, _| everybody.is_none_or(|uid| uid == *owner));
    // A thief that asks first must not learn where not to step.
    if !client.sees_decoys {
        planted.clear();
        coverage.retain(|line| line.class != decoy::CLASS);
    }
    let decoys = planted.iter().flat_map(|(owner, all)| all.iter().map(|one| one.shown(*owner))).collect();
    GuardState {
        policy,
        paused_until,
        rules,
        coverage,
        decoys,
        kernel: crate::state::kernel(guard.group.features(), guard.enrolment.topology().reports_targets()),
        counters: guard.counters(),
        gaps: guard.enrolment.gaps(everybody),
    }
}
