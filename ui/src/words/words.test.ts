import { describe, expect, it } from "vitest";
import type { ProjectPackage, Verdict } from "../backend/types";
import { madeEvent, madeQuestion } from "../testing/made";
import { countdown, secondsLeft } from "./countdown";
import { byClass } from "./coverage";
import { byHour } from "./day";
import { lineage, type Process } from "./lineage";
import { defaultMode, inForce } from "./modes";
import { draft, ruleSubject } from "./rules";
import { permissions } from "./sealed";
import { question, sentence, tilde } from "./sentences";
import { ago, counted, duration, size } from "./time";
import { gap, worstFirst } from "./verdicts";
import { visible } from "./visible";

describe("visible", () => {
  it("leaves ordinary text as it is", () => expect(visible("naïve – 名前")).toBe("naïve – 名前"));
  it("writes out what a renderer would obey or hide", () => {
    expect(visible("a\u001b[31mb")).toBe("a\\u{001B}[31mb");
    expect(visible("x\u202Ey\u200Bz")).toBe("x\\u{202E}y\\u{200B}z");
    expect(visible("one\ntwo\rthree\tfour")).toBe("one\\ntwo\\rthree four");
    expect(visible("\u{E0041}")).toBe("\\u{E0041}");
  });
});

describe("sentences", () => {
  const plain = madeEvent({ package: null, action: "allowed" });

  it("names the macros among which the reader is, never the crate that uses them", () => {
    const packages = [{ ecosystem: "cargo" as const, name: "evil-macro", version: "1.2.3" }, { ecosystem: "cargo" as const, name: "other", version: "" }];
    const candidates = { stage: "build" as const, project: null, packages, more: 0 };
    expect(sentence(madeEvent({ package: null, candidates }))).toMatch(/^A procedural macro of evil-macro 1\.2\.3 or other was refused/);
  });

  it("names every kind of secret of a sweep once", () => {
    const key = madeEvent().secret;
    const sweep = [key, { ...key, path: "/home/ana/.ssh/id_rsa" }, { ...key, title: "AWS credentials" }];
    expect(sentence(madeEvent({ sweep }))).toMatch(/ your SSH private key and your AWS credentials$/);
  });

  it("put the package first", () => {
    expect(sentence(madeEvent())).toBe("The postinstall script of evil-dep 1.2.3 was refused your SSH private key");
    expect(question(madeEvent())).toBe("The postinstall script of evil-dep 1.2.3 wants to read your SSH private key");
  });
  it("name the stage where no script has a name", () => {
    const from = { ...madeEvent().package!, stage: "import" as const, script: "" };
    expect(question(madeEvent({ package: from }))).toBe("Code of evil-dep 1.2.3 wants to read your SSH private key");
    expect(question(madeEvent({ package: { ...from, stage: "build", script: "build.rs" } }))).toMatch(/^build\.rs of evil-dep 1\.2\.3/);
  });
  it("else name the program and its script", () => expect(sentence(plain)).toBe("node steal.js read your SSH private key"));
  it("write common nouns small and names as they are", () => {
    const of = (title: string) => sentence({ ...plain, secret: { ...plain.secret, title } });
    expect(of("Shell history")).toMatch(/your shell history$/);
    expect(of("Solana key")).toMatch(/your Solana key$/);
  });
  it("keep a hostile name from reordering the line", () => {
    const from = { ...madeEvent().package!, name: "evil\u202Epct" };
    expect(sentence(madeEvent({ package: from }))).toContain("evil\\u{202E}pct 1.2.3");
  });
  it("shorten the home only", () => {
    expect(tilde("/home/ana/.ssh/id")).toBe("~/.ssh/id");
    expect(tilde("/root/.npmrc")).toBe("~/.npmrc");
    expect(tilde("/srv/home/ana/x")).toBe("/srv/home/ana/x");
  });
});

describe("time and amounts", () => {
  const now = new Date("2026-05-24T15:00:00").getTime();
  const before = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
  it("tell how long ago", () => {
    expect(ago(before(0.5), now)).toBe("just now");
    expect(ago(before(1), now)).toBe("1 minute ago");
    expect(ago(before(125), now)).toBe("2 hours ago");
    expect(ago(before(24 * 60), now)).toBe("yesterday, 15:00");
    expect(ago(before(21 * 24 * 60), now)).toBe("3 May, 15:00");
    expect(ago("2025-05-03T12:00:00", now)).toBe("3 May 2025, 12:00");
  });
  it("count in words", () => {
    expect(counted(1, "package")).toBe("1 package");
    expect(counted(1200, "entry", "entries")).toBe("1,200 entries");
    expect([size(812), size(4100), size(12_400_000)]).toEqual(["812 bytes", "4.1 kB", "12 MB"]);
    expect([duration(420), duration(12_300), duration(125_000)]).toEqual(["0.4 s", "12 s", "2 min 5 s"]);
  });
});

describe("countdown", () => {
  const asked = madeQuestion(1, { deadline: "2026-05-24T11:20:00.000Z" });
  const at = (time: string) => new Date(time).getTime();
  it("says the default and when it comes", () => {
    expect(countdown(asked, at("2026-05-24T11:19:36.200Z"))).toBe("If you do nothing, the read is denied in 24 seconds.");
    expect(countdown({ ...asked, default_allow: true }, at("2026-05-24T11:19:59.500Z"))).toBe("If you do nothing, the read is allowed in 1 second.");
  });
  it("never runs below zero", () => {
    expect(secondsLeft(asked, at("2026-05-24T11:30:00Z"))).toBe(0);
    expect(countdown(asked, at("2026-05-24T11:30:00Z"))).toBe("The time is up: the read is denied.");
  });
});

describe("lineage", () => {
  it("runs from the oldest process down to the reader", () => {
    const programs: [string, number, boolean][] = [];
    for (let at: Process | null = lineage(madeEvent()); at; at = at.child) programs.push([at.program, at.pid, at.isReader]);
    expect(programs).toEqual([["node", 10, false], ["dash", 20, false], ["node", 30, true]]);
  });
  it("is the reader alone where no parent is known", () => {
    const event = madeEvent();
    const alone = lineage({ ...event, reader: { ...event.reader, ancestry: [] } });
    expect([alone.isReader, alone.child]).toEqual([true, null]);
  });
});

describe("the day", () => {
  it("counts today's reads by local hour and answer", () => {
    const now = new Date("2026-05-24T15:00:00").getTime();
    const at = (time: string, action: "denied" | "allowed") => madeEvent({ time, action });
    const hours = byHour([at("2026-05-24T09:10:00", "denied"), at("2026-05-24T09:50:00", "allowed"), at("2026-05-23T09:50:00", "denied")], now);
    expect(hours).toHaveLength(24);
    expect(hours[9]).toEqual({ allowed: 1, denied: 1, asked: 0 });
    expect(hours.flatMap(Object.values).reduce((a, b) => a + b)).toBe(2);
  });
});

describe("coverage", () => {
  it("gives a class the weakest level of its files and puts weak ones first", () => {
    const file = { title: "T", tier: 1, note: "", holders: [], copies: 0 };
    const classes = byClass([
      { ...file, class: "a", path: "/1", level: "full" },
      { ...file, class: "b", path: "/2", level: "full" },
      { ...file, class: "b", path: "/3", level: "none" },
      { ...file, class: "c", path: "/4", level: "none", tier: 2 },
    ]);
    expect(classes.map((one) => [one.class, one.level, one.files.length])).toEqual([["b", "none", 2], ["a", "full", 1], ["c", "none", 1]]);
  });
});

describe("modes", () => {
  const policy = { mode: "ask", packages: null, tier1: null, tier2: "block", tier3: null } as const;
  it("follow the guard's table", () => {
    expect([inForce(policy, "packages"), inForce(policy, "tier1"), inForce(policy, "tier2"), inForce(policy, "tier3")]).toEqual(["block", "ask", "block", "observe"]);
    expect(defaultMode("block", "tier2")).toBe("block");
  });
  it("observe wins over everything", () => expect(inForce({ ...policy, mode: "observe" }, "tier2")).toBe("observe"));
});

describe("rules", () => {
  it("are about the package where one is behind the read", () => {
    const rule = draft(madeEvent(), "deny", "always");
    expect(rule.who).toMatchObject({ exe: null, script: null, package: { ecosystem: "npm", name: "evil-dep", version: "1.2.3" } });
    expect(rule.what).toEqual({ path: "/home/ana/.ssh/id_ed25519" });
    expect(ruleSubject(rule)).toBe("evil-dep 1.2.3 (npm)");
  });
  it("else about the program with its script, as an interpreter needs", () => {
    const rule = draft(madeEvent({ package: null }), "allow", "day", true);
    expect(rule.who).toMatchObject({ exe: "/usr/bin/node", script: "/p/steal.js", package: null });
    expect(rule.what).toEqual({ class: "ssh-key" });
  });
});

describe("packages", () => {
  const of = (name: string, verdict: Verdict, score = 0): ProjectPackage => ({
    project: 1,
    scanned: "",
    report: { purl: name, ecosystem: "npm", name, version: "1", path: `/${name}`, verdict, score, findings: [], unscanned: [] },
  });
  it("stand worst first, each once with its last verdict", () => {
    const order = worstFirst([of("b", "clean"), of("a", "suspicious", 9), of("c", "suspicious", 50), of("b", "malicious"), of("d", "clean")]);
    expect(order.map((one) => one.report.name)).toEqual(["b", "c", "a", "d"]);
  });
  it("of which something was not read are not called clean and stand before those that are", () => {
    const partly = of("z", "clean");
    partly.report.unscanned = [{ path: "big.js", reason: "too large" }];
    expect(worstFirst([of("a", "clean"), partly]).map((one) => gap(one.report))).toEqual(["Partly read", ""]);
    expect(gap({ ...partly.report, unscanned: [{ path: "", reason: "broken" }] })).toBe("Not read");
  });
});

it("permissions read as in a listing", () => expect([permissions(0o644), permissions(0o4751)]).toEqual(["rw-r--r--", "rwxr-x--x"]));
