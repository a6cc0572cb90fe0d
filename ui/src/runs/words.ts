// What runs are called on the screen.

import type { Fate } from "../backend/generated/Fate";
import type { Outcome } from "../backend/generated/Outcome";
import type { Phase } from "../backend/generated/Phase";
import type { Run } from "../backend/generated/Run";
import type { Tone } from "../backend/generated/Tone";
import type { Tone as MarkTone } from "../kit/tone";

export const outcomeWords: Record<Outcome, string> = {
  completed: "Completed",
  completed_with_rejects: "Completed with rejects",
  completed_in_doubt: "Completed in doubt",
  stopped: "Stopped",
  interrupted: "Interrupted",
  failed: "Failed",
};

export const outcomeTone: Record<Outcome, MarkTone> = {
  completed: "passed",
  completed_with_rejects: "warning",
  completed_in_doubt: "in-doubt",
  stopped: "waiting",
  interrupted: "warning",
  failed: "failed",
};

export const phaseWords: Record<Exclude<Phase, "ended">, string> = {
  querying: "Asking BigQuery",
  sending: "Running",
  stopping: "Stopping",
};

export function stateWords({ outcome, phase, paused }: Run): string {
  if (outcome) return paused ? "Paused" : outcomeWords[outcome];
  if (phase === "stopping" && paused) return "Pausing";
  return phase === "ended" ? "Ended" : phaseWords[phase];
}

export function stateTone({ outcome, paused }: Run): MarkTone {
  if (outcome && paused) return "warning";
  return outcome ? outcomeTone[outcome] : "running";
}

export const healthTone: Record<Tone, MarkTone> = {
  good: "passed",
  partial: "warning",
  bad: "failed",
  neutral: "waiting",
};

export const fateWords: Record<Fate, string> = {
  rejected: "Rejected",
  unprocessed: "Unprocessed",
  in_doubt: "In doubt",
};

export const fateMeans: Record<Fate, string> = {
  rejected: "kept back by Tapline",
  unprocessed: "refused by CleverTap",
  in_doubt: "sent, no answer came",
};

export const fateTone: Record<Fate, MarkTone> = {
  rejected: "failed",
  unprocessed: "warning",
  in_doubt: "in-doubt",
};

/** What an end means for the person's data, where the totals alone do not say it. */
export function outcomeMeans({ outcome, counts, paused }: Run): string | null {
  switch (outcome) {
    case "completed_in_doubt":
      return "Some records were sent and no answer came: the connection broke before CleverTap could say. They may have arrived or not. Tapline counts them as neither, and lists them below.";
    case "interrupted":
      return counts.in_doubt > 0
        ? "Tapline ended before the run did. What CleverTap had acknowledged is delivered. What was on its way at that moment is in doubt and listed below; rows after it were not sent."
        : "Tapline ended before the run did. What CleverTap had acknowledged is delivered; the rows after it were not sent.";
    case "stopped":
      return paused
        ? "The run stands still, and its import waits for it. What was delivered stays delivered; the rows after it are not sent until you resume."
        : "The run was stopped. What was delivered stays delivered; the rows after it were not sent.";
    default:
      return null;
  }
}
