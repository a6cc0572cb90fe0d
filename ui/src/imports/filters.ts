// Which imports a list shows. Pure.

import type { ImportBrief } from "../backend/generated/ImportBrief";
import type { ImportStatus } from "../backend/generated/ImportStatus";
import type { SyncType } from "../backend/generated/SyncType";
import { localDay } from "../kit/quantities";
import { PARTNER, statusWords, syncWords } from "./words";

/** Which moment of an import the dates are about. */
export type Instance = "created" | "updated" | "run";

export interface ImportFilters {
  search: string;
  partner: string | null;
  sync: SyncType | null;
  status: ImportStatus | null;
  frequency: string | null;
  createdBy: string | null;
  instance: Instance;
  /** Days as `yyyy-mm-dd`, both included. */
  from: string | null;
  to: string | null;
}

export const noFilters: ImportFilters = {
  search: "",
  partner: null,
  sync: null,
  status: null,
  frequency: null,
  createdBy: null,
  instance: "created",
  from: null,
  to: null,
};

export const instanceWords: Record<Instance, string> = {
  created: "Created",
  updated: "Updated",
  run: "Last run",
};

function momentOf(brief: ImportBrief, instance: Instance): string | null {
  if (instance === "created") return brief.created_on;
  return instance === "updated" ? brief.updated_on : (brief.last_run?.started_on ?? null);
}

function within(brief: ImportBrief, { instance, from, to }: ImportFilters): boolean {
  if (!from && !to) return true;
  const moment = momentOf(brief, instance);
  if (!moment) return false;
  const day = localDay(moment);
  return (!from || day >= from) && (!to || day <= to);
}

function says(brief: ImportBrief, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  if (wanted === "") return true;
  return [brief.nickname, brief.database, brief.account, brief.datasource, statusWords[brief.status], syncWords[brief.sync_type], brief.created_by]
    .join("\n")
    .toLowerCase()
    .includes(wanted);
}

export function matching(briefs: ImportBrief[], filters: ImportFilters): ImportBrief[] {
  return briefs.filter(
    (brief) =>
      says(brief, filters.search) &&
      (!filters.partner || filters.partner === PARTNER) &&
      (!filters.sync || brief.sync_type === filters.sync) &&
      (!filters.status || brief.status === filters.status) &&
      (!filters.frequency || brief.frequency === filters.frequency) &&
      (!filters.createdBy || brief.created_by === filters.createdBy) &&
      within(brief, filters),
  );
}

export function distinct(values: string[]): string[] {
  return [...new Set(values)].sort((a, b) => a.localeCompare(b));
}
