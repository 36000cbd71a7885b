import { beforeEach, describe, expect, it, vi } from "vitest";
import { MockBackend } from "../backend/mock";
import type { Event } from "../backend/types";
import { madeEvent } from "../testing/made";
import { all, click, eventually, find, show, text, type } from "../testing/page";
import App from "./App.svelte";

let backend: MockBackend;
beforeEach(() => {
  backend = new MockBackend();
  backend.pace = 30;
});

async function open(page: string) {
  show(App, { backend });
  await click(`nav-${page}`);
}

describe("the overview", () => {
  it("says whether I am protected, what is off and why, and what needs me", async () => {
    await open("overview");
    expect(await text("headline")).toMatch(/^Your secrets are guarded/);
    expect((await find("mood")).dataset.mood).toBe("alarm");
    expect(await text("feature-keyring")).toMatch(/^Keyring is off\. No keyring answers/);
    expect(await text("asked-row")).toContain("wants to read your npm token");
    expect(await text("flagged-row")).toContain("wallet-connect-utils 2.4.1");
    expect(all("coverage-row")[0]?.dataset.level).toBe("opens");
    expect(await text("gap")).toContain("can read the disk /dev/sda directly");
  });

  it("says plainly when the guard is not running", async () => {
    const desk = { ...(await backend.desk()), guard: null, mood: "degraded" as const, headline: "Watching and scanning only: the guard is not running." };
    vi.spyOn(backend, "desk").mockResolvedValue(desk);
    await open("overview");
    expect(await text("headline")).toMatch(/guard is not running/);
    expect((await find("mood")).dataset.mood).toBe("degraded");
    expect(all("coverage-row")).toHaveLength(0);
  });

  it("answers a waiting read", async () => {
    const answer = vi.spyOn(backend, "answer");
    await open("overview");
    await click("asked-deny");
    expect(answer).toHaveBeenCalledWith(412, false, "once");
    await eventually(() => expect(all("asked-row")).toHaveLength(1));
  });

  it("keeps alerts until they are looked at", async () => {
    await open("overview");
    expect(await text("unseen")).toMatch(/5$/);
    await click("acknowledge");
    await eventually(() => expect(all("unseen")).toHaveLength(0));
  });
});

describe("events", () => {
  it("are filtered and opened", async () => {
    await open("events");
    await find("event-row");
    await click("filter-denied");
    expect(all("event-row").map((row) => row.dataset.action)).toEqual(["denied", "denied", "denied"]);
    await click("event-row", '[data-id="411"]');
    const detail = await text("event-detail");
    for (const fact of ["was refused your SSH private key", "/usr/bin/node", "fd01:2a41f7", "setup.cjs", "systemd"]) expect(detail).toContain(fact);
  });

  it("show hostile text as text", async () => {
    const name = '<img src=x onerror="window.hit=1">\u202E';
    const from = { ...madeEvent().package!, name };
    vi.spyOn(backend, "events").mockResolvedValue([madeEvent({ package: from, why: "<b>bold</b>\u200B" })]);
    await open("events");
    await click("event-row");
    expect(await text("event-detail")).toContain('<img src=x onerror="window.hit=1">\\u{202E}');
    expect(await text("event-detail")).toContain("<b>bold</b>\\u{200B}");
    expect(document.querySelectorAll("img, b")).toHaveLength(0);
  });

  it("appear while the window is open, newest first and each once", async () => {
    await open("events");
    await find("event-row");
    const news: Event = madeEvent({ id: 900 });
    backend.tell("event", news);
    backend.tell("event", { ...news, action: "allowed" });
    await eventually(() => expect(all("event-row")[0]?.dataset).toMatchObject({ id: "900", action: "allowed" }));
    expect(all("event-row").filter((row) => row.dataset.id === "900")).toHaveLength(1);
  });

  it("become rules", async () => {
    const add = vi.spyOn(backend, "addRule");
    await open("events");
    await click("event-row", '[data-id="411"]');
    await click("always-deny");
    await click("rule-add");
    expect(add.mock.calls[0]?.[0]).toMatchObject({ verdict: "deny", expiry: "always", who: { package: { name: "wallet-connect-utils" } } });
    await eventually(() => expect(all("rule-row")).toHaveLength(3));
  });

  it("show the whole sweep and the packages it may have been", async () => {
    const key = madeEvent().secret;
    const sweep = [key, { ...key, path: "/home/ana/.aws/credentials", title: "AWS credentials" }];
    const packages = [{ ecosystem: "npm" as const, name: "evil-dep", version: "1.2.3" }];
    const candidates = { stage: "runtime" as const, project: "/home/ana/code/shop", packages, more: 2 };
    vi.spyOn(backend, "events").mockResolvedValue([madeEvent({ package: null, sweep, candidates })]);
    await open("events");
    await click("event-row");
    expect(await text("sweep")).toContain("~/.aws/credentials");
    expect(await text("candidates")).toMatch(/evil-dep 1\.2\.3 and 2 more.*\/home\/ana\/code\/shop/s);
  });

  it("lead to the package, which can be locked away", async () => {
    const seal = vi.spyOn(backend, "seal");
    await open("events");
    await click("event-row", '[data-id="411"]');
    await click("lock-away");
    expect(seal.mock.calls[0]?.slice(0, 4)).toEqual(["/home/ana/code/harbour/node_modules/wallet-connect-utils", "npm", "wallet-connect-utils", "2.4.1"]);
    await eventually(async () => expect(await text("notice")).toMatch(/is locked away/));
  });
});

describe("projects", () => {
  it("are added by typing, scanned from click to verdict, and show the line", async () => {
    await open("projects");
    await type("add-project-path", "/home/ana/code/lantern");
    await click("add-project");
    await click("scan-button");
    expect((await find("scan-progress")).dataset.total).toBe("12");
    await find("package-row", '[data-verdict="malicious"]');
    await find("scan-button");
    expect(all("package-row")).toHaveLength(12);
    expect(all("gap").map((mark) => mark.textContent?.trim())).toEqual(["Partly read", "Partly read"]);
    await click("package-row", '[data-name="wallet-connect-utils"]');
    await click("finding", '[data-rule="C-07"]');
    const lit = (await find("excerpt")).querySelector('[aria-current="location"]');
    expect(lit?.textContent).toContain("const wanted");
    await click("lock-away");
    await eventually(() => expect(all("package-row")).toHaveLength(11));
  });

  it("can stop a scan", async () => {
    backend.pace = 5000;
    await open("projects");
    await click("project-row", '[data-id="2"]');
    await click("scan-button");
    await click("cancel-button");
    await find("scan-button");
    expect((await find("project-row", '[data-id="2"]')).dataset.state).toBe("watching");
  });

  it("say what failed and what to do", async () => {
    await open("projects");
    await type("add-project-path", "not/a/path");
    await click("add-project");
    expect(await text("failure")).toMatch(/^Adding not\/a\/path failed: it is not a full path\. Start it with a slash\./);
    await click("dismiss");
    await eventually(() => expect(all("failure")).toHaveLength(0));
  });

  it("are found below the home", async () => {
    await open("projects");
    await click("discover");
    await click("add-discovered");
    await eventually(() => expect(all("project-row")).toHaveLength(5));
  });
});

describe("the quarantine", () => {
  it("shows what is inside as text and gives it back after one more question", async () => {
    const restore = vi.spyOn(backend, "restoreSealed");
    await open("quarantine");
    await click("sealed-row");
    await click("sealed-entry", '[data-path="__init__.py"]');
    expect(await text("sealed-text")).toContain("def greet(name):");
    await click("restore");
    expect(restore).not.toHaveBeenCalled();
    await click("confirm");
    await find("sealed-detail", '[data-state="restored"]');
    expect(restore).toHaveBeenCalledWith("q-20260524-01");
  });

  it("deletes only after one more question", async () => {
    const remove = vi.spyOn(backend, "deleteSealed");
    await open("quarantine");
    await click("sealed-row");
    await click("delete");
    await click("keep");
    expect(remove).not.toHaveBeenCalled();
    await click("delete");
    await click("confirm");
    await find("sealed-row", '[data-state="deleted"]');
  });
});

describe("settings and rules", () => {
  it("change modes with their consequence shown, and take a refused change back", async () => {
    await open("settings");
    await click("mode-block");
    await find("scope-tier2", '[data-mode="block"]');
    vi.spyOn(backend, "setPolicy").mockRejectedValueOnce({ message: "Not authorised.", hint: "" });
    await click("mode-observe");
    await find("failure");
    expect(((await find("mode-block")) as HTMLInputElement).checked).toBe(true);
  });

  it("pause and resume", async () => {
    const pause = vi.spyOn(backend, "pause");
    await open("settings");
    await type("pause-minutes", "5");
    await click("pause-button");
    expect(pause).toHaveBeenCalledWith(300);
    await click("resume-button");
    await eventually(() => expect(all("paused")).toHaveLength(0));
  });

  it("save what is switched", async () => {
    const save = vi.spyOn(backend, "saveSettings");
    await open("settings");
    await click("setting-quarantine_malicious");
    expect(save.mock.calls[0]?.[0]).toMatchObject({ quarantine_malicious: true, notifications: true });
  });

  it("tell which list of known malware is in use, and why a newer one is not", async () => {
    const list = await backend.knownBad();
    vi.spyOn(backend, "knownBad").mockResolvedValue({ ...list, problem: "Its signature is not good.\u202e" });
    await open("settings");
    expect(await text("known-bad")).toMatch(/Its signature is not good\.\\u\{202E\}.*26,500 known bad ones.*came with Doorward/s);
  });

  it("remove a rule", async () => {
    await open("rules");
    await click("remove-rule");
    await eventually(() => expect(all("rule-row")).toHaveLength(1));
  });
});

describe("the keyboard", () => {
  const press = (key: string, more: KeyboardEventInit = {}, target: EventTarget = window) =>
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));

  it("reaches every page with Ctrl and a number, and by arrows in the rail", async () => {
    await open("overview");
    press("3", { ctrlKey: true });
    expect((await find("nav-projects", '[aria-current="page"]')).textContent).toContain("Projects");
    press("ArrowDown", {}, await find("nav-projects"));
    expect(document.activeElement).toBe(await find("nav-quarantine", '[aria-current="page"]'));
  });

  it("walks through a list", async () => {
    await open("events");
    const first = await find("event-row");
    first.focus();
    press("ArrowDown", {}, first);
    await find("event-row", '[data-id="412"][aria-current="true"]');
  });
});

describe("decoys", () => {
  it("are planted and removed", async () => {
    await open("rules");
    await find("decoy-row");
    expect(all("decoy-row").map((row) => row.dataset.state)).toEqual(["intact", "gone"]);
    await click("plant-decoy");
    await eventually(() => expect(all("decoy-row")).toHaveLength(3));
    await click("remove-decoy");
    await eventually(() => expect(all("decoy-row")).toHaveLength(2));
  });
});
