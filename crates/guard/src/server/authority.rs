use crate::attribution::manager_of;
use crate::identity::Identity;
use crate::lineage::Lineage;
use crate::sys::PeerIdentity;
use crate::watch::{Guard, ObjectKey};
use doorward_protocol::{ErrorCode, WireError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Administrators asked at the same time.
const CONSENTS: usize = 4;
static ASKED_NOW: AtomicUsize = AtomicUsize::new(0);

/// The program files that may answer, by device and inode as they were at the start.
#[derive(Debug, Default)]
pub struct PinnedClients(Vec<ObjectKey>);

impl PinnedClients {
    /// Pins the files that exist.
    pub fn pin(paths: &[PathBuf]) -> Self {
        let pinned = paths.iter().filter_map(|path| match path.metadata() {
            Ok(metadata) => Some(ObjectKey::of(&metadata)),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a client program cannot be pinned");
                None
            }
        });
        Self(pinned.collect())
    }

    /// Who the peer is, if it may answer questions and weaken protection.
    ///
    /// # Errors
    /// [`ErrorCode::Forbidden`] with the reason.
    pub fn check(&self, peer: &PeerIdentity, lineage: &Lineage) -> Result<Identity, WireError> {
        let identity = lineage
            .identify(peer.pid)
            .ok()
            .filter(|_| peer.is_alive())
            .ok_or_else(|| forbidden("The process that connected has ended.", "Connect again."))?;
        let pinned = self.0.contains(&ObjectKey { dev: identity.dev, ino: identity.ino });
        if !pinned && peer.uid != 0 {
            return Err(forbidden(
                "This program may not answer questions or weaken protection.",
                "Use Doorward's own window or command; an administrator names programs in `clients`.",
            ));
        }
        if !identity.injected.is_empty() {
            return Err(forbidden(
                "Foreign code or a debugger sits in the program that asked.",
                "Start it without LD_PRELOAD and the like.",
            ));
        }
        if let Some(found) = lineage.attribute(&identity) {
            let message =
                format!("A script of the package {} started the program that asked.", found.package);
            return Err(forbidden(&message, "Use Doorward's own window, or a terminal of your own."));
        }
        Ok(identity)
    }
}

/// False where a package's script started the peer, foreign code sits in it, or it cannot be looked at.
pub(super) fn belongs_to_the_user(peer: &PeerIdentity, guard: &Guard) -> bool {
    let lineage = Arc::clone(&guard.lineage);
    let belongs = guard.looks.at(peer.pid, move |pid| {
        lineage.identify(pid).is_ok_and(|identity| {
            identity.injected.is_empty()
                && lineage.attribute(&identity).is_none()
                && manager_of(&identity).is_none()
        })
    });
    belongs.unwrap_or(false)
}

/// An administrator's consent, asked for by polkit; root needs none. Waits for the person.
///
/// # Errors
/// [`ErrorCode::NotAuthorised`] with the reason.
pub(super) fn consent(polkit: &Path, peer: &PeerIdentity, identity: &Identity) -> Result<(), WireError> {
    if peer.uid == 0 {
        return Ok(());
    }
    if polkit.as_os_str() == "off" {
        return Err(refused("Only root may weaken protection here.", "Use `sudo doorward guard`."));
    }
    if ASKED_NOW.fetch_add(1, Relaxed) >= CONSENTS {
        ASKED_NOW.fetch_sub(1, Relaxed);
        return Err(refused("Administrators are being asked about other things.", "Try again in a moment."));
    }
    let process = format!("{},{},{}", peer.pid, identity.start_time, peer.uid);
    let status = Command::new(polkit)
        .args(["--process", &process, "--action-id", "org.doorward.control", "--allow-user-interaction"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    ASKED_NOW.fetch_sub(1, Relaxed);
    match status {
        Ok(status) if status.success() && peer.is_alive() => Ok(()),
        Ok(_) => Err(refused("The administrator did not consent.", "Nothing was changed.")),
        Err(error) => Err(refused(
            &format!("Asking for an administrator's consent failed: {error}."),
            "Install polkit, or use `sudo doorward guard`.",
        )),
    }
}

fn forbidden(message: &str, hint: &str) -> WireError {
    WireError { code: ErrorCode::Forbidden, message: message.into(), hint: hint.into() }
}

fn refused(message: &str, hint: &str) -> WireError {
    WireError { code: ErrorCode::NotAuthorised, message: message.into(), hint: hint.into() }
}
