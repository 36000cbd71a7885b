import { afterEach, describe, expect, it, vi } from "vitest";
import { MockBackend } from "../backend/mock";
import { click, eventually, find, show, text } from "../testing/page";
import { madeQuestion } from "../testing/made";
import Prompt from "./Prompt.svelte";
import { keepOrNext } from "./waiting";

afterEach(() => vi.restoreAllMocks());

function ask(...ids: number[]) {
  const backend = new MockBackend(ids.map((id) => madeQuestion(id)));
  const answer = vi.spyOn(backend, "answer");
  show(Prompt, { backend });
  return { backend, answer };
}

describe("the prompt", () => {
  it("asks one question with the safe button focused and the default in words", async () => {
    ask(1);
    expect(await text("prompt-question")).toBe("The postinstall script of evil-dep 1.2.3 wants to read your SSH private key.");
    expect(document.activeElement).toBe(await find("prompt-deny"));
    expect(await text("prompt-countdown")).toMatch(/^If you do nothing, the read is denied in 2[45] seconds\.$/);
  });

  it("explains every button by its consequence", async () => {
    ask(1);
    for (const testid of ["prompt-deny", "prompt-allow-once", "prompt-allow-process", "prompt-allow-day"]) {
      const button = await find(testid);
      const note = document.getElementById(button.getAttribute("aria-describedby") ?? "");
      expect(note?.textContent, testid).toMatch(/\.$/);
    }
  });

  it.each([
    ["prompt-deny", false, "once"],
    ["prompt-allow-once", true, "once"],
    ["prompt-allow-process", true, "process"],
    ["prompt-allow-day", true, "day"],
  ] as const)("%s answers allow=%s for %s", async (testid, allow, expiry) => {
    const { answer } = ask(9);
    await click(testid);
    expect(answer).toHaveBeenCalledExactlyOnceWith(9, allow, expiry);
    expect(await text("prompt-nothing")).toMatch(/^Nothing is waiting/);
  });

  it("goes on to the next question, and a double click does not answer that one too", async () => {
    const { answer } = ask(1, 2, 3);
    vi.spyOn(Date, "now").mockReturnValue(Date.now());
    expect(await text("prompt-place")).toBe("1 of 3");
    await click("prompt-allow-once");
    await eventually(async () => expect(await text("prompt-place")).toBe("1 of 2"));
    await click("prompt-allow-once");
    expect(answer).toHaveBeenCalledExactlyOnceWith(1, true, "once");
    vi.mocked(Date.now).mockReturnValue(Date.now() + 600);
    await click("prompt-allow-once");
    expect(answer).toHaveBeenLastCalledWith(2, true, "once");
    await eventually(async () => expect(await text("prompt-question")).toMatch(/wants/));
    await eventually(() => expect(document.querySelector('[data-testid="prompt-place"]')).toBeNull());
    // Deny is safe at any speed.
    await click("prompt-deny");
    expect(answer).toHaveBeenLastCalledWith(3, false, "once");
  });

  it("lets a question go that was answered elsewhere", async () => {
    const { backend } = ask(1);
    await find("prompt-question");
    await backend.answer(1, false, "once");
    backend.tell("asked", null);
    expect(await text("prompt-nothing")).toMatch(/^Nothing/);
  });

  it("shows what Rust rejects with", async () => {
    const { answer } = ask(1);
    answer.mockRejectedValueOnce({ message: "Answering failed: the guard is gone.", hint: "Start it again." });
    await click("prompt-deny");
    expect(await text("failure")).toMatch(/^Answering failed: the guard is gone\. Start it again\./);
    expect(await find("prompt-deny")).toBeTruthy();
  });
});

it("a new question never takes the place of the one on screen", () => {
  const [one, two] = [madeQuestion(1), madeQuestion(2)];
  expect(keepOrNext([one, two], 2)).toBe(two);
  expect(keepOrNext([one], 2)).toBe(one);
  expect(keepOrNext([], 2)).toBeNull();
});
