// What component tests share: a page under test, found and used by its test ids.
import { flushSync, mount, unmount, type Component } from "svelte";
import { afterEach, vi } from "vitest";

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
  document.body.replaceChildren();
  location.hash = "";
});

/** Shows a component; it is taken away after the test. */
export function show<Props extends Record<string, unknown>>(component: Component<Props>, props: Props) {
  const shown = mount(component, { target: document.body, props });
  flushSync();
  ends.push(() => void unmount(shown));
}

/** Tries until it holds; generous, because a test machine may be busy. */
export const eventually = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

/** The first element with this test id, once it is there. */
export async function find(testid: string, where = ""): Promise<HTMLElement> {
  return eventually(() => {
    const found = document.querySelector<HTMLElement>(`[data-testid="${testid}"]${where}`);
    if (!found) throw new Error(`nothing shows ${testid}${where}`);
    return found;
  });
}

export function all(testid: string): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>(`[data-testid="${testid}"]`)];
}

export async function click(testid: string, where = "") {
  (await find(testid, where)).click();
  flushSync();
}

/** What is typed into a field replaces what was there. */
export async function type(testid: string, text: string) {
  const field = (await find(testid)) as HTMLInputElement;
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
}

export const text = async (testid: string, where = "") => (await find(testid, where)).textContent?.replace(/\s+/g, " ").trim() ?? "";
