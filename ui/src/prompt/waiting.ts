import type { Asked } from "../backend/types";

/** The question to show: the one already shown while it waits, else the oldest. */
export function keepOrNext(waiting: Asked[], shown: number | null): Asked | null {
  return waiting.find((asked) => asked.event.id === shown) ?? waiting[0] ?? null;
}

/** "1 of 3", or nothing where one waits. */
export function position(waiting: Asked[], shown: Asked): string {
  return waiting.length > 1 ? `${waiting.findIndex((one) => one.event.id === shown.event.id) + 1} of ${waiting.length}` : "";
}
