//! What an address without a name, or one that anybody may use, makes of other deeds.

use super::{LOADED, RUNTIME, any};
use crate::analyse::combine::rule::{Rule, in_one_file, python, several, when};
use crate::analyse::signal::PRIVATE;
use crate::analyse::signal::Signal::*;
use doorward_protocol::Severity::{Critical, High};

pub(super) const RULES: &[Rule] = &[
    in_one_file(several(2, python(when("R-53", LOADED, PRIVATE, &[any(&[ContactsAddress])], Critical)))),
    in_one_file(python(when("R-53", LOADED, PRIVATE, &[any(&[ContactsAddress])], High))),
    in_one_file(python(when(
        "M-01",
        RUNTIME,
        any(&[RemoteOrders, RunsFetched]),
        &[any(&[ContactsAddress, ContactsDrop]), any(&[LittleElse])],
        Critical,
    ))),
    in_one_file(python(when(
        "M-01",
        RUNTIME,
        any(&[RemoteOrders, RunsFetched]),
        &[any(&[ContactsAddress, ContactsDrop])],
        High,
    ))),
    in_one_file(python(when(
        "M-01",
        RUNTIME,
        any(&[DropsFetched]),
        &[any(&[ContactsAddress]), any(&[Spawn])],
        High,
    ))),
    in_one_file(python(when(
        "R-28",
        LOADED,
        any(&[Clipboard, Screen]),
        &[any(&[ContactsDrop, ContactsAddress])],
        High,
    ))),
    in_one_file(python(when(
        "R-52",
        LOADED,
        any(&[SecretMessenger]),
        &[any(&[SendsFile, SendsSecret])],
        High,
    ))),
];
