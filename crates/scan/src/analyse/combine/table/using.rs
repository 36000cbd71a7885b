//! What runs when somebody uses a package.

use super::{LEAVES, LOADED, NETWORK, RUNTIME, any};
use crate::analyse::combine::rule::{Rule, close, in_one_file, python, several, when};
use crate::analyse::signal::Signal::{self, *};
use crate::analyse::signal::{PRIVATE, SECRETS};
use doorward_protocol::Severity::{Critical, High, Medium};

pub(super) const RULES: &[Rule] = &[
    // ── runtime ──
    when("P-11", RUNTIME, any(&[PayloadHome]), &[any(&[AppendFile])], High),
    when("P-08", RUNTIME, any(&[PatchesTool]), &[any(&[AppendFile])], Medium),
    several(3, when("R-13", RUNTIME, PRIVATE, &[any(&[McpServer, ServesAgents]), LEAVES], Critical)),
    when("R-13", RUNTIME, any(&[AskForKey]), &[any(&[McpServer]), PRIVATE], Critical),
    when("R-13", RUNTIME, any(&[AskForKey]), &[any(&[McpServer])], High),
    several(4, when("R-01", LOADED, SECRETS, &[LEAVES], High)),
    when(
        "R-02",
        LOADED,
        any(&[EnvironmentWhole, SendsEnvironment]),
        &[any(&[ContactsDrop, ContactsAddress])],
        Critical,
    ),
    when("R-02", LOADED, any(&[EnvironmentWhole]), &[any(&[DropHost])], Medium),
    close(when("R-18", LOADED, any(&[DropHost]), &[PRIVATE, any(&[Signal::Send, Fetch])], High)),
    when(
        "R-05",
        LOADED,
        any(&[SecretExtension]),
        &[any(&[SecretBrowser, BrowserFolder, SecretWallet, SecretMessenger]), NETWORK],
        Critical,
    ),
    when(
        "R-04",
        LOADED,
        any(&[SecretBrowser]),
        &[any(&[Decrypt]), any(&[SendsSecret, SendsFile, DropHost, ContactsAddress])],
        High,
    ),
    when("R-04", LOADED, any(&[SecretBrowser]), &[any(&[Decrypt]), LEAVES], Medium),
    when("R-52", LOADED, any(&[SecretMessenger]), &[any(&[DropHost]), NETWORK], High),
    when("R-07", LOADED, any(&[MintCredential]), &[any(&[Signal::Send])], Medium),
    when("R-12", LOADED, any(&[AgentBypass]), &[any(&[Spawn]), PRIVATE], High),
    close(when("R-03", LOADED, any(&[KeyPattern]), &[any(&[DropHost])], High)),
    when("M-01", LOADED, any(&[EvalDecoded]), &[any(&[Blob])], High),
    when("M-01", LOADED, any(&[EvalFetched]), &[], Medium),
    when("O-09", RUNTIME, any(&[SelfDelete]), &[], Medium),
    when("O-06", LOADED, any(&[EvalDecoded]), &[any(&[Decrypt])], High),
    when("O-05", LOADED, any(&[Xor]), &[any(&[EvalDecoded, EvalFetched])], High),
    when("R-22", LOADED, any(&[Wipe]), &[any(&[Spawn])], Medium),
    // ── what nothing else in a small Python package explains ──
    in_one_file(python(when(
        "R-28",
        LOADED,
        any(&[Screen]),
        &[any(&[Signal::Send]), any(&[LittleElse])],
        High,
    ))),
    in_one_file(python(when(
        "R-53",
        LOADED,
        any(&[SendsFile, SendsIdentity]),
        &[any(&[OddPort]), any(&[LittleElse])],
        High,
    ))),
    in_one_file(python(when(
        "R-18",
        LOADED,
        any(&[SendsKey, SendsIdentity, SendsSecret, SendsEnvironment, SendsFile]),
        &[any(&[ContactsHosted]), any(&[LittleElse])],
        High,
    ))),
    in_one_file(python(when(
        "P-03",
        RUNTIME,
        any(&[Autostart]),
        &[NETWORK, any(&[AppendFile, Spawn]), any(&[LittleElse])],
        High,
    ))),
    in_one_file(python(when(
        "M-01",
        RUNTIME,
        any(&[MakeExecutable]),
        &[any(&[Downloader]), any(&[Spawn]), any(&[TemporaryFile]), any(&[LittleElse])],
        High,
    ))),
    python(when("O-04", RUNTIME, any(&[OpaqueCode]), &[any(&[LittleElse])], High)),
    in_one_file(python(when(
        "P-04",
        LOADED,
        any(&[ShellRc]),
        &[any(&[AppendFile]), any(&[RunsFetched]), any(&[LittleElse])],
        High,
    ))),
    python(when("R-02", RUNTIME, any(&[SendsEnvironment]), &[any(&[LittleElse])], High)),
    python(when("I-54", RUNTIME, any(&[SendsProfile]), &[any(&[LittleElse])], High)),
    in_one_file(python(when(
        "M-01",
        RUNTIME,
        any(&[RunsFetched]),
        &[any(&[FetchesProgram]), any(&[LittleElse])],
        High,
    ))),
    python(when("O-13", LOADED, any(&[HiddenAddress]), &[any(&[LittleElse])], High)),
    python(when(
        "I-14",
        LOADED,
        PRIVATE.and(any(&[EnvironmentWhole, Xor, EvalDecoded, OpaqueCode, HiddenAddress, RunsFetched])),
        &[any(&[CloseLookAlike])],
        High,
    )),
];
