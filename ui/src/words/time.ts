const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A time of day, with seconds where they tell events apart. */
export function clock(time: string): string {
  return new Date(time).toLocaleTimeString("en-GB");
}

/** "just now", "4 minutes ago", "yesterday, 14:02", "3 May, 14:02". */
export function ago(time: string, now = Date.now()): string {
  const then = new Date(time);
  const passed = now - then.getTime();
  if (passed < MINUTE) return "just now";
  if (passed < HOUR) return counted(Math.floor(passed / MINUTE), "minute") + " ago";
  if (sameDay(then, new Date(now))) return counted(Math.floor(passed / HOUR), "hour") + " ago";
  const hours = then.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (sameDay(then, new Date(now - DAY))) return `yesterday, ${hours}`;
  const year = then.getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" as const };
  return `${then.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...year })}, ${hours}`;
}

/** Date and time in full, for details. */
export function moment(time: string): string {
  return new Date(time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}

/** Day and minute, for tables. */
export function shortMoment(time: string): string {
  return new Date(time).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

export function isToday(time: string, now = Date.now()): boolean {
  return sameDay(new Date(time), new Date(now));
}

/** "1 package", "2 packages". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString("en-GB")} ${count === 1 ? noun : plural}`;
}

/** "812 bytes", "4.1 kB", "12 MB". */
export function size(bytes: number): string {
  if (bytes < 1000) return counted(bytes, "byte");
  const units = ["kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = "";
  for (const next of units) {
    value /= 1000;
    unit = next;
    if (value < 999.5) break;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

/** "0.4 s", "12 s", "2 min 5 s". */
export function duration(millis: number): string {
  const seconds = millis / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function sameDay(one: Date, other: Date): boolean {
  return one.toDateString() === other.toDateString();
}
