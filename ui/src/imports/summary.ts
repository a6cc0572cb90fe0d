// What an import would move and cost, in words. Pure.

import type { Estimate } from "../backend/generated/Estimate";
import type { Plan } from "../backend/generated/Plan";
import { count, many as counted, storage } from "../kit/say";
import { syncTypeOf, wayOf } from "./plan";
import { recordNoun, RECORDS_PER_CALL } from "./words";

export interface Summary {
  records: string;
  calls: string | null;
  billed: string;
}

export function billedWords(estimate: Estimate): string {
  if (estimate.precision === "unknown") return "what is billed is not known";
  if (estimate.bytes_billed === 0) return "nothing billed";
  const size = storage(estimate.bytes_billed);
  if (estimate.precision === "at_most") return `at most ${size} billed`;
  return `at least ${size} billed`;
}

export function summaryOf(plan: Plan, estimate: Estimate): Summary {
  const sync = syncTypeOf(plan);
  const [one, many] = recordNoun(sync);
  if (estimate.rows === null) {
    return {
      records: `Number of ${many} not known yet`,
      calls: null,
      billed: billedWords(estimate),
    };
  }
  const calls = Math.ceil(estimate.rows / RECORDS_PER_CALL);
  return {
    // Rows of one identity give way to the newest, so a table can hold fewer profiles than rows.
    records: wayOf(plan) !== "all" ? `At most ${counted(estimate.rows, one, many)}` : sync === "profiles" ? `About ${count(estimate.rows)} ${many}` : counted(estimate.rows, one, many),
    calls: wayOf(plan) !== "all" ? null : counted(calls, "call"),
    billed: billedWords(estimate),
  };
}

/** The same in one sentence, for a person who hears it. */
export function summarySentence({ records, calls, billed }: Summary): string {
  return [records, calls, billed].filter(Boolean).join(", ");
}
