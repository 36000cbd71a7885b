// Made from crates/protocol by `DOORWARD_BLESS=1 cargo test -p doorward-protocol --features ts`.

export type Timestamp = string;

export type Ecosystem = "npm" | "pypi" | "cargo";

export type PackageRef = { 
/**
 * Which registry family the name belongs to.
 */
ecosystem: Ecosystem, 
/**
 * The name as the manifest spells it.
 */
name: string, 
/**
 * The exact version.
 */
version: string, };

export type Stage = "install" | "build" | "import" | "runtime";

export type Attribution = { 
/**
 * When its code ran.
 */
stage: Stage, 
/**
 * The lifecycle script's name where there is one: `postinstall`, `setup.py`, `build.rs`.
 */
script: string, 
/**
 * The package's own folder, where it is known.
 */
path: string | null, 
/**
 * The project the package manager worked for, where it is known.
 */
project: string | null, 
/**
 * Which registry family the name belongs to.
 */
ecosystem: Ecosystem, 
/**
 * The name as the manifest spells it.
 */
name: string, 
/**
 * The exact version.
 */
version: string, };

export type Candidates = { 
/**
 * When their code runs: [`Stage::Build`] for procedural macros, [`Stage::Runtime`] for what a
 * program imports.
 */
stage: Stage, 
/**
 * The project the program belongs to, where it is known.
 */
project: string | null, 
/**
 * The likeliest first: those that were added last.
 */
packages: Array<PackageRef>, 
/**
 * How many more there are.
 */
more: number, };

export type EventKind = "read" | "exec" | "guard";

export type Action = "allowed" | "denied" | "asked";

export type Importance = "quiet" | "attention" | "alarm";

export type Secret = { 
/**
 * Where the file is, as the guard knows it (not as the reader spelt it).
 */
path: string, 
/**
 * The catalog's identifier, such as `ssh-key`.
 */
class: string, 
/**
 * The catalog's words for it, such as "SSH private key".
 */
title: string, 
/**
 * 1: stop strangers; 2: tell; 3: only counts towards a sweep.
 */
tier: number, };

export type Injection = { 
/**
 * The variable or mechanism: `LD_PRELOAD`, `NODE_OPTIONS`, `tracer`, …
 */
by: string, 
/**
 * Its value, for display.
 */
value: string, };

export type Ancestor = { 
/**
 * Process id.
 */
pid: number, 
/**
 * Its executable, for display.
 */
exe: string, 
/**
 * Its arguments, for display.
 */
cmdline: Array<string>, };

export type Reader = { 
/**
 * Process id in the daemon's pid namespace.
 */
pid: number, 
/**
 * Where its executable seems to be; for display, identity is the inode and the hash.
 */
exe: string, 
/**
 * Device and inode of the executable, as `dev:ino` in hexadecimal.
 */
inode: string, 
/**
 * SHA-256 of the executable; empty until it has been computed.
 */
sha256: string, 
/**
 * The arguments, for display only.
 */
cmdline: Array<string>, 
/**
 * The real user id of the process.
 */
uid: number, 
/**
 * The script it runs, where the executable is an interpreter.
 */
script: string | null, 
/**
 * Working directory, as the daemon sees it.
 */
cwd: string | null, 
/**
 * Foreign code or tracers found in the process.
 */
injected: Array<Injection>, 
/**
 * True where the process lives in a mount or process namespace other than the daemon's.
 */
foreign_namespace: boolean, 
/**
 * The Flatpak or snap that its control group is named after, as `flatpak:ID` or `snap:NAME`; a user can
 * make a control group of any name, so it is for display only.
 */
app: string | null, 
/**
 * The system's package that brought its executable, such as `openssh-client`.
 */
system_package: string | null, 
/**
 * Parents, nearest first, at most 14.
 */
ancestry: Array<Ancestor>, };

export type Event = { 
/**
 * Version of this shape; 1.
 */
schema: number, 
/**
 * Unique within one daemon's journal, rising.
 */
id: number, 
/**
 * When the guard saw it.
 */
time: Timestamp, 
/**
 * What kind of thing happened.
 */
kind: EventKind, 
/**
 * What the guard answered.
 */
action: Action, 
/**
 * How much of the user's attention it deserves.
 */
importance: Importance, 
/**
 * The user whose secret or package it is; only that user (and root) sees the event.
 */
owner: number, 
/**
 * The guarded file; for [`EventKind::Exec`] the program that was about to start.
 */
secret: Secret, 
/**
 * The program that asked.
 */
reader: Reader, 
/**
 * The package whose script was behind it, where one was.
 */
package: Attribution | null, 
/**
 * Packages one of which may be behind it, where it cannot be told which.
 */
candidates: Candidates | null, 
/**
 * Where the read was part of a sweep through several kinds of secrets: all of them, in order.
 */
sweep: Array<Secret>, 
/**
 * One sentence: who wanted what, what was answered and which step of the decision said so.
 */
why: string, };

export type Asked = { 
/**
 * The event; its action is `asked`.
 */
event: Event, 
/**
 * When the default answer is given.
 */
deadline: Timestamp, 
/**
 * True where the default answer allows.
 */
default_allow: boolean, };

export type Mode = "observe" | "ask" | "block";

export type Policy = { 
/**
 * The overall mode; `observe` wins over everything below it.
 */
mode: Mode, 
/**
 * Reads by a package's script or its descendants, of secrets the package does not own.
 */
packages: Mode | null, 
/**
 * Tier 1: private keys, wallets, tokens.
 */
tier1: Mode | null, 
/**
 * Tier 2: histories, `.env` files, metadata.
 */
tier2: Mode | null, 
/**
 * Tier 3: files that only count towards a sweep.
 */
tier3: Mode | null, };

export type RuleVerdict = "allow" | "deny";

export type Who = { 
/**
 * The executable; the daemon pins its device, inode and SHA-256 when the rule is made.
 */
exe: string | null, 
/**
 * Pinned by the daemon: `dev:ino` in hexadecimal.
 */
inode: string | null, 
/**
 * Pinned by the daemon: SHA-256 of the executable.
 */
sha256: string | null, 
/**
 * The script, required where the executable is an interpreter.
 */
script: string | null, 
/**
 * The package behind the read.
 */
package: PackageRef | null, 
/**
 * One process, as `pid@starttime`, for [`Expiry::Process`].
 */
process: string | null, };

export type What = { "path": string } | { "class": string };

export type Expiry = "once" | "process" | "restart" | "day" | "always";

export type RuleDraft = { 
/**
 * Allow or deny.
 */
verdict: RuleVerdict, 
/**
 * The reader it is about.
 */
who: Who, 
/**
 * The secret it is about.
 */
what: What, 
/**
 * For how long.
 */
expiry: Expiry, };

export type Rule = { 
/**
 * Unique within one daemon.
 */
id: number, 
/**
 * When it was made.
 */
created: Timestamp, 
/**
 * The user it belongs to and whose secrets it is about.
 */
owner: number, 
/**
 * When it stops to count, for [`Expiry::Day`].
 */
expires_at: Timestamp | null, 
/**
 * Allow or deny.
 */
verdict: RuleVerdict, 
/**
 * The reader it is about.
 */
who: Who, 
/**
 * The secret it is about.
 */
what: What, 
/**
 * For how long.
 */
expiry: Expiry, };

export type CoverageLevel = "full" | "opens" | "none";

export type Holder = { 
/**
 * Process id.
 */
pid: number, 
/**
 * Its executable, for display.
 */
exe: string, 
/**
 * True where the catalog knows it as a reader of this kind of secret.
 */
known: boolean, };

export type Coverage = { 
/**
 * The file, or the pattern where no file is there yet.
 */
path: string, 
/**
 * Catalog class.
 */
class: string, 
/**
 * The catalog's words for the class.
 */
title: string, 
/**
 * 1, 2 or 3.
 */
tier: number, 
/**
 * How much is covered.
 */
level: CoverageLevel, 
/**
 * What is not, in sentences; empty where everything is.
 */
note: string, 
/**
 * Programs that had the file open before it came under guard, and have it open still.
 */
holders: Array<Holder>, 
/**
 * Copies of it in snapshots that programs can reach.
 */
copies: number, };

export type Kernel = { 
/**
 * `uname -r`.
 */
release: string, 
/**
 * Pre-content events: reads through passed and mapped descriptors are seen.
 */
pre_content: boolean, 
/**
 * Events name their process by pidfd.
 */
pidfd: boolean, 
/**
 * Events report errors instead of being lost.
 */
fd_error: boolean, 
/**
 * Renames and links in guarded folders are reported with their target.
 */
target_fid: boolean, };

export type Counters = { 
/**
 * Permission events answered.
 */
answered: number, 
/**
 * Of these, denied.
 */
denied: number, 
/**
 * Of these, asked about.
 */
asked: number, 
/**
 * Questions that were answered by their deadline.
 */
timed_out: number, 
/**
 * Questions that could not be asked because too many were open.
 */
overflowed: number, 
/**
 * Guarded files.
 */
secrets: number, };

export type DecoyKind = "ssh" | "aws" | "solana" | "sui" | "ethereum" | "npm";

export type DecoyState = "intact" | "changed" | "gone";

export type Decoy = { 
/**
 * Where it lies.
 */
path: string, 
/**
 * What it looks like.
 */
kind: DecoyKind, 
/**
 * The user it was planted for.
 */
owner: number, 
/**
 * When it was planted.
 */
planted: Timestamp, 
/**
 * Whether it is still what was planted.
 */
state: DecoyState, };

export type GuardState = { 
/**
 * The modes in force.
 */
policy: Policy, 
/**
 * While set, everything is observed and nothing denied.
 */
paused_until: Timestamp | null, 
/**
 * Rules of the peer's user.
 */
rules: Array<Rule>, 
/**
 * One line per secret that exists (or would, had its folder existed) for the peer's user.
 */
coverage: Array<Coverage>, 
/**
 * Decoys of the peer's user; none are shown to what a package's script started.
 */
decoys: Array<Decoy>, 
/**
 * What this kernel offers.
 */
kernel: Kernel, 
/**
 * Since the daemon started.
 */
counters: Counters, 
/**
 * What of this machine leaves every guarded file open, one sentence each.
 */
gaps: Array<string>, };

export type KnownBad = { 
/**
 * When it was made.
 */
issued: Timestamp, 
/**
 * Packages in it.
 */
entries: number, 
/**
 * True for the one that came with the program, false for one that the user installed.
 */
built_in: boolean, 
/**
 * Why the one that the user installed is not in use, with what to do.
 */
problem: string | null, };

export type Verdict = "clean" | "notable" | "suspicious" | "malicious";

export type Severity = "low" | "medium" | "high" | "critical";

export type Finding = { 
/**
 * Stable identifier of the rule, such as `B-01`.
 */
rule: string, 
/**
 * What was found, in a few words.
 */
title: string, 
/**
 * How much it weighs.
 */
severity: Severity, 
/**
 * The file inside the package, with `/` between folders.
 */
path: string, 
/**
 * Line, from 1; 0 where the finding is about the whole file.
 */
line: number, 
/**
 * Column in characters, from 1; 0 where the finding is about the whole line or file.
 */
column: number, 
/**
 * The line itself, shortened, with hidden characters made visible.
 */
snippet: string, 
/**
 * Why it matters, in a sentence.
 */
why: string, };

export type Unscanned = { 
/**
 * The file inside the package; empty where the whole package was not read.
 */
path: string, 
/**
 * Why it was not read, with a hint where there is one.
 */
reason: string, };

export type PackageReport = { 
/**
 * The package URL.
 */
purl: string, 
/**
 * Registry family.
 */
ecosystem: Ecosystem, 
/**
 * Name as in the manifest.
 */
name: string, 
/**
 * Version as in the manifest.
 */
version: string, 
/**
 * The folder or archive that was read, as an absolute path.
 */
path: string, 
/**
 * The verdict.
 */
verdict: Verdict, 
/**
 * From 0 to 100.
 */
score: number, 
/**
 * The evidence, worst first.
 */
findings: Array<Finding>, 
/**
 * What was not read.
 */
unscanned: Array<Unscanned>, };

export type Summary = { 
/**
 * Packages looked at.
 */
packages: number, 
/**
 * Packages called clean.
 */
clean: number, 
/**
 * Packages called notable.
 */
notable: number, 
/**
 * Packages called suspicious.
 */
suspicious: number, 
/**
 * Packages called malicious.
 */
malicious: number, 
/**
 * Packages of which something was not read, whatever their verdict.
 */
unscanned: number, 
/**
 * Bytes read.
 */
bytes: number, 
/**
 * Milliseconds from the first look to the last verdict.
 */
duration_ms: number, };

export type ScanReport = { 
/**
 * [`SCHEMA_VERSION`].
 */
schema: number, 
/**
 * Counts.
 */
summary: Summary, 
/**
 * Every package, clean ones too, in the order of their paths.
 */
packages: Array<PackageReport>, };

export type ScanProgress = { "step": "found", 
/**
 * Packages to scan.
 */
total: number, } | { "step": "done", 
/**
 * Packages done.
 */
done: number, 
/**
 * Packages known so far.
 */
total: number, 
/**
 * The one that was just finished.
 */
report: PackageReport, };

export type ProjectState = { "is": "watching" } | { "is": "scanning", 
/**
 * Packages done.
 */
done: number, 
/**
 * Packages known so far.
 */
total: number, } | { "is": "unavailable", 
/**
 * Why, and what to do.
 */
reason: string, };

export type Project = { 
/**
 * The row in the user's database.
 */
id: number, 
/**
 * The folder.
 */
path: string, 
/**
 * The folder's last component, for display.
 */
name: string, 
/**
 * The ecosystems whose lockfiles or install trees were seen there.
 */
ecosystems: Array<Ecosystem>, 
/**
 * When it was added.
 */
added: Timestamp, 
/**
 * The last finished scan, if there was one.
 */
last_scan: Timestamp | null, 
/**
 * Counts of the last finished scan.
 */
summary: Summary | null, 
/**
 * The worst verdict of the last finished scan.
 */
worst: Verdict | null, 
/**
 * What is going on.
 */
state: ProjectState, };

export type ProjectPackage = { 
/**
 * The project it was found in; `None` for a package found in a cache.
 */
project: number | null, 
/**
 * When it was scanned.
 */
scanned: Timestamp, 
/**
 * What was found.
 */
report: PackageReport, };

export type SealReason = { 
/**
 * The scan's verdict at that time, where one was made.
 */
verdict: Verdict | null, 
/**
 * One sentence.
 */
text: string, 
/**
 * The identifiers of the guard events that led to it.
 */
events: number[], };

export type SealedState = "sealed" | "restored" | "deleted" | "interrupted";

export type SealedItem = { 
/**
 * Names the item in every command.
 */
id: string, 
/**
 * When it was sealed.
 */
sealed: Timestamp, 
/**
 * Which package, where it is known.
 */
package: PackageRef | null, 
/**
 * Where the folder was.
 */
origin: string, 
/**
 * Why it was sealed.
 */
reason: SealReason, 
/**
 * Files and folders inside.
 */
entries: number, 
/**
 * Bytes of the files inside.
 */
bytes: number, 
/**
 * Where it stands.
 */
state: SealedState, };

export type ErrorCode = "malformed" | "version" | "forbidden" | "not_authorised" | "not_found" | "invalid" | "busy" | "internal";

export type Mood = "calm" | "attention" | "alarm" | "paused" | "degraded";

export type Feature = { 
/**
 * Which: `guard`, `watching`, `scanner`, `tray`, `notifications`, `keyring`.
 */
name: string, 
/**
 * Whether it works.
 */
on: boolean, 
/**
 * What it does, or why it does not work and what to do.
 */
note: string, };

export type Today = { 
/**
 * Guarded reads that were written down.
 */
reads: number, 
/**
 * Of these, denied.
 */
denied: number, 
/**
 * Packages scanned.
 */
scanned: number, 
/**
 * Of these, suspicious or malicious.
 */
flagged: number, };

export type Desk = { 
/**
 * What the tray icon says.
 */
mood: Mood, 
/**
 * One sentence that answers "am I protected?".
 */
headline: string, 
/**
 * What works and what does not, with reasons.
 */
features: Array<Feature>, 
/**
 * The guard's state; `None` while no daemon is connected.
 */
guard: GuardState | null, 
/**
 * Reads that wait for an answer, oldest first.
 */
asked: Array<Asked>, 
/**
 * Events of attention or alarm that the user has not looked at.
 */
unseen: number, 
/**
 * Counts since midnight, local time.
 */
today: Today, };

export type Settings = { 
/**
 * Lock a package away by itself when a scan calls it malicious.
 */
quarantine_malicious: boolean, 
/**
 * Show desktop notifications.
 */
notifications: boolean, 
/**
 * Tell about new packages from this verdict on.
 */
notify_from: Verdict, 
/**
 * Start with the session.
 */
autostart: boolean, };

export type Excerpt = { 
/**
 * The file, as asked for.
 */
path: string, 
/**
 * The number of the first line, from 1.
 */
first_line: number, 
/**
 * The lines, hidden characters made visible, each cut at 2,000 characters.
 */
lines: Array<string>, 
/**
 * True where the file goes on after the last line.
 */
more: boolean, };

export type SealedEntry = { 
/**
 * Path inside the package, with `/` between folders.
 */
path: string, 
/**
 * `file`, `folder` or `link`.
 */
kind: string, 
/**
 * Bytes of a file; 0 otherwise.
 */
bytes: number, 
/**
 * Permission bits.
 */
mode: number, 
/**
 * Where a link points.
 */
target: string | null, };
