// The only door between the windows and Rust. `tauri.ts` implements it over Tauri's IPC,
// `mock.ts` in memory for tests and for working on the look without a daemon.
import type {
  Asked, DecoyKind, Desk, Ecosystem, Event, Excerpt, Expiry, KnownBad, Policy, Project, ProjectPackage, RuleDraft,
  ScanProgress, SealedEntry, SealedItem, Settings, Verdict,
} from "./protocol";

export type * from "./protocol";

/** What every command rejects with. */
export interface Failure {
  /** What failed and why. */
  message: string;
  /** What to do; may be empty. */
  hint: string;
}

/** Things Rust tells the windows without being asked. */
export interface Told {
  desk: Desk;
  event: Event;
  asked: Asked | null;
  project: Project;
  scan: { project: number; progress: ScanProgress };
  quarantine: SealedItem[];
}

export interface Backend {
  desk(): Promise<Desk>;
  /** Newest first, at most `limit`; `before` an id for the next page, 0 for the first. */
  events(before: number, limit: number): Promise<Event[]>;
  /** The user has looked at everything up to this event. */
  acknowledge(upTo: number): Promise<void>;
  answer(event: number, allow: boolean, expiry: Expiry): Promise<void>;

  setPolicy(policy: Policy): Promise<void>;
  pause(seconds: number): Promise<void>;
  resume(): Promise<void>;
  addRule(draft: RuleDraft): Promise<void>;
  removeRule(id: number): Promise<void>;
  /** Plants a decoy of this kind in its usual place. */
  plantDecoy(kind: DecoyKind): Promise<void>;
  /** The decoy's file goes too, unless it was changed. */
  removeDecoy(path: string): Promise<void>;

  projects(): Promise<Project[]>;
  /** Opens the desktop's folder dialog; null when the user thought better of it. */
  chooseFolder(): Promise<string | null>;
  addProject(path: string): Promise<Project>;
  removeProject(id: number): Promise<void>;
  /** Folders below the home that look like projects and are not watched yet. */
  discoverProjects(): Promise<string[]>;
  /** Packages of a project, worst first; of the package caches when `project` is null. */
  packages(project: number | null): Promise<ProjectPackage[]>;
  startScan(project: number): Promise<void>;
  cancelScan(project: number): Promise<void>;
  /** Lines around `line` of a file inside a scanned package (folder or archive). */
  excerpt(packagePath: string, file: string, line: number): Promise<Excerpt>;

  quarantine(): Promise<SealedItem[]>;
  seal(path: string, ecosystem: Ecosystem, name: string, version: string, verdict: Verdict | null, text: string): Promise<SealedItem>;
  reviewSealed(id: string): Promise<SealedEntry[]>;
  readSealed(id: string, file: string): Promise<Excerpt>;
  restoreSealed(id: string): Promise<void>;
  deleteSealed(id: string): Promise<void>;

  /** The list that scans look packages up in. */
  knownBad(): Promise<KnownBad>;
  settings(): Promise<Settings>;
  saveSettings(settings: Settings): Promise<void>;

  /** Calls back on every message of that kind; the returned function ends it. */
  on<K extends keyof Told>(kind: K, listener: (told: Told[K]) => void): Promise<() => void>;
}
