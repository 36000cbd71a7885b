import type { SealedEntry, SealedState } from "../backend/types";

export const SEALED: Record<SealedState, { name: string; meaning: string }> = {
  sealed: { name: "Locked away", meaning: "It is encrypted and out of its project." },
  restored: { name: "Restored", meaning: "It is back where it was." },
  deleted: { name: "Deleted", meaning: "It is gone; this note is what is left." },
  interrupted: { name: "Interrupted", meaning: "The last step did not finish. Restore brings back what was there." },
};

/** `-rw-r--r--` without the type: `rw-r--r--`. */
export function permissions(mode: number): string {
  return [6, 3, 0]
    .flatMap((shift) => ["r", "w", "x"].map((letter, at) => ((mode >> shift) & (4 >> at) ? letter : "-")))
    .join("");
}

/** How deep an entry lies, for its place in the list. */
export function depth(entry: SealedEntry): number {
  return entry.path.split("/").length - 1;
}
