// Numbers, sizes, spans and moments in the person's own locale. Knows no domain word.

const whole = new Intl.NumberFormat();
const oneDecimal = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const dayOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const apart = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export function count(n: number): string {
  return whole.format(n);
}

/** `counted(1, "row")` is "1 row", `counted(2, "row")` "2 rows". */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** In the units in which Google bills: 1 MB is 1,048,576 bytes. */
export function bytes(n: number): string {
  const units = ["KB", "MB", "GB", "TB", "PB"];
  if (n < 1024) return counted(n, "byte");
  let value = n / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value >= 100 ? count(Math.round(value)) : oneDecimal.format(value)} ${units[unit]}`;
}

/** A span of time, exact enough to act on: "3.4 s", "2 min 5 s", "1 h 4 min". */
export function span(seconds: number): string {
  if (seconds < 10) return `${oneDecimal.format(seconds)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  if (rounded < 3600) {
    const rest = rounded % 60;
    return `${Math.floor(rounded / 60)} min${rest ? ` ${rest} s` : ""}`;
  }
  const minutes = Math.round(rounded / 60);
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ""}`;
}

/** A span as one would say it: "11 seconds", "2 minutes". */
export function spokenSpan(seconds: number): string {
  if (seconds < 60) return counted(Math.max(1, Math.round(seconds)), "second");
  if (seconds < 3600) return counted(Math.round(seconds / 60), "minute");
  return counted(Math.round(seconds / 3600), "hour");
}

/** The day and the minute, as the person's locale writes them. */
export function when(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : moment.format(date);
}

export function day(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : dayOnly.format(date);
}

export function timeOfDay(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : clock.format(date);
}

/** "2 hours ago", "yesterday"; a date once it is more than a week old. */
export function ago(iso: string, now: Date = new Date()): string {
  const date = new Date(iso);
  const seconds = (date.getTime() - now.getTime()) / 1000;
  if (Number.isNaN(seconds)) return iso;
  const size = Math.abs(seconds);
  if (size < 45) return "just now";
  if (size < 3600) return apart.format(Math.round(seconds / 60), "minute");
  if (size < 86_400) return apart.format(Math.round(seconds / 3600), "hour");
  if (size < 7 * 86_400) return apart.format(Math.round(seconds / 86_400), "day");
  return day(iso);
}

export function secondsBetween(from: string, to: string): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}

/** The person's own calendar day of a moment, as `yyyy-mm-dd`. */
export function localDay(iso: string): string {
  const at = new Date(iso);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
