// Which runs a list shows. Pure.

import type { Run } from "../backend/generated/Run";
import { anyDay, inRange, type DayRange } from "../kit/range";
import { stateWords } from "./words";

/** An empty text means anything. */
export interface RunFilters {
  search: string;
  import: string;
  /** An outcome, "going" or "paused". */
  outcome: string;
  days: DayRange;
}

export const noFilters: RunFilters = { search: "", import: "", outcome: "", days: anyDay };

function says(run: Run, search: string): boolean {
  return [run.nickname, run.database, run.account, run.started_by, stateWords(run)]
    .join("\n")
    .toLowerCase()
    .includes(search.trim().toLowerCase());
}

export function matching(runs: readonly Run[], filters: RunFilters): Run[] {
  return runs.filter(
    (run) =>
      says(run, filters.search) &&
      ["", run.import].includes(filters.import) &&
      ["", run.outcome === null ? "going" : run.paused ? "paused" : run.outcome].includes(filters.outcome) &&
      inRange(run.started_on, filters.days),
  );
}
