import type { Action, Attribution, Candidates, Event, PackageRef, Reader, Secret, Stage } from "../backend/types";
import { visible } from "./visible";

/** What happened, in one sentence without its full stop. */
export function sentence(event: Event): string {
  if (event.kind === "guard") return visible(event.why).replace(/\.$/, "");
  if (event.kind === "exec") return execSentence(event);
  const objects = [...new Set((event.sweep.length > 0 ? event.sweep : [event.secret]).map(object))];
  return `${subject(event)} ${READ[event.action]} ${listed(objects)}`;
}

/** The question of the prompt, in one sentence without its full stop. */
export function question(event: Event): string {
  if (event.kind === "exec") return `${subject(event)} wants to start`;
  return `${subject(event)} wants to read ${object(event.secret)}`;
}

/** Who: the package first, else the script, else the program. */
export function subject(event: Event): string {
  if (event.package) return packageSubject(event.package);
  const among = event.candidates;
  return among?.stage === "build" ? `A procedural macro of ${candidateNames(among, "or")}` : readerName(event.reader);
}

/** The program as a person would call it: `python3 backup.py` or `rsync`. */
export function readerName(reader: Reader): string {
  const program = visible(baseName(reader.exe));
  return reader.script ? `${program} ${visible(baseName(reader.script))}` : program;
}

/** "evil-dep 1.2.3". */
export function packageName(reference: PackageRef): string {
  return `${visible(reference.name)} ${visible(reference.version)}`.trim();
}

/** "a 1.0, b 2.0 and 3 more". */
export function candidateNames(among: Candidates, joint = "and"): string {
  return listed([...among.packages.map(packageName), ...(among.more > 0 ? [`${among.more} more`] : [])], joint);
}

export function baseName(path: string): string {
  return path.replace(/\/+$/, "").split("/").pop() || path;
}

/** `/home/ana/.ssh/id` → `~/.ssh/id`. */
export function tilde(path: string): string {
  return visible(path).replace(/^\/(?:home\/[^/]+|root)(?=\/|$)/, "~");
}

export const ACTION: Record<Action, string> = { allowed: "Allowed", denied: "Denied", asked: "Asked" };

export const STAGE: Record<Stage, string> = {
  install: "during installation",
  build: "during a build",
  import: "when it was imported",
  runtime: "while it ran",
};

export const ECOSYSTEM = { npm: "npm", pypi: "PyPI", cargo: "Cargo" } as const;

const READ: Record<Action, string> = {
  allowed: "read",
  denied: "was refused",
  asked: "wants to read",
};

function listed(items: string[], joint = "and"): string {
  const last = items.at(-1) ?? "";
  return items.length < 2 ? last : `${items.slice(0, -1).join(", ")} ${joint} ${last}`;
}

function execSentence(event: Event): string {
  const who = subject(event);
  if (event.action === "denied") return `${who} was stopped before it started`;
  return event.action === "asked" ? `${who} wants to start` : `${who} started`;
}

function packageSubject(from: Attribution): string {
  const name = packageName(from);
  if (from.stage === "import" || from.stage === "runtime") return `Code of ${name}`;
  const script = visible(from.script);
  if (!script) return `The ${from.stage} script of ${name}`;
  const file = script.includes(".") || script.includes("/");
  return file ? `${script} of ${name}` : `The ${script} script of ${name}`;
}

/** Catalog titles start with a capital; common nouns lose it inside a sentence, names keep it. */
function object(secret: Secret): string {
  const title = visible(secret.title) || visible(baseName(secret.path));
  return `your ${title.replace(COMMON_NOUN, (word) => word.toLowerCase())}`;
}

const COMMON_NOUN =
  /^(?:Access|Browser|Certificate|Cloud|Code|Command|Container|Cookie|Credential|Database|Desktop|Environment|Git credential|History|Hosting|Keyring|Login|Object|Package|Password|Private|Project|Registry|Saved|Service|Shell|Signing|Token|Wallet)s?\b/;
