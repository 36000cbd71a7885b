//! The table of combinations, the graver of each kind first.

use super::super::lexing::Language;
use super::super::signal::Signal::{self, *};
use super::super::signal::{PRIVATE, SECRETS, Signals};
use doorward_protocol::Severity::{self, Critical, High, Low, Medium};
use doorward_protocol::Stage;

/// One combination. The finding points at the first hit of `first`.
pub(super) struct Rule {
    pub(super) id: &'static str,
    pub(super) at: &'static [Stage],
    pub(super) first: Signals,
    /// So many different signals of `first`.
    pub(super) count: u32,
    pub(super) others: &'static [Signals],
    pub(super) most: Severity,
    /// Not told where this stronger rule was.
    pub(super) unless: &'static str,
    /// All of it must stand in one file: files that are merely loaded together say little.
    pub(super) in_one_file: bool,
    /// Holds for files of this language only: what is rare in one is ordinary in another.
    pub(super) language: Option<Language>,
}

const fn when(
    id: &'static str,
    at: &'static [Stage],
    first: Signals,
    others: &'static [Signals],
    most: Severity,
) -> Rule {
    Rule { id, at, first, count: 1, others, most, unless: "", in_one_file: false, language: None }
}

const fn several(count: u32, rule: Rule) -> Rule {
    Rule { count, ..rule }
}

const fn unless(stronger: &'static str, rule: Rule) -> Rule {
    Rule { unless: stronger, ..rule }
}

const fn in_one_file(rule: Rule) -> Rule {
    Rule { in_one_file: true, ..rule }
}

const fn python(rule: Rule) -> Rule {
    Rule { language: Some(Language::Python), ..rule }
}

const fn script(rule: Rule) -> Rule {
    Rule { language: Some(Language::Script), ..rule }
}

const fn rust(rule: Rule) -> Rule {
    Rule { language: Some(Language::Rust), ..rule }
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
const ALWAYS: &[Stage] = &[Stage::Install, Stage::Build, Stage::Import, Stage::Runtime];

pub(super) const CAMPAIGN: Signals = any(&[Campaign]);
const NETWORK: Signals = any(&[Signal::Send, Fetch, Downloader, DropHost, Gist, DnsLookup]);
const LEAVES: Signals = any(&[Signal::Send, DropHost, Gist, DnsLookup]);
const RUNS: Signals = any(&[Spawn, Eval, PipeToShell, NodeInline, PythonInline]);
const WRITES: Signals = any(&[AppendFile]);
const STAYS: Signals = any(&[ShellRc, GitHook, Cron, SystemdUser, AuthorizedKeys, Autostart]);

/// Strongest first: of the rows with the same identifier only the first that holds is told.
pub(super) const RULES: &[Rule] = &[
    when("X-01", ALWAYS, CAMPAIGN, &[], Critical),
    // ── install ──
    when("I-50", INSTALL, PRIVATE, &[NETWORK], Critical),
    several(3, when("R-01", SET_UP, SECRETS, &[], Critical)),
    unless("I-50", when("I-51", INSTALL, PRIVATE, &[], High)),
    in_one_file(when("I-52", INSTALL, any(&[SecretRegistry, SecretDotenv]), &[LEAVES], High)),
    when("I-52", INSTALL, any(&[SecretRegistry, SecretDotenv]), &[LEAVES], Medium),
    when("I-10", INSTALL, any(&[EvalFetched]), &[], Critical),
    python(when("I-10", INSTALL, any(&[EvalFetched, RemoteOrders, RunsDecoded]), &[], Critical)),
    python(when(
        "I-10",
        INSTALL,
        any(&[RunsFetched]),
        &[any(&[ContactsDrop, ContactsAddress, FetchesProgram, HiddenWindow, Autostart])],
        Critical,
    )),
    python(when("I-10", INSTALL, any(&[OpaqueCode]), &[], High)),
    python(when("I-10", INSTALL, any(&[RunsFetched]), &[], Medium)),
    python(when("R-50", INSTALL, any(&[ReverseShell]), &[], Critical)),
    python(when("R-50", IMPORT, any(&[ReverseShell]), &[any(&[Spawn])], High)),
    python(when(
        "R-14",
        LOADED,
        any(&[SendsKey]),
        &[any(&[ContactsDrop, ContactsAddress, PagesHost])],
        Critical,
    )),
    python(when("R-14", LOADED, any(&[SendsKey]), &[], High)),
    python(when(
        "O-13",
        ALWAYS,
        any(&[HiddenHost]),
        &[any(&[
            SendsIdentity,
            SendsEnvironment,
            SendsSecret,
            SendsKey,
            SendsCapture,
            SendsOutput,
            SendsFile,
            RunsFetched,
            EvalFetched,
            RemoteOrders,
            FetchesProgram,
        ])],
        Critical,
    )),
    python(when("O-13", UNASKED, any(&[HiddenHost]), &[], Critical)),
    python(when("O-13", RUNTIME, any(&[HiddenHost]), &[], High)),
    python(when("R-50", RUNTIME, any(&[ReverseShell]), &[any(&[RemoteOrders])], High)),
    python(when("R-53", LOADED, any(&[SendsSecret]), &[any(&[PagesHost])], Critical)),
    python(when("O-03", LOADED, any(&[OpaqueCode]), &[any(&[Obfuscated])], High)),
    in_one_file(python(when("O-03", IMPORT, any(&[Eval]), &[any(&[Decode]), any(&[Blob])], High))),
    in_one_file(python(when(
        "M-01",
        LOADED,
        any(&[PipeToShell]),
        &[any(&[HiddenWindow]), any(&[Spawn])],
        Critical,
    ))),
    python(when("M-04", IMPORT, any(&[PythonInline]), &[any(&[Spawn])], High)),
    in_one_file(python(when(
        "M-01",
        RUNTIME,
        any(&[RunsDecoded]),
        &[any(&[HiddenWindow, PipeToShell, Downloader, RemoteOrders])],
        Critical,
    ))),
    in_one_file(python(when(
        "M-01",
        RUNTIME,
        any(&[RemoteOrders]),
        &[any(&[SendsOutput]), any(&[Signal::Send])],
        High,
    ))),
    python(when("I-54", INSTALL, any(&[SendsIdentity, SendsOutput]), &[], Critical)),
    python(when("I-54", INSTALL, any(&[ContactsDrop, ContactsAddress]), &[], Critical)),
    python(when(
        "I-54",
        IMPORT,
        any(&[SendsIdentity, SendsOutput]),
        &[any(&[ContactsDrop, ContactsAddress])],
        Critical,
    )),
    python(when("I-54", IMPORT, any(&[SendsIdentity]), &[], High)),
    python(when("I-54", IMPORT, any(&[ContactsDrop, ContactsAddress]), &[], High)),
    python(when("R-02", UNASKED, any(&[SendsEnvironment]), &[], Critical)),
    python(when("R-53", UNASKED, any(&[SendsSecret, SendsCapture]), &[], Critical)),
    python(when(
        "R-53",
        RUNTIME,
        any(&[SendsSecret, SendsCapture]),
        &[any(&[ContactsDrop, ContactsAddress])],
        High,
    )),
    when("I-10", INSTALL, any(&[PipeToShell]), &[any(&[Downloader])], Critical),
    when("I-10", INSTALL, any(&[EvalDecoded]), &[], Critical),
    when("I-10", INSTALL, any(&[NodeInline, PythonInline]), &[any(&[Signal::Send, Fetch]), RUNS], High),
    when("I-10", INSTALL, any(&[HiddenWindow]), &[any(&[Spawn, Downloader]), NETWORK], Critical),
    when(
        "R-18",
        INSTALL,
        any(&[DropHost]),
        &[any(&[Signal::Send, Fetch, Downloader, Spawn, Identity])],
        Critical,
    ),
    when("R-18", INSTALL, any(&[DropHost, Gist]), &[], High),
    when("R-02", INSTALL, any(&[EnvironmentWhole]), &[LEAVES], Critical),
    when(
        "R-19",
        INSTALL,
        any(&[DnsLookup]),
        &[any(&[Identity, EnvironmentWhole, SecretDotenv, SecretRegistry])],
        Critical,
    ),
    in_one_file(when("I-13", INSTALL, any(&[Identity]), &[any(&[Signal::Send])], High)),
    when("I-53", INSTALL, any(&[Fetch, Downloader, Signal::Send]), &[any(&[Spawn])], Medium),
    when("I-04", INSTALL, any(&[BunBootstrap]), &[], Critical),
    when("I-12", INSTALL, any(&[AskForKey]), &[LEAVES], Critical),
    when("I-12", INSTALL, any(&[AskForKey]), &[], High),
    unless("I-10", python(when("I-11", INSTALL, any(&[InstallOverride]), &[NETWORK.and(RUNS)], Medium))),
    unless("I-10", python(when("I-11", LOADED, any(&[InstallOverride]), &[], Low))),
    python(when("I-11", INSTALL, any(&[InstallOverride]), &[], Low)),
    when("I-03", INSTALL, any(&[Obfuscated]), &[], Critical),
    when("O-05", INSTALL, any(&[Xor]), &[RUNS, any(&[Decode, Blob, Fetch, Signal::Send])], High),
    when("R-11", UNASKED, any(&[CredentialCheck]), &[SECRETS, LEAVES], Critical),
    when(
        "R-20",
        INSTALL,
        any(&[PagesHost]),
        &[any(&[Decrypt, EvalDecoded]), any(&[Fetch, Signal::Send])],
        Critical,
    ),
    when("R-20", IMPORT, any(&[PagesHost]), &[any(&[Decrypt]), any(&[Fetch, Signal::Send])], High),
    // ── names that promise, beside what the code does ──
    when("I-13", INSTALL, NETWORK, &[any(&[PosesInternal])], Critical),
    when("I-14", SET_UP, NETWORK, &[any(&[CloseLookAlike, Baited])], High),
    when("I-14", INSTALL, NETWORK, &[any(&[LookAlike])], High),
    when(
        "I-14",
        IMPORT,
        any(&[Signal::Send, Fetch, DropHost]),
        &[any(&[CloseLookAlike]), any(&[Spawn, Eval, Identity, EnvironmentWhole])],
        High,
    ),
    // ── build ──
    when("B-02", BUILD, any(&[SendsSecret, SendsKey]), &[], Critical),
    when("B-01", BUILD, PRIVATE, &[], Critical),
    when("B-01", BUILD, any(&[SecretRegistry]), &[], High),
    when("B-02", BUILD, any(&[Gist, DropHost]), &[], Critical),
    when("B-02", BUILD, any(&[Downloader]), &[any(&[Signal::Send])], Critical),
    when("B-02", BUILD, any(&[Downloader, Fetch, Signal::Send]), &[any(&[TlsOff, Xor])], Critical),
    when("B-04", BUILD, any(&[PipeToShell]), &[any(&[Downloader])], Critical),
    when(
        "B-04",
        BUILD,
        any(&[MakeExecutable]),
        &[any(&[Downloader, Fetch, Signal::Send, Decode]), any(&[Spawn])],
        Critical,
    ),
    when("B-02", BUILD, any(&[Downloader, Fetch, Signal::Send]), &[], Medium),
    when("B-03", BUILD, any(&[Xor]), &[any(&[Spawn, Decode, TemporaryFile])], High),
    when("B-03", BUILD, any(&[RunsDecoded, Shellcode]), &[], Critical),
    when("B-04", BUILD, any(&[RunsFetched]), &[], High),
    when("R-02", BUILD, any(&[SendsEnvironment]), &[], Critical),
    when("I-13", BUILD, any(&[SendsIdentity]), &[], High),
    when("B-06", BUILD, PRIVATE, &[any(&[InMacro])], Critical),
    when("B-06", BUILD, any(&[Signal::Send, Fetch, Downloader, DropHost]), &[any(&[InMacro])], High),
    when("B-06", BUILD, any(&[Spawn]), &[any(&[InMacro])], Medium),
    // ── import ──
    when("M-02", IMPORT, any(&[EvalDecoded, EvalFetched]), &[], Critical),
    when(
        "M-01",
        IMPORT,
        any(&[RunsFetched, RemoteOrders, RunsDecoded]),
        &[any(&[ContactsDrop, ContactsAddress, FetchesProgram, HiddenWindow])],
        Critical,
    ),
    when("M-01", IMPORT, any(&[RemoteOrders]), &[], High),
    when(
        "M-04",
        IMPORT,
        any(&[NodeInline]),
        &[any(&[Spawn]), any(&[Fetch, Signal::Send, Downloader])],
        Critical,
    ),
    in_one_file(when(
        "M-01",
        UNASKED,
        any(&[MakeExecutable]),
        &[any(&[Downloader]), any(&[Spawn]), any(&[TemporaryFile, FetchesProgram])],
        Critical,
    )),
    when("M-01", IMPORT, any(&[PipeToShell]), &[any(&[Downloader]), any(&[Spawn])], Critical),
    when(
        "M-01",
        IMPORT,
        any(&[HiddenWindow]),
        &[any(&[Spawn]), any(&[Fetch, Signal::Send, Downloader])],
        Critical,
    ),
    when("M-01", IMPORT, any(&[MakeExecutable, TemporaryFile]), &[any(&[Spawn]), any(&[Fetch])], High),
    when("M-01", IMPORT, any(&[Fetch]), &[any(&[Spawn])], Medium),
    in_one_file(several(
        2,
        when(
            "M-50",
            IMPORT,
            PRIVATE,
            &[any(&[Signal::Send, Fetch]), any(&[ContactsDrop, ContactsAddress, Decrypt])],
            Critical,
        ),
    )),
    // Only code that runs before main is imported in Rust, and none of it has secrets to send.
    rust(when("M-50", IMPORT, PRIVATE, &[any(&[Signal::Send, Fetch, DropHost])], Critical)),
    when("M-50", IMPORT, PRIVATE, &[any(&[Signal::Send, Fetch, DropHost])], Medium),
    when(
        "R-18",
        IMPORT,
        any(&[DropHost]),
        &[any(&[Signal::Send, Fetch]), any(&[Identity, EnvironmentWhole, Spawn, Eval])],
        Critical,
    ),
    when("I-13", IMPORT, any(&[Identity]), &[any(&[Signal::Send])], High),
    // ── whatever runs without being asked ──
    when("R-07", UNASKED, any(&[MintCredential]), &[any(&[Spawn])], Critical),
    when("R-10", UNASKED, any(&[SecretScanner]), &[any(&[Spawn, Fetch])], Critical),
    when("R-12", UNASKED, any(&[AgentBypass]), &[], Critical),
    when("R-16", UNASKED, any(&[Publish]), &[any(&[Spawn])], Critical),
    when(
        "R-16",
        UNASKED,
        any(&[Upload]),
        &[any(&[Spawn]), any(&[SecretRegistry, EnvironmentKey, SendsSecret])],
        Critical,
    ),
    when("R-22", UNASKED, any(&[Wipe]), &[], Critical),
    when("R-03", SET_UP, any(&[KeyPattern]), &[LEAVES], Critical),
    when("R-24", SET_UP, any(&[TlsOff]), &[], Medium),
    when("R-09", SET_UP, any(&[Imds]), &[LEAVES], High),
    when("R-09", IMPORT, any(&[Imds]), &[LEAVES], Medium),
    when("R-27", SET_UP, any(&[DockerSocket]), &[], High),
    when("R-23", INSTALL, any(&[Detach]), &[any(&[Spawn]), any(&[Decode, Fetch, Signal::Send])], Medium),
    when("O-09", UNASKED, any(&[SelfDelete]), &[], Critical),
    when("O-10", SET_UP, any(&[AnalyserDirective]), &[], Critical),
    when("P-06", UNASKED, any(&[AuthorizedKeys]), &[any(&[AppendFile, Spawn])], Critical),
    when("P-01", UNASKED, any(&[SystemdUser]), &[any(&[AppendFile, Spawn])], Critical),
    when("P-02", UNASKED, any(&[Cron]), &[any(&[AppendFile, Spawn])], Critical),
    when("P-03", UNASKED, any(&[Autostart]), &[any(&[AppendFile, Spawn])], Critical),
    when("P-04", BUILD, any(&[ShellRc]), &[any(&[AppendFile, Spawn])], Critical),
    when("P-04", UNASKED, any(&[ShellRc]), &[WRITES, NETWORK], Critical),
    when("P-04", SET_UP, any(&[ShellRc]), &[WRITES], High),
    when("P-04", IMPORT, any(&[ShellRc]), &[WRITES], Medium),
    when("P-05", BUILD, any(&[GitHook]), &[any(&[AppendFile, Spawn])], Critical),
    when(
        "P-05",
        UNASKED,
        any(&[GitHook]),
        &[WRITES, any(&[ShellRc, Cron, SystemdUser, AuthorizedKeys, InstructionFile])],
        Critical,
    ),
    when("P-05", UNASKED, any(&[GitHook]), &[WRITES, LEAVES], High),
    when("P-05", INSTALL, any(&[GitHook]), &[WRITES], Medium),
    when("P-13", SET_UP, any(&[LoaderPreload]), &[WRITES], High),
    when("P-13", IMPORT, any(&[LoaderPreload]), &[WRITES], Medium),
    when("A-04", BUILD, any(&[InstructionFile, AgentSettings]), &[any(&[AppendFile])], Critical),
    when("A-04", UNASKED, any(&[InstructionFile, AgentSettings]), &[WRITES, NETWORK], Critical),
    when("A-04", UNASKED, any(&[InstructionFile, AgentSettings]), &[WRITES], High),
    when("A-07", SET_UP, any(&[SecretAgent]), &[LEAVES], Critical),
    in_one_file(when(
        "A-07",
        LOADED,
        any(&[SecretAgent]),
        &[any(&[SendsSecret, DropHost, ContactsAddress])],
        High,
    )),
    when("P-07", SET_UP, any(&[StartHook]), &[WRITES], High),
    when("P-07", IMPORT, any(&[StartHook]), &[WRITES], Medium),
    when("R-06", SET_UP, any(&[SecretKeyring]), &[LEAVES], Critical),
    when(
        "R-21",
        SET_UP,
        any(&[Staging]),
        &[LEAVES, any(&[Decrypt, Xor, SecretSsh, SecretCloud, SecretWallet])],
        High,
    ),
    when("R-17", UNASKED, any(&[RewriteHistory]), &[any(&[Spawn])], Critical),
    when("R-25", UNASKED, any(&[SshLateral]), &[any(&[Spawn])], Critical),
    when("R-26", UNASKED, any(&[Rootkit]), &[any(&[Spawn, AppendFile])], Critical),
    when("R-29", UNASKED, any(&[SudoChange]), &[any(&[Spawn, AppendFile])], Critical),
    when("P-08", UNASKED, any(&[PatchesTool]), &[any(&[AppendFile])], Critical),
    when("P-11", UNASKED, any(&[PayloadHome]), &[any(&[AppendFile, Spawn])], Critical),
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
    when("R-18", LOADED, any(&[DropHost]), &[PRIVATE, any(&[Signal::Send, Fetch])], High),
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
    when("R-03", LOADED, any(&[KeyPattern]), &[any(&[DropHost])], High),
    when("M-01", LOADED, any(&[EvalDecoded]), &[any(&[Blob])], High),
    when("M-01", LOADED, any(&[EvalFetched]), &[], Medium),
    when("O-09", RUNTIME, any(&[SelfDelete]), &[], Medium),
    when("O-06", LOADED, any(&[EvalDecoded]), &[any(&[Decrypt])], High),
    when("O-05", LOADED, any(&[Xor]), &[any(&[EvalDecoded, EvalFetched])], High),
    when("R-22", LOADED, any(&[Wipe]), &[any(&[Spawn])], Medium),
    // ── what scripts were followed to ──
    script(when("I-50", INSTALL, any(&[SendsSecret, SendsKey]), &[], Critical)),
    script(when("R-02", INSTALL, any(&[SendsEnvironment]), &[], Critical)),
    script(when("I-10", INSTALL, any(&[RunsFetched, RunsDecoded, FetchesProgram]), &[], Critical)),
    script(when(
        "I-10",
        INSTALL,
        any(&[DropsFetched]),
        &[any(&[ContactsAddress, ContactsDrop, TlsOff, Detach, HiddenCall, Xor, Obfuscated])],
        Critical,
    )),
    script(when("I-13", INSTALL, any(&[SendsIdentity]), &[], High)),
    script(when("R-28", INSTALL, any(&[SendsCapture]), &[], Critical)),
    script(when("R-28", ALWAYS, any(&[SendsCapture]), &[], High)),
    script(when("R-50", ALWAYS, any(&[ReverseShell]), &[], Critical)),
    script(when("R-51", INSTALL, any(&[ContactsAddress]), &[], High)),
    script(when(
        "R-51",
        RUNTIME,
        any(&[ContactsAddress]),
        &[any(&[SendsIdentity, SendsOutput, SendsFile, RunsFetched])],
        High,
    )),
    script(when("O-04", INSTALL, any(&[HiddenCall]), &[], High)),
    script(when("O-04", RUNTIME, any(&[HiddenCall]), &[], Medium)),
    script(when(
        "M-50",
        RUNTIME,
        any(&[SendsSecret]),
        &[any(&[ContactsDrop, ContactsAddress, Obfuscated, OpaqueCode])],
        Critical,
    )),
    script(when("M-50", RUNTIME, any(&[SendsSecret]), &[], High)),
    script(when("R-02", RUNTIME, any(&[SendsEnvironment]), &[], High)),
    script(when("M-01", RUNTIME, any(&[RemoteOrders]), &[any(&[RunsFetched])], Critical)),
    script(when("M-01", RUNTIME, any(&[RunsFetched]), &[], High)),
    rust(when("M-01", RUNTIME, any(&[RunsFetched]), &[], High)),
    rust(when("R-03", RUNTIME, any(&[KeyPattern]), &[any(&[PagesHost]), any(&[Signal::Send])], High)),
    script(when("R-03", RUNTIME, any(&[KeyPattern]), &[any(&[PagesHost]), any(&[Signal::Send])], High)),
    script(when("O-06", RUNTIME, any(&[RunsDecoded]), &[any(&[Decrypt])], Critical)),
    script(when(
        "M-01",
        RUNTIME,
        any(&[RunsDecoded]),
        &[any(&[DropHost, Blob, Obfuscated, ContactsAddress, HiddenCall])],
        High,
    )),
    script(when("R-14", RUNTIME, any(&[SendsKey]), &[], Critical)),
    // ── habits of worms and their like ──
    when(
        "R-08",
        ALWAYS,
        any(&[ProcessMemory]),
        &[any(&[Spawn, AppendFile, Signal::Send, Fetch, Downloader])],
        Critical,
    ),
    when("R-15", ALWAYS, any(&[WalletHook]), &[], Critical),
    when(
        "R-20",
        SET_UP,
        any(&[DeadDrop]),
        &[any(&[Spawn, Eval, Decrypt]), any(&[Fetch, Signal::Send])],
        Critical,
    ),
    when("R-20", RUNTIME, any(&[DeadDrop]), &[any(&[RunsFetched, EvalFetched])], Critical),
    when("R-21", SET_UP, any(&[Staging]), &[any(&[Spawn]), NETWORK], Critical),
    when("R-29", RUNTIME, any(&[SudoChange]), &[any(&[Spawn]), any(&[AuthorizedKeys])], High),
    script(when(
        "P-06",
        RUNTIME,
        any(&[AuthorizedKeys]),
        &[WRITES, any(&[SudoChange, SendsIdentity, ContactsAddress])],
        Critical,
    )),
    when("P-06", LOADED, any(&[AuthorizedKeys]), &[WRITES, NETWORK], Medium),
    when("P-10", SET_UP, any(&[RunnerSetup]), &[any(&[AppendFile, Downloader, Fetch])], Critical),
    when(
        "I-16",
        INSTALL,
        any(&[Gating]),
        &[any(&[Spawn, Eval]), any(&[Fetch, Signal::Send, Detach, Wipe])],
        Medium,
    ),
    when("B-10", ALWAYS, any(&[TrojanLibrary]), &[], High),
    when(
        "M-05",
        ALWAYS,
        any(&[OddTail]),
        &[any(&[Eval, Spawn, HiddenCall, Fetch, Signal::Send, Decode])],
        Critical,
    ),
    when("M-05", ALWAYS, any(&[OddTail]), &[], High),
    when("O-04", INSTALL, any(&[OpaqueCode]), &[], Critical),
    script(when("O-04", RUNTIME, any(&[OpaqueCode]), &[any(&[Eval, Spawn, HiddenCall])], High)),
    script(when("O-04", RUNTIME, any(&[OpaqueCode]), &[], Low)),
    when(
        "O-03",
        RUNTIME,
        any(&[Obfuscated]),
        &[any(&[HiddenCall]), any(&[Spawn, RunsFetched, RunsDecoded, SendsFile, SendsOutput, SendsIdentity])],
        High,
    ),
    when("O-03", LOADED, any(&[Obfuscated]), &[], Medium),
    when(
        "B-09",
        ALWAYS,
        any(&[OddTail, Ran200Spaces, HiddenRun, Marker, HiddenCall, EvalDecoded, RunsFetched, RunsDecoded]),
        &[any(&[BuildConfig])],
        Critical,
    ),
    // ── worth a look, no more ──
    python(when("R-50", RUNTIME, any(&[ReverseShell]), &[], Medium)),
    python(when("M-01", RUNTIME, any(&[RunsFetched, EvalFetched]), &[], Low)),
    python(when("R-54", RUNTIME, any(&[Shellcode]), &[], Medium)),
    python(when("R-18", RUNTIME, any(&[DropHost]), &[], Low)),
    python(when("R-01", RUNTIME, PRIVATE, &[any(&[HomeFolder])], Low)),
    python(when("O-04", RUNTIME, any(&[HiddenCall, OpaqueCode]), &[], Low)),
    python(when("R-28", RUNTIME, any(&[Clipboard, Screen]), &[], Low)),
    python(when("P-04", RUNTIME, any(&[ShellRc]), &[WRITES], Low)),
    python(when("I-54", RUNTIME, any(&[SendsIdentity, ContactsDrop]), &[], Low)),
    python(when("R-51", RUNTIME, any(&[ContactsAddress]), &[], Low)),
    when("R-02", RUNTIME, any(&[EnvironmentWhole]), &[], Low),
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
