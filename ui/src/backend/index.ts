import type { Backend } from "./types";

/** Tauri's IPC inside the app; made-up data where the pages are opened in a plain browser. */
export async function connect(): Promise<Backend> {
  if ("__TAURI_INTERNALS__" in window) {
    const { TauriBackend } = await import("./tauri");
    return new TauriBackend();
  }
  const { MockBackend } = await import("./mock");
  return new MockBackend();
}
