/** Numbers and times in the person's own locale. */

const units: readonly [limit: number, per: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [60, 1, "second"],
  [3600, 60, "minute"],
  [86_400, 3600, "hour"],
  [30 * 86_400, 86_400, "day"],
];

export function count(n: number): string {
  return n.toLocaleString();
}

/** "3 imports", "1 import", "No imports". */
export function many(n: number, one: string, more = `${one}s`): string {
  return n === 0 ? `No ${more}` : `${count(n)} ${n === 1 ? one : more}`;
}

export function day(at: string | Date): string {
  return new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}

export function moment(at: string | Date): string {
  return new Date(at).toLocaleString(undefined, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });
}

/** "2 hours ago", "yesterday"; a date where it is long ago. */
export function ago(at: string | Date, now: Date = new Date()): string {
  const seconds = (new Date(at).getTime() - now.getTime()) / 1000;
  const distance = Math.abs(seconds);
  if (distance < 10) return "just now";
  for (const [limit, per, unit] of units) {
    if (distance < limit) return new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(Math.round(seconds / per), unit);
  }
  return day(at);
}

/** Whole days since. */
export function daysSince(at: string | Date, now: Date = new Date()): number {
  return Math.max(0, Math.floor((now.getTime() - new Date(at).getTime()) / 86_400_000));
}

/** "96 ms", "1.2 s", "3 min 5 s", "2 h 10 min". */
export function took(ms: number): string {
  if (ms < 1000) return `${count(Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 59.95) return `${seconds.toLocaleString(undefined, { maximumFractionDigits: 1 })} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${count(Math.floor(whole / 3600))} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** "10 MB", "1.5 GB": powers of 1,000. */
export function bytes(n: number): string {
  if (n < 1000) return `${count(n)} bytes`;
  const names = ["kB", "MB", "GB", "TB", "PB"];
  let size = n;
  let at = -1;
  while (size >= 999.5 && at < names.length - 1) {
    size /= 1000;
    at += 1;
  }
  return `${size.toLocaleString(undefined, { maximumSignificantDigits: 3 })} ${names[at] ?? ""}`;
}

/** A size as Google counts and bills it: "10 MB" is 10,485,760 bytes. */
export function storage(n: number): string {
  if (n < 1024) return `${count(n)} bytes`;
  const names = ["KB", "MB", "GB", "TB", "PB"];
  let size = n / 1024;
  let at = 0;
  while (size >= 1023.5 && at < names.length - 1) {
    size /= 1024;
    at += 1;
  }
  return `${size.toLocaleString(undefined, { maximumSignificantDigits: 3 })} ${names[at] ?? ""}`;
}

/** A span as one would say it: "11 seconds", "2 minutes". */
export function spokenSpan(seconds: number): string {
  if (seconds < 59.5) return many(Math.max(1, Math.round(seconds)), "second");
  if (seconds < 3570) return many(Math.round(seconds / 60), "minute");
  return many(Math.round(seconds / 3600), "hour");
}
