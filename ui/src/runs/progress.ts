// How far a run is, in numbers and in words. Pure.

import type { Counts } from "../backend/generated/Counts";
import { count } from "../kit/quantities";

export interface Segment {
  key: "delivered" | "rejected" | "unprocessed" | "in_doubt" | "rest";
  n: number;
}

/** Rows whose fate is known, or known to be unknown. */
export function settled({ delivered, rejected, unprocessed, in_doubt }: Counts): number {
  return delivered + rejected + unprocessed + in_doubt;
}

/** Rows that will be settled in all, where it is known. Never less than is settled already. */
export function expectedOf(counts: Counts): number | null {
  return counts.expected === null ? null : Math.max(counts.expected, settled(counts));
}

export function toGo(counts: Counts): number | null {
  const expected = expectedOf(counts);
  return expected === null ? null : expected - settled(counts);
}

/** Whole percent, rounded down: 100 means all. */
export function percentOf(counts: Counts): number | null {
  const expected = expectedOf(counts);
  if (expected === null) return null;
  return expected === 0 ? 100 : Math.floor((settled(counts) / expected) * 100);
}

export function segmentsOf(counts: Counts, ended: boolean): Segment[] {
  const { delivered, rejected, unprocessed, in_doubt } = counts;
  const parts: Segment[] = [
    { key: "delivered", n: delivered },
    { key: "rejected", n: rejected },
    { key: "unprocessed", n: unprocessed },
    { key: "in_doubt", n: in_doubt },
  ];
  const rest = toGo(counts) ?? (settled(counts) === 0 ? 1 : 0);
  return [...parts, { key: "rest" as const, n: ended && counts.expected === null ? 0 : rest }].filter(({ n }) => n > 0);
}

function orNone(n: number, what: string): string {
  return n === 0 ? `none ${what}` : `${count(n)} ${what}`;
}

/** All counts in one phrase, for a person who hears the bar instead of seeing it. */
export function valueText(counts: Counts): string {
  const percent = percentOf(counts);
  const rest = toGo(counts);
  const parts = [
    orNone(counts.delivered, "delivered"),
    orNone(counts.rejected, "rejected"),
    orNone(counts.unprocessed, "unprocessed"),
    orNone(counts.in_doubt, "in doubt"),
    ...(rest === null ? [] : [`${count(rest)} to go`]),
  ].join(", ");
  return percent === null ? parts : `${percent} percent: ${parts}`;
}

/** Speaks at each tenth and at the end, not at each call. */
export class Tenths {
  #said = -1;

  /** What to announce now, if anything. */
  next(counts: Counts): string | null {
    const percent = percentOf(counts);
    if (percent === null) return null;
    const tenth = Math.floor(percent / 10);
    if (tenth <= this.#said) return null;
    const first = this.#said < 0;
    this.#said = tenth;
    return first && tenth === 0 ? null : valueText(counts);
  }
}

/** Rows that did not arrive, or not surely. */
export function notArrived(counts: Counts): number {
  return counts.rejected + counts.unprocessed + counts.in_doubt;
}
