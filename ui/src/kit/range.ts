/** Two days, both included, as `2026-11-23`. Absent: open at that end. */
export type DayRange = { from: string | null; to: string | null };

export const anyDay: DayRange = { from: null, to: null };

export function isoDay(date: Date): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Whether the instant falls into the range, by the local calendar. */
export function inRange(at: string, range: DayRange): boolean {
  const day = isoDay(new Date(at));
  return (range.from === null || day >= range.from) && (range.to === null || day <= range.to);
}

export function lastDays(count: number, today: Date = new Date()): DayRange {
  const from = new Date(today);
  from.setDate(from.getDate() - (count - 1));
  return { from: isoDay(from), to: isoDay(today) };
}

export function rangeWords(range: DayRange, any = "Any date"): string {
  if (range.from === null && range.to === null) return any;
  const asDate = (day: string) => new Date(`${day}T12:00:00`);
  const format = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
  if (range.from === null) return `until ${format.format(asDate(range.to ?? ""))}`;
  if (range.to === null) return `since ${format.format(asDate(range.from))}`;
  if (range.from === range.to) return format.format(asDate(range.from));
  return format.formatRange(asDate(range.from), asDate(range.to));
}
