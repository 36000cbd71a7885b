//! Opens the quarantine with the desktop's keyring, and once more when a keyring comes that was not
//! there: a session may start it after the app.

use crate::controller::{Input, Inputs};
use doorward_vault::{KeyPlace, KeySource, Vault};
use std::path::PathBuf;
use std::time::Duration;
use zbus::export::ordered_stream::OrderedStreamExt as _;
use zbus::fdo::{DBusProxy, NameOwnerChangedStream};

const SECRETS: &str = "org.freedesktop.secrets";
/// How long to wait before looking for a session bus again.
const BUS_RETRY: Duration = Duration::from_secs(60);

/// Opens the vault in `folder` until its key is in a keyring, and tells the controller each time.
pub(crate) async fn open_vault(folder: PathBuf, inputs: Inputs) {
    loop {
        // Listening first, so that none comes unheard while the vault looks for one.
        let comings = comings().await;
        let folder = folder.clone();
        // The keyring may ask for a password: this takes as long as the user does.
        let opening = tokio::task::spawn_blocking(move || {
            Vault::open(&folder, KeySource::Keyring { service: "doorward".to_owned() })
        });
        let Ok(opened) = opening.await else { return };
        let lacks_keyring =
            opened.as_ref().is_ok_and(|vault| matches!(vault.key_place(), KeyPlace::File { .. }));
        let _ = inputs.send(Input::VaultOpened(opened));
        if !lacks_keyring {
            return;
        }
        match comings {
            Ok(comings) => next(comings).await,
            Err(_) => bus_appears().await,
        }
    }
}

async fn comings() -> zbus::Result<NameOwnerChangedStream> {
    let bus = zbus::Connection::session().await?;
    DBusProxy::new(&bus).await?.receive_name_owner_changed_with_args(&[(0, SECRETS)]).await
}

async fn next(mut comings: NameOwnerChangedStream) {
    while let Some(change) = comings.next().await {
        if change.args().is_ok_and(|change| change.new_owner().is_some()) {
            return;
        }
    }
}

async fn bus_appears() {
    loop {
        tokio::time::sleep(BUS_RETRY).await;
        if zbus::Connection::session().await.is_ok() {
            return;
        }
    }
}
