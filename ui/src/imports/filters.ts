// Which imports a list shows. Pure.

import type { ImportBrief } from "../backend/generated/ImportBrief";
import { anyDay, inRange, type DayRange } from "../kit/range";
import { PARTNER, statusWords, syncWords } from "./words";

/** Which moment of an import the dates are about. */
export type Instance = "created" | "updated" | "run";

/** An empty text means anything. */
export interface ImportFilters {
  search: string;
  partner: string;
  sync: string;
  status: string;
  frequency: string;
  createdBy: string;
  instance: Instance;
  days: DayRange;
}

export const noFilters: ImportFilters = {
  search: "",
  partner: "",
  sync: "",
  status: "",
  frequency: "",
  createdBy: "",
  instance: "created",
  days: anyDay,
};

export const instanceWords: Record<Instance, string> = {
  created: "Created On",
  updated: "Updated On",
  run: "Last Run",
};

function momentOf(brief: ImportBrief, instance: Instance): string | null {
  if (instance === "created") return brief.created_on;
  return instance === "updated" ? brief.updated_on : (brief.last_run?.started_on ?? null);
}

function within(brief: ImportBrief, { instance, days }: ImportFilters): boolean {
  if (days.from === null && days.to === null) return true;
  const moment = momentOf(brief, instance);
  return moment !== null && inRange(moment, days);
}

function says(brief: ImportBrief, search: string): boolean {
  const { nickname, database, account, datasource, status, sync_type, created_by } = brief;
  return [nickname, database, account, datasource, statusWords[status], syncWords[sync_type], created_by]
    .join("\n")
    .toLowerCase()
    .includes(search.trim().toLowerCase());
}

export function matching(briefs: readonly ImportBrief[], filters: ImportFilters): ImportBrief[] {
  return briefs.filter(
    (brief) =>
      says(brief, filters.search) &&
      ["", PARTNER].includes(filters.partner) &&
      ["", brief.sync_type].includes(filters.sync) &&
      ["", brief.status].includes(filters.status) &&
      ["", brief.frequency].includes(filters.frequency) &&
      ["", brief.created_by].includes(filters.createdBy) &&
      within(brief, filters),
  );
}

/** The choices of a filter: each value once, in the order of the alphabet. */
export function choices(values: readonly string[]): { value: string; label: string }[] {
  return [...new Set(values)].sort((a, b) => a.localeCompare(b)).map((value) => ({ value, label: value }));
}

export function choicesOf(words: Record<string, string>): { value: string; label: string }[] {
  return Object.entries(words).map(([value, label]) => ({ value, label }));
}
