//! The table of combinations, by when the code runs.

mod followed;
mod hints;
mod loading;
mod nameless;
mod setting_up;
mod using;

use super::rule::{Rule, when};
use crate::analyse::signal::Signal::{self, *};
use crate::analyse::signal::Signals;
use doorward_protocol::Severity::Critical;
use doorward_protocol::Stage;

/// Strongest first: of the rows with the same identifier only the first that holds is told.
pub(super) fn rules() -> impl Iterator<Item = &'static Rule> {
    const OF_A_CAMPAIGN: &[Rule] = &[when("X-01", ALWAYS, CAMPAIGN, &[], Critical)];
    [
        OF_A_CAMPAIGN,
        nameless::RULES,
        setting_up::RULES,
        loading::RULES,
        using::RULES,
        followed::RULES,
        hints::RULES,
    ]
    .into_iter()
    .flatten()
}

const fn any(list: &[Signal]) -> Signals {
    Signals::of(list)
}

const INSTALL: &[Stage] = &[Stage::Install];
const BUILD: &[Stage] = &[Stage::Build];
const IMPORT: &[Stage] = &[Stage::Import];
const RUNTIME: &[Stage] = &[Stage::Runtime];
const UNASKED: &[Stage] = &[Stage::Install, Stage::Build, Stage::Import];
const SET_UP: &[Stage] = &[Stage::Install, Stage::Build];
const LOADED: &[Stage] = &[Stage::Import, Stage::Runtime];
pub(super) const ALWAYS: &[Stage] = &[Stage::Install, Stage::Build, Stage::Import, Stage::Runtime];

pub(super) const CAMPAIGN: Signals = any(&[Campaign]);
const NETWORK: Signals = any(&[Signal::Send, Fetch, Downloader, DropHost, Gist, DnsLookup]);
const LEAVES: Signals = any(&[Signal::Send, DropHost, Gist, DnsLookup]);
const RUNS: Signals = any(&[Spawn, Eval, PipeToShell, NodeInline, PythonInline]);
const WRITES: Signals = any(&[AppendFile]);
const STAYS: Signals = any(&[ShellRc, GitHook, Cron, SystemdUser, AuthorizedKeys, Autostart]);
