// How far a run is, in numbers and in words. Pure.

import type { Counts } from "../backend/generated/Counts";
import { count } from "../kit/say";

export interface Segment {
  tone: "passed" | "failed" | "warning" | "in-doubt";
  count: number;
  label: string;
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

/** The parts of the bar, in the order in which they stand. */
export function segmentsOf({ delivered, rejected, unprocessed, in_doubt }: Counts): Segment[] {
  return [
    { tone: "passed", count: delivered, label: `${count(delivered)} delivered` },
    { tone: "failed", count: rejected, label: `${count(rejected)} rejected` },
    { tone: "warning", count: unprocessed, label: `${count(unprocessed)} unprocessed` },
    { tone: "in-doubt", count: in_doubt, label: `${count(in_doubt)} in doubt` },
  ];
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

/** What is not known to have arrived, in words: "421 rejected, 17 unprocessed". Nothing where all is delivered. */
export function shortfall({ rejected, unprocessed, in_doubt }: Counts): string | null {
  const parts = [
    [rejected, "rejected"],
    [unprocessed, "unprocessed"],
    [in_doubt, "in doubt"],
  ] as const;
  return parts.flatMap(([n, what]) => (n > 0 ? [`${count(n)} ${what}`] : [])).join(", ") || null;
}
