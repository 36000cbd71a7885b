use super::bits::bit_set;
use super::lexing::Kind;

/// Declares the signals: what one place in a file can show by itself.
macro_rules! signals {
    ($($name:ident),* $(,)?) => {
        /// One thing that a place in a file shows; only combinations of them become findings.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Deserialize)]
        pub(super) enum Signal { $($name),* }

        impl Signal {
            const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

signals! {
    // Where secrets live.
    SecretSsh, SecretCloud, SecretRegistry, SecretGit, SecretWallet, SecretBrowser, BrowserFolder, SecretExtension,
    SecretHistory, SecretDotenv, SecretAgent, SecretMessenger, SecretKeyring, SecretPasswords,
    // What a program knows about its machine.
    EnvironmentWhole, EnvironmentKey, Identity, HomeFolder,
    // Network.
    Send, Fetch, DnsLookup, DropHost, PagesHost, Gist, Imds, CredentialCheck, TlsOff, Downloader, PipeToShell,
    // Running things.
    Spawn, Eval, EvalDecoded, EvalFetched, NodeInline, PythonInline, HiddenWindow, Detach, MakeExecutable,
    TemporaryFile, BunBootstrap, InstallOverride, PackageInstall,
    // Decoding.
    Decode, Decrypt, Xor, Blob, Obfuscated, Staging,
    // Staying and spreading.
    ShellRc, GitHook, Cron, SystemdUser, AuthorizedKeys, Autostart, StartHook, LoaderPreload, InstructionFile, AgentSettings,
    Publish, Upload, AppendFile,
    // Harvesting.
    MintCredential, KeyPattern, AskForKey, SecretScanner, DockerSocket, AgentBypass, McpServer, ServesAgents,
    Clipboard, Screen, WalletHook,
    // Flows: what one place hands to another, followed through names, calls and files. An analyser that
    // parses emits them at the place where the data leaves or runs; a capture is clipboard, screen or keys.
    SendsIdentity, SendsEnvironment, SendsSecret, SendsKey, SendsCapture, SendsOutput, SendsFile, RunsFetched,
    RunsDecoded, RemoteOrders, ReverseShell, ContactsDrop, ContactsAddress, FetchesProgram, HiddenCall,
    DropsFetched, Shellcode, OpaqueCode, InstallsPackages, HiddenHost, HiddenAddress, SendsProfile, Beacon, OddPort,
    ContactsHosted, RunsVariable, DecodedOrders,
    // The system and other people's tools.
    SudoChange, UacBypass, ActsAsUser, SshLateral, Rootkit, RewriteHistory, PatchesTool, PayloadHome,
    // Code that runs inside the compiler, or whenever a project is built.
    InMacro, BuildConfig,
    // What the package's name says, and that it holds little code.
    LittleElse, LookAlike, CloseLookAlike, Baited, PosesInternal,
    // Habits of worms and their like.
    ProcessMemory, RunnerSetup, DeadDrop, Gating,
    TrojanLibrary, OddTail,
    // Damage and camouflage.
    Wipe, SelfDelete, AnalyserDirective, Marker, Campaign, Ran200Spaces, HiddenRun, Bidi,
}

bit_set! {
    /// A set of signals.
    pub(super) struct Signals(u128) of Signal
}

const _: () = assert!(Signal::ALL.len() <= 128, "Signals holds 128 bits");

impl Signals {
    /// How many signals are in both.
    pub(super) const fn shared(self, other: Self) -> u32 {
        (self.0 & other.0).count_ones()
    }

    /// The signals of the set, in order.
    pub(super) fn names(self) -> impl Iterator<Item = Signal> {
        Signal::ALL.iter().copied().filter(move |&signal| self.has(signal))
    }
}

/// Secrets that no install script, build script or library has business with.
pub(super) const PRIVATE: Signals = Signals::of(&[
    Signal::SecretSsh,
    Signal::SecretCloud,
    Signal::SecretGit,
    Signal::SecretWallet,
    Signal::SecretBrowser,
    Signal::SecretExtension,
    Signal::SecretHistory,
    Signal::SecretAgent,
    Signal::SecretMessenger,
    Signal::SecretKeyring,
    Signal::SecretPasswords,
]);

/// All classes of secrets, those with everyday readers too.
pub(super) const SECRETS: Signals = PRIVATE.and(Signals::of(&[Signal::SecretRegistry, Signal::SecretDotenv]));

/// What tells more than words that stand in one place: where data was followed to, hosts of nobody who has a name, and the
/// mark of a campaign.
pub(super) const TELLING: Signals = Signals::of(&[
    Signal::SendsIdentity,
    Signal::SendsEnvironment,
    Signal::SendsSecret,
    Signal::SendsKey,
    Signal::SendsCapture,
    Signal::SendsOutput,
    Signal::SendsFile,
    Signal::SendsProfile,
    Signal::RunsFetched,
    Signal::RunsDecoded,
    Signal::RemoteOrders,
    Signal::DecodedOrders,
    Signal::ReverseShell,
    Signal::DropHost,
    Signal::ContactsDrop,
    Signal::ContactsAddress,
    Signal::ContactsHosted,
    Signal::FetchesProgram,
    Signal::DropsFetched,
    Signal::EvalDecoded,
    Signal::EvalFetched,
    Signal::OpaqueCode,
    Signal::Shellcode,
    Signal::HiddenHost,
    Signal::HiddenAddress,
    Signal::HiddenCall,
    Signal::Marker,
]);

/// One signal at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// What was seen.
    pub(super) signal: Signal,
    /// Byte offset in the file.
    pub(super) offset: usize,
    /// Whether it stood in code, in a string or in a comment.
    pub(super) kind: Kind,
    /// False where the place is in a function that nothing calls when the file is loaded.
    pub(super) live: bool,
}
