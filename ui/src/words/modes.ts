import type { Mode, Policy } from "../backend/types";

export const MODE: Record<Mode, { name: string; consequence: string }> = {
  observe: { name: "Observe", consequence: "The read goes through, and you are told." },
  ask: { name: "Ask", consequence: "The read is held for up to 30 seconds while you are asked." },
  block: { name: "Block", consequence: "The read is refused, and you are told." },
};

export type Scope = Exclude<keyof Policy, "mode">;

export const SCOPES: { key: Scope; title: string; covers: string }[] = [
  { key: "packages", title: "Packages", covers: "Install and build scripts of dependencies, and whatever they start." },
  { key: "tier1", title: "Keys, wallets and tokens", covers: "Programs without a rule that read private keys, wallets or tokens." },
  { key: "tier2", title: "Histories and settings", covers: "Shell histories, .env files and what tells about your accounts." },
  { key: "tier3", title: "Traces", covers: "Files that matter only when many of them are read in a row." },
];

const DEFAULTS: Record<Mode, Record<Scope, Mode>> = {
  observe: { packages: "observe", tier1: "observe", tier2: "observe", tier3: "observe" },
  ask: { packages: "block", tier1: "ask", tier2: "observe", tier3: "observe" },
  block: { packages: "block", tier1: "block", tier2: "block", tier3: "observe" },
};

/** What a scope does while nothing of its own is set. */
export function defaultMode(overall: Mode, scope: Scope): Mode {
  return DEFAULTS[overall][scope];
}

/** The mode in force; overall `observe` wins over everything. */
export function inForce(policy: Policy, scope: Scope): Mode {
  if (policy.mode === "observe") return "observe";
  return policy[scope] ?? defaultMode(policy.mode, scope);
}
