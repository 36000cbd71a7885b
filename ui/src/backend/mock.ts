import * as made from "./mock-data";
import type {
  Asked, Backend, DecoyKind, Desk, Ecosystem, Event, Excerpt, Expiry, Failure, GuardState, Mood, PackageReport, Policy,
  Project, ProjectPackage, RuleDraft, SealedEntry, SealedItem, Settings, Told, Verdict,
} from "./types";

type Listener = (told: never) => void;

/** Doorward in memory: the same answers and messages as Rust, without a daemon, a disk or a package. */
export class MockBackend implements Backend {
  /** Milliseconds between two packages of a pretended scan. */
  pace = 60;
  #events: Event[] = structuredClone(made.events);
  #guard: GuardState = structuredClone(made.guard);
  #projects: Project[] = structuredClone(made.projects);
  #packages: ProjectPackage[] = structuredClone(made.packages);
  #sealed: SealedItem[] = structuredClone(made.sealed);
  #settings: Settings = { quarantine_malicious: false, notifications: true, notify_from: "suspicious", autostart: true };
  #asked: Asked[];
  #seenUpTo = 0;
  #scans = new Map<number, ReturnType<typeof setInterval>>();
  #listeners = new Map<keyof Told, Set<Listener>>();

  constructor(asked?: Asked[]) {
    this.#asked = asked ?? questions(this.#events);
  }

  async desk(): Promise<Desk> {
    const unseen = this.#unseen();
    const denied = this.#events.filter((event) => event.action === "denied").length;
    return structuredClone({
      mood: this.#mood(unseen),
      headline: this.#headline(),
      features: [
        { name: "guard", on: true, note: "Watching 10 secrets." },
        { name: "watching", on: true, note: "Three projects and the package caches." },
        { name: "scanner", on: true, note: "Ready." },
        { name: "tray", on: true, note: "Shown by this desktop." },
        { name: "notifications", on: true, note: "Shown by this desktop." },
        { name: "keyring", on: false, note: "No keyring answers on the session bus, so the quarantine's key is in a file only you can read. Start a keyring to move it." },
      ],
      guard: this.#guard,
      asked: this.#asked,
      unseen,
      today: { reads: this.#events.length - 1, denied, scanned: 412, flagged: 2 },
    });
  }

  async events(before: number, limit: number) {
    const from = this.#events.filter((event) => before === 0 || event.id < before);
    return structuredClone(from.slice(0, limit));
  }

  async acknowledge(upTo: number) {
    this.#seenUpTo = Math.max(this.#seenUpTo, upTo);
    await this.#tellDesk();
  }

  async answer(event: number, allow: boolean, _expiry: Expiry) {
    const asked = this.#asked.find((one) => one.event.id === event);
    if (!asked) throw failure("The question is no longer open.", "It was answered, or its time ran out.");
    this.#asked = this.#asked.filter((one) => one !== asked);
    const known = this.#events.find((one) => one.id === event);
    if (known) {
      known.action = allow ? "allowed" : "denied";
      known.importance = "quiet";
      this.#tell("event", structuredClone(known));
    }
    this.#tell("asked", structuredClone(this.#asked[0] ?? null));
    await this.#tellDesk();
  }

  async setPolicy(policy: Policy) {
    this.#guard.policy = policy;
    await this.#tellDesk();
  }

  async pause(seconds: number) {
    this.#guard.paused_until = new Date(Date.now() + seconds * 1000).toISOString();
    await this.#tellDesk();
  }

  async resume() {
    this.#guard.paused_until = null;
    await this.#tellDesk();
  }

  async addRule(draft: RuleDraft) {
    const id = Math.max(0, ...this.#guard.rules.map((rule) => rule.id)) + 1;
    const expires_at = draft.expiry === "day" ? made.minutesAgo(-1440) : null;
    this.#guard.rules.push({ ...draft, id, created: made.minutesAgo(0), owner: 1000, expires_at });
    await this.#tellDesk();
  }

  async removeRule(id: number) {
    this.#guard.rules = this.#guard.rules.filter((rule) => rule.id !== id);
    await this.#tellDesk();
  }

  async plantDecoy(kind: DecoyKind) {
    const path = `${made.HOME}/${kind}_backup`;
    if (this.#guard.decoys.some((decoy) => decoy.path === path)) throw failure(`Planting a decoy at ${path}: it is there already.`, "Nothing is ever overwritten.");
    this.#guard.decoys.push({ path, kind, owner: 1000, planted: made.minutesAgo(0), state: "intact" });
    await this.#tellDesk();
  }

  async removeDecoy(path: string) {
    this.#guard.decoys = this.#guard.decoys.filter((decoy) => decoy.path !== path);
    await this.#tellDesk();
  }

  async projects() {
    return structuredClone(this.#projects);
  }

  async chooseFolder() {
    return "/home/ana/code/lantern";
  }

  async addProject(path: string) {
    if (!path.startsWith("/")) throw failure(`Adding ${path} failed: it is not a full path.`, "Start it with a slash.");
    if (this.#projects.some((project) => project.path === path)) throw failure(`${path} is watched already.`, "");
    const project: Project = {
      id: Math.max(0, ...this.#projects.map((one) => one.id)) + 1,
      path,
      name: path.split("/").pop() ?? path,
      ecosystems: ["npm"],
      added: made.minutesAgo(0),
      last_scan: null,
      summary: null,
      worst: null,
      state: { is: "watching" },
    };
    this.#projects.push(project);
    this.#tell("project", structuredClone(project));
    return structuredClone(project);
  }

  async removeProject(id: number) {
    await this.cancelScan(id);
    this.#projects = this.#projects.filter((project) => project.id !== id);
  }

  async discoverProjects() {
    const likely = ["/home/ana/code/lantern", "/home/ana/code/breakwater/site"];
    return likely.filter((path) => !this.#projects.some((project) => project.path === path));
  }

  async packages(project: number | null) {
    return structuredClone(this.#packages.filter((one) => one.project === project));
  }

  async startScan(id: number) {
    const project = this.#project(id);
    const reports = made.packages.map((one) => one.report);
    const total = reports.length;
    let done = 0;
    project.state = { is: "scanning", done, total };
    this.#tell("project", structuredClone(project));
    this.#tell("scan", { project: id, progress: { step: "found", total } });
    const timer = setInterval(() => {
      const report = reports[done];
      if (!report) return this.#finish(project, reports);
      done += 1;
      project.state = { is: "scanning", done, total };
      this.#tell("scan", { project: id, progress: { step: "done", done, total, report: structuredClone(report) } });
    }, this.pace);
    this.#scans.set(id, timer);
  }

  async cancelScan(id: number) {
    clearInterval(this.#scans.get(id));
    if (!this.#scans.delete(id)) return;
    const project = this.#project(id);
    project.state = { is: "watching" };
    this.#tell("project", structuredClone(project));
  }

  async excerpt(_packagePath: string, file: string, line: number): Promise<Excerpt> {
    if (file === "package.json") {
      const lines = ["{", '  "name": "wallet-connect-utils",', '  "version": "2.4.1",', '  "scripts": {', '    "postinstall": "node ./scripts/setup.cjs"', "  }", "}"];
      return { path: file, first_line: Math.max(1, line - 4), lines, more: false };
    }
    const first = Math.max(1, line - 6);
    return { path: file, first_line: first, lines: made.sourceLines.slice(first - 1, line + 5), more: true };
  }

  async quarantine() {
    return structuredClone(this.#sealed);
  }

  async seal(path: string, ecosystem: Ecosystem, name: string, version: string, verdict: Verdict | null, text: string) {
    const item: SealedItem = {
      id: `q-${this.#sealed.length + 1}`,
      sealed: made.minutesAgo(0),
      package: { ecosystem, name, version },
      origin: path,
      reason: { verdict, text, events: [] },
      entries: made.sealedEntries.length,
      bytes: 18_433,
      state: "sealed",
    };
    this.#sealed.unshift(item);
    this.#packages = this.#packages.filter((one) => one.report.path !== path);
    this.#tell("quarantine", structuredClone(this.#sealed));
    return structuredClone(item);
  }

  async reviewSealed(id: string): Promise<SealedEntry[]> {
    this.#item(id);
    return structuredClone(made.sealedEntries);
  }

  async readSealed(_id: string, file: string): Promise<Excerpt> {
    return { path: file, first_line: 1, lines: ["import os, json", "", "def greet(name):", "    return f'hello {name}'"], more: false };
  }

  async restoreSealed(id: string) {
    this.#item(id).state = "restored";
    this.#tell("quarantine", structuredClone(this.#sealed));
  }

  async deleteSealed(id: string) {
    this.#item(id).state = "deleted";
    this.#tell("quarantine", structuredClone(this.#sealed));
  }

  async knownBad() {
    return { ...made.knownBad };
  }

  async settings() {
    return { ...this.#settings };
  }

  async saveSettings(settings: Settings) {
    this.#settings = { ...settings };
  }

  async on<K extends keyof Told>(kind: K, listener: (told: Told[K]) => void) {
    const all = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, all.add(listener as Listener));
    return () => void all.delete(listener as Listener);
  }

  /** For tests: what Rust would tell the windows. */
  tell<K extends keyof Told>(kind: K, told: Told[K]) {
    this.#tell(kind, told);
  }

  #tell<K extends keyof Told>(kind: K, told: Told[K]) {
    for (const listener of this.#listeners.get(kind) ?? []) (listener as (told: Told[K]) => void)(told);
  }

  async #tellDesk() {
    this.#tell("desk", await this.desk());
  }

  #finish(project: Project, reports: PackageReport[]) {
    clearInterval(this.#scans.get(project.id));
    this.#scans.delete(project.id);
    const scanned = made.minutesAgo(0);
    const others = this.#packages.filter((one) => one.project !== project.id);
    this.#packages = [...others, ...reports.map((report) => ({ project: project.id, scanned, report }))];
    const { summary, worst } = made.projects[0] ?? project;
    Object.assign(project, { last_scan: scanned, summary, worst, state: { is: "watching" } });
    this.#tell("project", structuredClone(project));
  }

  #project(id: number): Project {
    const project = this.#projects.find((one) => one.id === id);
    if (!project) throw failure(`There is no project ${id}.`, "It may have been removed in the meantime.");
    return project;
  }

  #item(id: string): SealedItem {
    const item = this.#sealed.find((one) => one.id === id);
    if (!item) throw failure(`There is no sealed package ${id}.`, "");
    return item;
  }

  #unseen(): number {
    return this.#events.filter((event) => event.importance !== "quiet" && event.id > this.#seenUpTo).length;
  }

  #mood(unseen: number): Mood {
    if (this.#guard.paused_until) return "paused";
    if (unseen > 0) return this.#events.some((event) => event.importance === "alarm") ? "alarm" : "attention";
    return this.#asked.length > 0 ? "attention" : "calm";
  }

  #headline(): string {
    if (this.#guard.paused_until) return "Paused: reads are written down and none is refused.";
    return this.#unseen() > 0
      ? "Your secrets are guarded. A package tried to read three of them and was refused."
      : "Your secrets are guarded.";
  }
}

function questions(events: Event[]): Asked[] {
  return events
    .filter((event) => event.action === "asked")
    .toReversed()
    .map((event) => ({ event, deadline: new Date(Date.now() + 27_000).toISOString(), default_allow: false }));
}

function failure(message: string, hint: string): Failure {
  return { message, hint };
}
