import { getContext, setContext } from "svelte";
import type {
  Backend, Desk, Event, Failure, PackageReport, Project, ProjectPackage, SealedItem, Settings, Told, Verdict,
} from "../backend/types";
import { asFailure } from "../words/failure";
import { packageName } from "../words/sentences";
import { isToday } from "../words/time";
import { isFlagged, worstFirst } from "../words/verdicts";
import type { Route } from "./route.svelte";

const PAGE = 100;
const FLUSH_MS = 100;
const NOTICE_MS = 8000;
const MOST_OF_A_DAY = 2000;

/** What it takes to lock a package's folder away. */
export type Sealable = Pick<PackageReport, "path" | "ecosystem" | "name" | "version"> & { verdict: Verdict | null };

/** What Rust knows, as the main window sees it now: fetched once, then kept up by what Rust tells. */
export class Live {
  desk = $state<Desk | null>(null);
  events = $state<Event[]>([]);
  moreEvents = $state(false);
  projects = $state<Project[]>([]);
  /** Packages by project; the package caches are under 0. */
  packages = $state<Record<number, ProjectPackage[]>>({});
  sealed = $state<SealedItem[]>([]);
  settings = $state<Settings | null>(null);
  failure = $state<Failure | null>(null);
  /** What was just done, for a moment. */
  notice = $state("");
  now = $state(Date.now());

  readonly flagged = $derived(
    worstFirst(Object.values(this.packages).flat().filter(({ report }) => isFlagged(report.verdict))),
  );

  readonly #ends: (() => void)[] = [];
  #arrived: ProjectPackage[] = [];
  #stopped = false;

  constructor(
    readonly backend: Backend,
    readonly route: Route,
  ) {}

  async start() {
    const tick = setInterval(() => (this.now = Date.now()), 1000);
    this.#ends.push(() => clearInterval(tick));
    await this.#follow("desk", (desk) => (this.desk = desk));
    await this.#follow("event", (event) => this.#learn(event));
    await this.#follow("asked", () => this.refreshDesk());
    await this.#follow("project", (project) => this.#learnProject(project));
    await this.#follow("scan", ({ project, progress }) => {
      const known = this.projects.find((one) => one.id === project);
      if (!known) return;
      if (progress.step === "found") known.state = { is: "scanning", done: 0, total: progress.total };
      else {
        known.state = { is: "scanning", done: progress.done, total: progress.total };
        this.#learnPackage(project, progress.report);
      }
    });
    await this.#follow("quarantine", (sealed) => (this.sealed = sealed));
    await Promise.all([this.refreshDesk(), this.#loadDay(), this.#loadProjects(), this.#loadSealed(), this.#loadSettings()]);
  }

  stop() {
    this.#stopped = true;
    for (const end of this.#ends.splice(0)) end();
  }

  /** Runs a command; what it rejects with is shown in the window. True where it worked. */
  async attempt(command: () => Promise<unknown>): Promise<boolean> {
    try {
      await command();
      return true;
    } catch (reason) {
      this.failure = asFailure(reason);
      return false;
    }
  }

  refreshDesk = () => this.attempt(async () => (this.desk = await this.backend.desk()));

  loadOlder = () => this.attempt(() => this.#page());

  loadPackages(project: number | null) {
    return this.attempt(async () => {
      this.packages[project ?? 0] = worstFirst(await this.backend.packages(project));
    });
  }

  /** Locks a package's folder away and forgets it here once it is gone. */
  seal({ path, ecosystem, name, version, verdict }: Sealable, text: string) {
    return this.attempt(async () => {
      await this.backend.seal(path, ecosystem, name, version, verdict, text);
      this.sealed = await this.backend.quarantine();
      for (const [project, known] of Object.entries(this.packages)) {
        this.packages[Number(project)] = known.filter((one) => one.report.path !== path);
      }
      this.tellDone(`${packageName({ ecosystem, name, version })} is locked away. You find it under Quarantine.`);
    });
  }

  tellDone(notice: string) {
    this.notice = notice;
    setTimeout(() => {
      if (this.notice === notice) this.notice = "";
    }, NOTICE_MS);
  }

  async #follow<K extends keyof Told>(kind: K, listener: (told: Told[K]) => void) {
    await this.attempt(async () => {
      const end = await this.backend.on(kind, listener);
      if (this.#stopped) end();
      else this.#ends.push(end);
    });
  }

  #learn(event: Event) {
    const at = this.events.findIndex((one) => one.id <= event.id);
    if (at >= 0 && this.events[at]?.id === event.id) this.events[at] = event;
    else this.events.splice(at < 0 ? this.events.length : at, 0, event);
  }

  #learnProject(project: Project) {
    const at = this.projects.findIndex((one) => one.id === project.id);
    if (at < 0) this.projects.push(project);
    else this.projects[at] = project;
    const wanted = this.packages[project.id] || (project.worst && isFlagged(project.worst));
    if (project.state.is !== "scanning" && wanted) void this.loadPackages(project.id);
  }

  /** A scan reports thousands of packages in seconds; the table follows ten times a second. */
  #learnPackage(project: number, report: PackageReport) {
    if (this.#arrived.length === 0) setTimeout(() => this.#flush(), FLUSH_MS);
    this.#arrived.push({ project, scanned: new Date().toISOString(), report });
  }

  #flush() {
    const arrived = this.#arrived.splice(0);
    for (const project of new Set(arrived.map((one) => one.project ?? 0))) {
      const news = arrived.filter((one) => one.project === project);
      this.packages[project] = worstFirst([...(this.packages[project] ?? []), ...news]);
    }
  }

  /** The strip of the day needs all of today; the list shows what is there. */
  #loadDay() {
    return this.attempt(async () => {
      do await this.#page();
      while (this.moreEvents && this.events.length < MOST_OF_A_DAY && isToday(this.events.at(-1)?.time ?? ""));
    });
  }

  async #page() {
    const older = await this.backend.events(this.events.at(-1)?.id ?? 0, PAGE);
    this.moreEvents = older.length === PAGE;
    for (const event of older) this.#learn(event);
  }

  #loadProjects() {
    return this.attempt(async () => {
      this.projects = await this.backend.projects();
      const flagged = this.projects.filter((one) => one.worst && isFlagged(one.worst));
      await Promise.all([null, ...flagged.map((one) => one.id)].map((id) => this.loadPackages(id)));
    });
  }

  #loadSealed = () => this.attempt(async () => (this.sealed = await this.backend.quarantine()));
  #loadSettings = () => this.attempt(async () => (this.settings = await this.backend.settings()));
}

const KEY = Symbol("live");
export const provideLive = (live: Live) => setContext(KEY, live);
export const useLive = () => getContext<Live>(KEY);
