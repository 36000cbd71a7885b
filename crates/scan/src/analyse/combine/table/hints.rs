//! What is worth a look and no more, and what deceives its readers.

use super::{ALWAYS, NETWORK, RUNTIME, STAYS, UNASKED, WRITES, any};
use crate::analyse::combine::rule::{Rule, python, script, several, when};
use crate::analyse::signal::PRIVATE;
use crate::analyse::signal::Signal::*;
use doorward_protocol::Severity::{Critical, High, Low, Medium};

pub(super) const RULES: &[Rule] = &[
    // ── worth a look, no more ──
    python(when("R-50", RUNTIME, any(&[ReverseShell]), &[], Medium)),
    python(when("M-01", RUNTIME, any(&[RunsFetched, EvalFetched]), &[], Low)),
    python(when("M-01", RUNTIME, any(&[RunsVariable]), &[], Low)),
    python(when("R-54", RUNTIME, any(&[Shellcode]), &[], Medium)),
    python(when("R-18", RUNTIME, any(&[DropHost]), &[], Low)),
    python(when("R-01", RUNTIME, PRIVATE, &[any(&[HomeFolder])], Low)),
    python(when("O-04", RUNTIME, any(&[HiddenCall, OpaqueCode]), &[], Low)),
    python(when("R-28", RUNTIME, any(&[Clipboard, Screen]), &[], Low)),
    python(when("P-04", RUNTIME, any(&[ShellRc]), &[WRITES], Low)),
    python(when("I-54", RUNTIME, any(&[SendsIdentity, ContactsDrop]), &[], Low)),
    python(when("R-51", RUNTIME, any(&[ContactsAddress]), &[], Low)),
    script(when("R-02", RUNTIME, any(&[EnvironmentWhole]), &[], Low)),
    // Handing the environment to a program one starts is ordinary.
    when("R-02", RUNTIME, any(&[EnvironmentWhole]), &[NETWORK], Low),
    when("R-23", RUNTIME, any(&[Detach]), &[any(&[Spawn])], Low),
    when("R-51", RUNTIME, any(&[ContactsAddress]), &[], Low),
    when("R-16", RUNTIME, any(&[Publish]), &[any(&[Spawn])], Low),
    when("P-13", RUNTIME, any(&[LoaderPreload]), &[any(&[Spawn])], Low),
    when("M-01", RUNTIME, any(&[EvalDecoded, RunsDecoded]), &[], Low),
    // ── camouflage ──
    when("M-08", ALWAYS, any(&[Marker]), &[], Critical),
    when("O-01", ALWAYS, any(&[HiddenRun]), &[], Critical),
    when("O-08", ALWAYS, any(&[Ran200Spaces]), &[], Critical),
    when("O-02", ALWAYS, any(&[Bidi]), &[], Medium),
    several(2, when("P-50", UNASKED, STAYS, &[WRITES], High)),
];
