//! Packages locked away.

use super::{Controller, FeatureName, Input, Reply, Shell, Told};
use crate::failure::{Answer, Failure};
use crate::notify::{About, Note, NoteAction};
use doorward_protocol::{PackageRef, SealReason, SealedItem, SealedState};
use doorward_vault::{KeyPlace, Vault, VaultError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

impl<S: Shell> Controller<S> {
    pub(super) fn vault_opened(&mut self, opened: Result<Vault, VaultError>) {
        let (on, note) = match opened {
            Ok(vault) => {
                let state = match vault.key_place() {
                    KeyPlace::Keyring => {
                        (true, "The quarantine's key is in the desktop's keyring.".to_owned())
                    }
                    KeyPlace::File { warning, .. } => (false, warning.clone()),
                };
                let items = vault.list().unwrap_or_default();
                self.vault = Some(Arc::new(Mutex::new(vault)));
                self.sealed_changed(items);
                state
            }
            Err(error) => (false, format!("Nothing can be locked away: {error}. {}", error.hint)),
        };
        self.features.insert(FeatureName::Keyring, (on, note));
    }

    pub(super) fn sealed_changed(&mut self, items: Vec<SealedItem>) {
        let locked: Vec<&Path> = items
            .iter()
            .filter(|item| item.state == SealedState::Sealed)
            .map(|item| item.origin.as_path())
            .collect();
        self.flagged.retain(|path, _| !locked.contains(&path.as_path()));
        self.shell.tell(Told::Quarantine(items.clone()));
        self.sealed = items;
    }

    pub(super) fn seal(
        &self,
        path: PathBuf,
        package: PackageRef,
        reason: SealReason,
        reply: Reply<SealedItem>,
    ) {
        self.with_vault(
            move |vault| vault.seal(&path, Some(package), reason),
            move |outcome| {
                let _ = reply.send(outcome);
            },
        );
    }

    pub(super) fn restore(&self, id: String, reply: Reply<()>) {
        self.with_vault(
            move |vault| vault.restore(&id),
            move |outcome| {
                let _ = reply.send(outcome.map(|_| ()));
            },
        );
    }

    pub(super) fn delete(&self, id: String, reply: Reply<()>) {
        self.with_vault(
            move |vault| vault.delete(&id),
            move |outcome| {
                let _ = reply.send(outcome.map(|_| ()));
            },
        );
    }

    /// Locks a flagged package away because a notification's button, or the settings, said so.
    pub(super) fn lock_away(&mut self, path: PathBuf) {
        let Some(flagged) = self.flagged.get(&path).cloned() else { return };
        let reason =
            SealReason { verdict: Some(flagged.verdict), text: flagged.why.clone(), events: Vec::new() };
        let package = flagged.package.clone();
        let name = package.to_string();
        let notify = self.settings.notifications.then(|| self.tools.inputs.clone());
        let inputs = self.tools.inputs.clone();
        let sealed_path = path.clone();
        self.with_vault(
            move |vault| vault.seal(&sealed_path, Some(package), reason),
            move |outcome| match outcome {
                Ok(_) => {
                    if let Some(inputs) = notify {
                        let _ = inputs.send(Input::Tell(Note {
                            about: About::Package(path),
                            title: "A malicious package is locked away".to_owned(),
                            body: format!("{name}: {}", flagged.why),
                            urgent: false,
                            actions: vec![("Show", NoteAction::ShowQuarantine)],
                        }));
                    }
                }
                Err(failure) => {
                    let _ = inputs.send(Input::Failed { doing: "A package was not locked away", failure });
                }
            },
        );
    }

    /// Changes the vault on a blocking thread, tells what is in it then, and hands the outcome on.
    fn with_vault(
        &self,
        change: impl FnOnce(&mut Vault) -> Result<SealedItem, VaultError> + Send + 'static,
        done: impl FnOnce(Answer<SealedItem>) + Send + 'static,
    ) {
        let Some(vault) = self.vault.clone() else {
            done(Err(not_open()));
            return;
        };
        let inputs = self.tools.inputs.clone();
        tokio::task::spawn_blocking(move || {
            let mut vault = vault.lock().unwrap_or_else(PoisonError::into_inner);
            let outcome = change(&mut vault).map_err(Failure::from);
            if let Ok(items) = vault.list() {
                let _ = inputs.send(Input::Sealed(items));
            }
            done(outcome);
        });
    }

    /// Looks something up in the vault on a blocking thread.
    pub(super) fn look_in_vault<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Vault) -> Result<T, VaultError> + Send + 'static,
        reply: Reply<T>,
    ) {
        let Some(vault) = self.vault.clone() else {
            let _ = reply.send(Err(not_open()));
            return;
        };
        tokio::task::spawn_blocking(move || {
            let vault = vault.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = reply.send(look(&vault).map_err(Failure::from));
        });
    }
}

fn not_open() -> Failure {
    Failure::new(
        "the quarantine is not open",
        "The overview says why; it may still be waiting for the keyring.",
    )
}
