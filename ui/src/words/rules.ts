import type { Event, Expiry, Rule, RuleDraft, RuleVerdict, What } from "../backend/types";
import { baseName, ECOSYSTEM, packageName, tilde } from "./sentences";
import { visible } from "./visible";

export const EXPIRY: Record<Expiry, string> = {
  once: "once",
  process: "until the program ends",
  restart: "until the guard restarts",
  day: "for a day",
  always: "always",
};

/** A rule about whoever caused this event: the package where one did, else program and script. */
export function draft(event: Event, verdict: RuleVerdict, expiry: Expiry, wholeClass = false): RuleDraft {
  const from = event.package;
  const what: What = wholeClass ? { class: event.secret.class } : { path: event.secret.path };
  return {
    verdict,
    expiry,
    what,
    who: {
      exe: from ? null : event.reader.exe,
      script: from ? null : event.reader.script,
      package: from && { ecosystem: from.ecosystem, name: from.name, version: from.version },
      inode: null,
      sha256: null,
      process: null,
    },
  };
}

/** Who a rule is about, in words. */
export function ruleSubject({ who }: RuleDraft | Rule): string {
  const parts: string[] = [];
  if (who.package) parts.push(`${packageName(who.package)} (${ECOSYSTEM[who.package.ecosystem]})`);
  if (who.exe) parts.push(visible(baseName(who.exe)));
  if (who.script) parts.push(`running ${tilde(who.script)}`);
  if (who.process) parts.push(`process ${visible(who.process.split("@")[0] ?? "")}`);
  return parts.join(" ") || "Any program";
}

/** What a rule is about, in words. */
export function ruleObject({ what }: RuleDraft | Rule): string {
  return "path" in what ? tilde(what.path) : `every ${visible(what.class)}`;
}
