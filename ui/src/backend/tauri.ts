import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type {
  Backend, DecoyKind, Desk, Ecosystem, Event, Excerpt, Expiry, KnownBad, Policy, Project, ProjectPackage, RuleDraft,
  SealedEntry, SealedItem, Settings, Told, Verdict,
} from "./types";

/** The windows' commands over Tauri's IPC; every method is the command of the same name. */
export class TauriBackend implements Backend {
  desk = () => invoke<Desk>("desk");
  events = (before: number, limit: number) => invoke<Event[]>("events", { before, limit });
  acknowledge = (upTo: number) => invoke<void>("acknowledge", { upTo });
  answer = (event: number, allow: boolean, expiry: Expiry) => invoke<void>("answer", { event, allow, expiry });

  setPolicy = (policy: Policy) => invoke<void>("set_policy", { policy });
  pause = (seconds: number) => invoke<void>("pause", { seconds });
  resume = () => invoke<void>("resume");
  addRule = (draft: RuleDraft) => invoke<void>("add_rule", { draft });
  removeRule = (id: number) => invoke<void>("remove_rule", { id });
  plantDecoy = (kind: DecoyKind) => invoke<void>("plant_decoy", { kind });
  removeDecoy = (path: string) => invoke<void>("remove_decoy", { path });

  projects = () => invoke<Project[]>("projects");
  chooseFolder = () => invoke<string | null>("choose_folder");
  addProject = (path: string) => invoke<Project>("add_project", { path });
  removeProject = (id: number) => invoke<void>("remove_project", { id });
  discoverProjects = () => invoke<string[]>("discover_projects");
  packages = (project: number | null) => invoke<ProjectPackage[]>("packages", { project });
  startScan = (project: number) => invoke<void>("start_scan", { project });
  cancelScan = (project: number) => invoke<void>("cancel_scan", { project });
  excerpt = (packagePath: string, file: string, line: number) =>
    invoke<Excerpt>("excerpt", { packagePath, file, line });

  quarantine = () => invoke<SealedItem[]>("quarantine");
  seal = (path: string, ecosystem: Ecosystem, name: string, version: string, verdict: Verdict | null, text: string) =>
    invoke<SealedItem>("seal", { path, ecosystem, name, version, verdict, text });
  reviewSealed = (id: string) => invoke<SealedEntry[]>("review_sealed", { id });
  readSealed = (id: string, file: string) => invoke<Excerpt>("read_sealed", { id, file });
  restoreSealed = (id: string) => invoke<void>("restore_sealed", { id });
  deleteSealed = (id: string) => invoke<void>("delete_sealed", { id });

  knownBad = () => invoke<KnownBad>("known_bad");
  settings = () => invoke<Settings>("settings");
  saveSettings = (settings: Settings) => invoke<void>("save_settings", { settings });

  on = <K extends keyof Told>(kind: K, listener: (told: Told[K]) => void) =>
    listen<Told[K]>(kind, (message) => listener(message.payload));
}
