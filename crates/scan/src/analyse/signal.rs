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
    RunsDecoded, RemoteOrders, ReverseShell, EvalFile, ContactsDrop, ContactsAddress, FetchesProgram, HiddenCall,
    DropsFetched, Shellcode, OpaqueCode, InstallsPackages,
    // The system and other people's tools.
    SudoChange, SshLateral, Rootkit, RewriteHistory, PatchesTool, PayloadHome,
    // Code that runs inside the compiler, or whenever a project is built.
    InMacro, BuildConfig,
    // What the package's name says.
    LookAlike, CloseLookAlike, Baited, PosesInternal,
    // Habits of worms and their like.
    ProcessMemory, RunnerSetup, DeadDrop, Gating,
    TrojanLibrary, OddTail,
    // Damage and camouflage.
    Wipe, SelfDelete, AnalyserDirective, Marker, Campaign, Ran200Spaces, HiddenRun, Bidi,
}

/// A set of signals, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Signals(u128);

const _: () = assert!(Signal::ALL.len() <= 128, "Signals holds 128 bits");

impl Signals {
    /// No signal.
    pub(super) const NONE: Self = Self(0);

    /// The set of these.
    pub(super) const fn of(list: &[Signal]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < list.len() {
            bits |= 1 << list[index] as u32;
            index += 1;
        }
        Self(bits)
    }

    /// True if the two share a signal.
    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The signals of either.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// How many signals are in both.
    pub(super) const fn shared(self, other: Self) -> u32 {
        (self.0 & other.0).count_ones()
    }

    /// The signals of the set, in order.
    pub(super) fn names(self) -> impl Iterator<Item = Signal> {
        Signal::ALL.iter().copied().filter(move |&signal| self.contains(signal))
    }

    /// Adds one.
    pub(super) fn insert(&mut self, signal: Signal) {
        self.0 |= 1 << signal as u32;
    }

    /// True if the signal is in the set.
    pub(super) const fn contains(self, signal: Signal) -> bool {
        self.0 & (1 << signal as u32) != 0
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
pub(super) const SECRETS: Signals =
    Signals(PRIVATE.0 | Signals::of(&[Signal::SecretRegistry, Signal::SecretDotenv]).0);

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
