import type { Action, Event } from "../backend/types";
import { isToday } from "./time";

/** Reads of one hour of today, by answer. */
export type Hour = Record<Action, number>;

/** Today's reads by hour, local time: always 24 entries. */
export function byHour(events: Event[], now = Date.now()): Hour[] {
  const hours: Hour[] = Array.from({ length: 24 }, () => ({ allowed: 0, denied: 0, asked: 0 }));
  for (const event of events) {
    if (event.kind !== "read" || !isToday(event.time, now)) continue;
    const hour = hours[new Date(event.time).getHours()];
    if (hour) hour[event.action] += 1;
  }
  return hours;
}
