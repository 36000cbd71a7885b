import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mockIPC } from "@tauri-apps/api/mocks";
import { expect, it } from "vitest";
import { MockBackend } from "./mock";
import { TauriBackend } from "./tauri";
import type { Backend } from "./types";

const rust = readFileSync(join(import.meta.dirname, "../../../src-tauri/src/command_names.rs"), "utf8");

it("calls only commands that Rust has, each by the name of its method", async () => {
  const called: string[] = [];
  mockIPC((command) => void called.push(command));
  const backend = new TauriBackend();
  const methods = (Object.keys(backend) as (keyof Backend)[]).filter((name) => name !== "on");
  for (const name of methods) await (backend[name] as (...given: unknown[]) => Promise<unknown>)();

  const snake = methods.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  expect(called).toEqual(snake);
  for (const command of called) expect(rust).toMatch(new RegExp(`\\b${command}\\b`));
});

it("passes arguments under the names that Rust expects", async () => {
  const seen: Record<string, unknown> = {};
  mockIPC((command, given) => void (seen[command] = given));
  const backend = new TauriBackend();
  await backend.acknowledge(4);
  await backend.answer(4, true, "day");
  await backend.excerpt("/p", "a.js", 3);
  await backend.seal("/p", "npm", "n", "1", null, "why");
  expect(seen).toEqual({
    acknowledge: { upTo: 4 },
    answer: { event: 4, allow: true, expiry: "day" },
    excerpt: { packagePath: "/p", file: "a.js", line: 3 },
    seal: { path: "/p", ecosystem: "npm", name: "n", version: "1", verdict: null, text: "why" },
  });
});

it("has a method in memory for every method over IPC", () => {
  const mock = new MockBackend();
  for (const name of Object.keys(new TauriBackend())) expect(mock[name as keyof Backend], name).toBeTypeOf("function");
});
