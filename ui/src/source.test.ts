import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = import.meta.dirname;
const files = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.(svelte|ts)$/.test(path) && !path.endsWith(".test.ts"))
  .map((path) => ({ path, source: readFileSync(join(root, path), "utf8") }));

const having = (what: RegExp) => files.filter(({ source }) => what.test(source)).map(({ path }) => path);

it("never turns text into markup", () => expect(having(/\{@html|innerHTML|outerHTML|insertAdjacentHTML|document\.write/)).toEqual([]));
it("keeps to the content policy: no style attributes", () => expect(having(/\sstyle=|\sstyle:|\.style\b|svelte\/(transition|animate)/)).toEqual([]));
it("knows Tauri in one file only", () => expect(having(/@tauri-apps\//)).toEqual(["backend/tauri.ts"]));
it("found the sources at all", () => expect(files.length).toBeGreaterThan(40));
