// The place in the window lives in the address (`#projects/3`), so that the tray can open any page.

export const PAGES = ["overview", "events", "projects", "quarantine", "rules", "settings"] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  readonly page: Page;
  /** What is open in the detail pane; empty where nothing is. */
  readonly id: string;
  go(page: Page, id?: string | number): void;
}

/** Follows the address from now on; `stop` ends it. */
export function followAddress(): { route: Route; stop: () => void } {
  let place = $state(read(location.hash));
  const follow = () => (place = read(location.hash));
  window.addEventListener("hashchange", follow);
  const route: Route = {
    get page() {
      return place.page;
    },
    get id() {
      return place.id;
    },
    go(page, id = "") {
      location.hash = id === "" ? page : `${page}/${encodeURIComponent(id)}`;
      place = { page, id: String(id) };
    },
  };
  return { route, stop: () => window.removeEventListener("hashchange", follow) };
}

function read(hash: string): { page: Page; id: string } {
  const [name = "", ...rest] = hash.replace(/^#\/?/, "").split("/");
  const page = PAGES.find((one) => one === name) ?? "overview";
  return { page, id: decoded(rest.join("/")) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
