import type { Coverage, CoverageLevel } from "../backend/types";

/** The files of one class, with the weakest of their levels. */
export interface CoverageClass {
  class: string;
  title: string;
  tier: number;
  level: CoverageLevel;
  files: Coverage[];
}

const STRENGTH: Record<CoverageLevel, number> = { none: 0, opens: 1, full: 2 };

export const LEVEL: Record<CoverageLevel, string> = {
  full: "Every read",
  opens: "Opening only",
  none: "Not covered",
};

/** Coverage by class: most valuable tier first, weakest level first within it. */
export function byClass(coverage: Coverage[]): CoverageClass[] {
  const classes = new Map<string, CoverageClass>();
  for (const file of coverage) {
    const known = classes.get(file.class);
    if (!known) {
      classes.set(file.class, { ...pick(file), files: [file] });
      continue;
    }
    known.files.push(file);
    if (STRENGTH[file.level] < STRENGTH[known.level]) known.level = file.level;
  }
  return [...classes.values()].sort(
    (a, b) => a.tier - b.tier || STRENGTH[a.level] - STRENGTH[b.level] || a.title.localeCompare(b.title),
  );
}

function pick({ class: name, title, tier, level }: Coverage) {
  return { class: name, title, tier, level };
}
