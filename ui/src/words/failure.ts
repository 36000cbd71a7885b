import type { Failure } from "../backend/types";

/** Rust rejects with a `Failure`; Tauri itself and a bug of ours do not. */
export function asFailure(reason: unknown): Failure {
  if (typeof reason === "object" && reason !== null && "message" in reason) {
    return { message: String(reason.message), hint: "hint" in reason ? String(reason.hint ?? "") : "" };
  }
  return { message: String(reason), hint: "" };
}
