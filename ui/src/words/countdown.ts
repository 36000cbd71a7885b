import type { Asked } from "../backend/types";
import { counted } from "./time";

/** Whole seconds until the default answer is given; never below 0. */
export function secondsLeft(asked: Asked, now = Date.now()): number {
  return Math.max(0, Math.ceil((new Date(asked.deadline).getTime() - now) / 1000));
}

/** What happens if nobody answers, and when. */
export function countdown(asked: Asked, now = Date.now()): string {
  const left = secondsLeft(asked, now);
  const outcome = asked.default_allow ? "allowed" : "denied";
  if (left === 0) return `The time is up: the read is ${outcome}.`;
  return `If you do nothing, the read is ${outcome} in ${counted(left, "second")}.`;
}
