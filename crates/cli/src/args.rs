//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use doorward_protocol::{DecoyKind, Expiry, Mode, Verdict};
use std::path::PathBuf;

/// Scans the packages your projects depend on, and shows what the guard saw.
#[derive(Debug, Parser)]
#[command(
    name = "doorward",
    version,
    max_term_width = 100,
    after_help = "Environment:\n  DOORWARD_SOCKET    the daemon's socket (default: /run/doorward/doorwardd.sock)\n  \
                  DOORWARD_DATA_DIR  the user's own data (default: ~/.local/share/doorward)\n  \
                  NO_COLOR           print without colour\n\n\
                  Examples:\n  doorward scan .                 scan the project in this folder\n  \
                  doorward status                 what is guarded, and what is not\n  \
                  doorward events --follow        watch reads of your secrets as they happen\n  \
                  doorward drill                  rehearse a theft and see the alert arrive"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Scan projects, packages or archives for malicious code.
    #[command(after_help = "Exit status:\n  0  nothing at or above --fail-on\n  1  something is\n  \
                            2  the scan itself failed\n\n\
                            Examples:\n  doorward scan .\n  doorward scan left-pad-1.3.0.tgz\n  \
                            doorward scan node_modules --format json > report.json\n  \
                            doorward scan . --format sarif --fail-on suspicious > report.sarif")]
    Scan(ScanArgs),
    /// Say what is guarded, what waits for an answer and what does not work.
    #[command(after_help = "Exit status:\n  0  the guard is running\n  1  it is not\n\n\
                            Examples:\n  doorward status\n  doorward status --json")]
    Status(StatusArgs),
    /// List reads of guarded files and what the guard answered.
    #[command(after_help = "With --json every event is one JSON object on one line.\n\n\
                            Examples:\n  doorward events --limit 20\n  doorward events --follow\n  \
                            doorward events --json | jq 'select(.package != null)'")]
    Events(EventsArgs),
    /// Say what a finding means and what to do about it.
    #[command(
        after_help = "Examples:\n  doorward explain I-06\n  doorward explain          list every finding"
    )]
    Explain {
        /// The finding's identifier, as a report shows it.
        #[arg(value_name = "ID")]
        rule: Option<String>,
        /// Print one JSON object per finding.
        #[arg(long)]
        json: bool,
    },
    /// The list of known-bad packages: which one is in use, and newer ones.
    #[command(subcommand)]
    Feed(FeedCommand),
    /// Change what the guard does: modes, rules, pauses.
    #[command(subcommand)]
    Guard(GuardCommand),
    /// Lock packages away, look at them, and bring them back.
    #[command(subcommand)]
    Quarantine(QuarantineCommand),
    /// The folders Doorward watches.
    #[command(subcommand)]
    Projects(ProjectsCommand),
    /// Rehearse a theft: a decoy key is read the way an install script would, and nothing leaves the machine.
    #[command(
        after_help = "A decoy file ~/.ssh/id_doorward_drill is created, read by a helper that calls itself\n\
                            an install script, and removed again.\n\n\
                            Exit status:\n  0  the alert came\n  1  it did not\n\n\
                            Example:\n  doorward drill"
    )]
    Drill(DrillArgs),
    /// Print a completion script for a shell.
    #[command(
        after_help = "Example:\n  doorward completions bash > ~/.local/share/bash-completion/completions/doorward"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder.
    #[command(hide = true)]
    Man {
        /// The folder; it is created.
        folder: PathBuf,
    },
    /// Read one file, for the drill.
    #[command(name = "__thief", hide = true)]
    Thief {
        /// The file.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// A project, an installed package's folder, an install tree, or an archive (.tgz .tar.gz .whl .zip .crate).
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// How to print the result.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// Exit with 1 when a package gets this verdict or a worse one.
    #[arg(long, value_enum, default_value_t = Threshold::Malicious)]
    pub(crate) fail_on: Threshold,
    /// Leave the list of known-bad packages out; content alone decides.
    #[arg(long)]
    pub(crate) no_feed: bool,
    /// Read every file again instead of trusting verdicts of unchanged packages.
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Compare with an earlier version: a package, an archive, or a tree of packages that are paired by name.
    #[arg(long, value_name = "OLD")]
    pub(crate) against: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For reading.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Threshold {
    Notable,
    Suspicious,
    Malicious,
}

impl From<Threshold> for Verdict {
    fn from(threshold: Threshold) -> Self {
        match threshold {
            Threshold::Notable => Self::Notable,
            Threshold::Suspicious => Self::Suspicious,
            Threshold::Malicious => Self::Malicious,
        }
    }
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct StatusArgs {
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct EventsArgs {
    /// Print one JSON object per line.
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep running and print events as they happen.
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// How many past events to print at most.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) limit: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GuardCommand {
    /// Show the modes in force.
    #[command(after_help = "Example:\n  doorward guard status")]
    Status {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Set how reads nobody has a rule for are answered.
    #[command(after_help = "Examples:\n  doorward guard mode ask\n  doorward guard mode block --tier 2\n  \
                            doorward guard mode block --packages")]
    Mode {
        /// The mode.
        #[arg(value_enum)]
        mode: ModeName,
        /// Set it for one tier only: 1 keys and tokens, 2 histories and .env files, 3 the rest.
        #[arg(long, value_name = "N", conflicts_with = "packages", value_parser = clap::value_parser!(u8).range(1..=3))]
        tier: Option<u8>,
        /// Set it for the scripts of packages only.
        #[arg(long)]
        packages: bool,
    },
    /// Let a program read a secret without a question.
    #[command(after_help = "Examples:\n  doorward guard allow /usr/bin/ssh-keygen --class ssh-key\n  \
                            doorward guard allow /usr/bin/python3 --script ~/bin/backup.py --secret ~/.aws/credentials --for day")]
    Allow(RuleArgs),
    /// Never let a program read a secret.
    #[command(after_help = "Example:\n  doorward guard deny /usr/bin/curl --class ssh-key")]
    Deny(RuleArgs),
    /// List the rules.
    #[command(after_help = "Example:\n  doorward guard rules --json")]
    Rules {
        /// Print one JSON object per rule.
        #[arg(long)]
        json: bool,
    },
    /// Remove a rule.
    #[command(after_help = "Example:\n  doorward guard remove 3")]
    Remove {
        /// The rule's number, as `doorward guard rules` shows it.
        id: u64,
    },
    /// Answer a read that is held; `doorward status` lists them.
    #[command(after_help = "Example:\n  doorward guard answer 17 deny")]
    Answer {
        /// The event's number.
        event: u64,
        /// The answer.
        #[arg(value_enum)]
        answer: Answer,
        /// For how long the answer counts.
        #[arg(long = "for", value_enum, default_value_t = Duration::Once, value_name = "HOW-LONG")]
        duration: Duration,
    },
    /// Observe everything and deny nothing for a while.
    #[command(after_help = "Example:\n  doorward guard pause 15")]
    Pause {
        /// How long.
        #[arg(value_parser = clap::value_parser!(u32).range(1..=1440))]
        minutes: u32,
    },
    /// Plant files that nobody needs, so that whoever reads one gives itself away.
    #[command(subcommand)]
    Decoy(DecoyCommand),
    /// End a pause early.
    #[command(after_help = "Example:\n  doorward guard resume")]
    Resume,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DecoyCommand {
    /// Plant one decoy, or one of each kind. Nothing is ever overwritten.
    #[command(
        after_help = "Examples:\n  doorward guard decoy add\n  doorward guard decoy add --kind solana\n  \
                            doorward guard decoy add --kind ssh ~/.ssh/deploy_2019"
    )]
    Add {
        /// What it looks like; without it, one of each kind is planted.
        #[arg(long, value_enum)]
        kind: Option<DecoyKindName>,
        /// Where it is planted, below your home folder (default: beside the real thing).
        #[arg(requires = "kind")]
        path: Option<PathBuf>,
    },
    /// List the decoys.
    #[command(after_help = "Example:\n  doorward guard decoy list --json")]
    List {
        /// Print one JSON object per decoy.
        #[arg(long)]
        json: bool,
    },
    /// Remove a decoy; its file goes too, unless it was changed.
    #[command(after_help = "Example:\n  doorward guard decoy remove ~/.ssh/id_ed25519_backup")]
    Remove {
        /// The decoy's file.
        path: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DecoyKindName {
    /// An SSH private key.
    Ssh,
    /// AWS credentials.
    Aws,
    /// A Solana key pair.
    Solana,
    /// A Sui key store.
    Sui,
    /// An Ethereum key store.
    Ethereum,
    /// An npm configuration with a token.
    Npm,
}

impl From<DecoyKindName> for DecoyKind {
    fn from(name: DecoyKindName) -> Self {
        match name {
            DecoyKindName::Ssh => Self::Ssh,
            DecoyKindName::Aws => Self::Aws,
            DecoyKindName::Solana => Self::Solana,
            DecoyKindName::Sui => Self::Sui,
            DecoyKindName::Ethereum => Self::Ethereum,
            DecoyKindName::Npm => Self::Npm,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// The program's executable.
    #[arg(value_name = "EXE")]
    pub(crate) exe: PathBuf,
    /// The one file the rule is about.
    #[arg(long, value_name = "PATH", required_unless_present = "class", conflicts_with = "class")]
    pub(crate) secret: Option<PathBuf>,
    /// All files of a class, such as `ssh-key`; `doorward status` lists the classes.
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Option<String>,
    /// The script, needed where the program is an interpreter.
    #[arg(long, value_name = "PATH")]
    pub(crate) script: Option<PathBuf>,
    /// The one process, needed with `--for process`.
    #[arg(long, value_name = "PID", required_if_eq("duration", "process"))]
    pub(crate) pid: Option<u32>,
    /// For how long the rule counts.
    #[arg(long = "for", id = "duration", value_enum, default_value_t = Duration::Always, value_name = "HOW-LONG")]
    pub(crate) duration: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Answer {
    Allow,
    Deny,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeName {
    /// Allow and tell.
    Observe,
    /// Hold and ask.
    Ask,
    /// Deny and tell.
    Block,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Observe => Self::Observe,
            ModeName::Ask => Self::Ask,
            ModeName::Block => Self::Block,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Duration {
    /// One read.
    Once,
    /// Until the process ends.
    Process,
    /// Until the machine restarts.
    Restart,
    /// 24 hours.
    Day,
    /// Until the rule is removed.
    Always,
}

impl From<Duration> for Expiry {
    fn from(duration: Duration) -> Self {
        match duration {
            Duration::Once => Self::Once,
            Duration::Process => Self::Process,
            Duration::Restart => Self::Restart,
            Duration::Day => Self::Day,
            Duration::Always => Self::Always,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum FeedCommand {
    /// Say which list is in use.
    #[command(after_help = "Example:\n  doorward feed status")]
    Status {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Put a newer list in use, after checking its signature. Nothing else of Doorward fetches anything.
    #[command(
        after_help = "The signature is expected beside the list, as FROM.minisig. A list that is unsigned,\n\
                            older, damaged or much shorter than the one in use is refused.\n\n\
                            Examples:\n  doorward feed update ~/Downloads/known-bad.feed\n  \
                            doorward feed update https://lists.example.org/known-bad.feed"
    )]
    Update {
        /// A file, or an https address.
        from: String,
    },
    /// Trust a publisher's minisign public key.
    #[command(after_help = "Examples:\n  doorward feed trust minisign.pub\n  \
                            doorward feed trust RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3")]
    Trust {
        /// The key, or the file that holds it.
        key: String,
    },
    /// Go back to the list that came with the program.
    #[command(after_help = "Example:\n  doorward feed reset")]
    Reset,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuarantineCommand {
    /// List what is locked away.
    #[command(after_help = "Example:\n  doorward quarantine list")]
    List {
        /// Print one JSON object per item.
        #[arg(long)]
        json: bool,
    },
    /// Lock a package's folder away, encrypted, so that nothing can run it.
    #[command(after_help = "Example:\n  doorward quarantine seal node_modules/evil-dep")]
    Seal {
        /// The package's folder.
        path: PathBuf,
        /// Why, in a sentence.
        #[arg(long, value_name = "TEXT", default_value = "Sealed from the command line.")]
        reason: String,
    },
    /// List the files inside a sealed package.
    #[command(after_help = "Example:\n  doorward quarantine review 20260524-evil-dep")]
    Review {
        /// The item, as `doorward quarantine list` shows it.
        id: String,
        /// Print one JSON object per entry.
        #[arg(long)]
        json: bool,
    },
    /// Show one file of a sealed package as harmless text.
    #[command(after_help = "Example:\n  doorward quarantine show 20260524-evil-dep package.json")]
    Show {
        /// The item.
        id: String,
        /// The file, as `doorward quarantine review` shows it.
        file: String,
    },
    /// Put a package back where it was.
    #[command(after_help = "Example:\n  doorward quarantine restore 20260524-evil-dep")]
    Restore {
        /// The item.
        id: String,
    },
    /// Delete a sealed package for good.
    #[command(after_help = "Example:\n  doorward quarantine delete 20260524-evil-dep --yes")]
    Delete {
        /// The item.
        id: String,
        /// Confirm that it cannot be brought back.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProjectsCommand {
    /// List the watched folders.
    #[command(after_help = "Example:\n  doorward projects list --json")]
    List {
        /// Print one JSON object per project.
        #[arg(long)]
        json: bool,
    },
    /// Watch a folder.
    #[command(after_help = "Example:\n  doorward projects add ~/src/shop")]
    Add {
        /// The folder.
        path: PathBuf,
    },
    /// Stop watching a folder; the folder itself is left as it is.
    #[command(after_help = "Example:\n  doorward projects remove ~/src/shop")]
    Remove {
        /// The folder.
        path: PathBuf,
    },
    /// Find likely projects below your home folder.
    #[command(
        after_help = "Examples:\n  doorward projects discover\n  doorward projects discover ~/src --add"
    )]
    Discover {
        /// Where to look (default: your home folder).
        root: Option<PathBuf>,
        /// Watch everything that was found.
        #[arg(long)]
        add: bool,
    },
    /// Stay and scan every package that arrives in the watched folders and the package caches.
    #[command(after_help = "Example:\n  doorward projects watch")]
    Watch,
    /// Scan a watched folder and store the verdicts.
    #[command(after_help = "Example:\n  doorward projects scan ~/src/shop")]
    Scan {
        /// The folder (default: all watched folders).
        path: Option<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct DrillArgs {
    /// How long to wait for the alert.
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) wait: u64,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}
