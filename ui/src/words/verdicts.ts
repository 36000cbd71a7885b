import type { PackageReport, ProjectPackage, Verdict } from "../backend/types";

export const VERDICT: Record<Verdict, string> = {
  clean: "Clean",
  notable: "Notable",
  suspicious: "Suspicious",
  malicious: "Malicious",
};

/** What a verdict means for the person who reads it. */
export const MEANING: Record<Verdict, string> = {
  clean: "Nothing in it stands out.",
  notable: "It does something worth knowing, as many honest packages do.",
  suspicious: "What it does together is unusual for a package; look before you run it.",
  malicious: "It is known to be hostile, or does what only hostile packages do.",
};

const RANK: Record<Verdict, number> = { malicious: 0, suspicious: 1, notable: 2, clean: 3 };

/** What was not read is never called clean: "Not read", "Partly read", or nothing where all was. */
export function gap(report: PackageReport): string {
  if (report.unscanned.length === 0) return "";
  return report.unscanned.some((one) => one.path === "") ? "Not read" : "Partly read";
}

export function isFlagged(verdict: Verdict): boolean {
  return RANK[verdict] <= RANK.suspicious;
}

/** Tells packages of one list apart; several may share a folder. */
export function packageKey(report: PackageReport): string {
  return `${report.purl} ${report.path}`;
}

/** Each package once (the last word counts), worst first; of equals the higher score, then the name. */
export function worstFirst(packages: ProjectPackage[]): ProjectPackage[] {
  const once = new Map(packages.map((one) => [`${one.project} ${packageKey(one.report)}`, one]));
  return [...once.values()].sort(
    ({ report: a }, { report: b }) =>
      RANK[a.verdict] - RANK[b.verdict] || Number(gap(b) !== "") - Number(gap(a) !== "") || b.score - a.score || (a.name < b.name ? -1 : 1),
  );
}
