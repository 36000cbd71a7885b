//! Which package is behind a read, asked of real package managers that install or build inert packages of
//! our own: in block mode, as an ordinary user, without a network.

mod cargo;
mod javascript;
mod python;
mod runtime;

use doorward_protocol::{Action, Ecosystem, Event, EventKind, Stage};
use doorward_tests::fixtures::{self, NAME, VERSION};
use doorward_tests::{Daemon, Sandbox};
use std::path::Path;

/// The secret that every package here tries to read.
const SECRET: &str = ".ssh/id_ed25519";

/// A guarded home in block mode.
fn guarded(sandbox: &Sandbox) -> Daemon<'_> {
    fixtures::place_secrets(sandbox);
    Daemon::start(sandbox, "mode = \"block\"")
}

/// The first read of the secret by somebody whose package is (or is not) known was denied.
fn denied(daemon: &Daemon<'_>, sandbox: &Sandbox, fits: impl Fn(&Event) -> bool) -> Event {
    let about = |event: &&Event| {
        event.kind == EventKind::Read && event.secret.path == sandbox.home().join(SECRET) && fits(event)
    };
    let events = daemon.wait_for("the read", |events| events.iter().any(|event| about(&event)));
    let event = events.iter().find(about).expect("waited for").clone();
    assert_eq!(event.action, Action::Denied, "{event:?}");
    event
}

/// The read was denied, and the event names package, version and stage.
fn named(daemon: &Daemon<'_>, sandbox: &Sandbox, ecosystem: Ecosystem, stage: Stage) -> Event {
    let event =
        denied(daemon, sandbox, |event| event.package.as_ref().is_some_and(|found| found.stage == stage));
    let found = event.package.as_ref().expect("it fits");
    let package = &found.package;
    let name = package.name.replace('_', "-");
    assert_eq!(
        (package.ecosystem, name.as_str(), package.version.as_str()),
        (ecosystem, NAME, VERSION),
        "{event:?}"
    );
    assert!(event.why.contains(VERSION), "{}", event.why);
    event
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}
