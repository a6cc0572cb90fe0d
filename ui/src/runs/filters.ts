// Which runs a list shows. Pure.

import type { Outcome } from "../backend/generated/Outcome";
import type { Run } from "../backend/generated/Run";
import { localDay } from "../kit/quantities";
import { stateWords } from "./words";

export interface RunFilters {
  search: string;
  import: string | null;
  outcome: Outcome | "going" | null;
  /** Days as `yyyy-mm-dd`, both included. */
  from: string | null;
  to: string | null;
}

export const noFilters: RunFilters = { search: "", import: null, outcome: null, from: null, to: null };

function says(run: Run, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  return [run.nickname, run.database, run.account, run.started_by, stateWords(run)].join("\n").toLowerCase().includes(wanted);
}

export function matching(runs: Run[], filters: RunFilters): Run[] {
  return runs.filter((run) => {
    const day = localDay(run.started_on);
    return (
      says(run, filters.search) &&
      (!filters.import || run.import === filters.import) &&
      (!filters.outcome || (run.outcome ?? "going") === filters.outcome) &&
      (!filters.from || day >= filters.from) &&
      (!filters.to || day <= filters.to)
    );
  });
}
