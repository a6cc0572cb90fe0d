// The mapping as lines of a table: one for each column of the source, in its order, mapped or not. Pure.

import type { CellOutcome } from "../backend/generated/CellOutcome";
import type { Column } from "../backend/generated/Column";
import type { Plan } from "../backend/generated/Plan";
import type { PlanReview } from "../backend/generated/PlanReview";
import type { Problem } from "../backend/generated/Problem";
import type { Property } from "../backend/generated/Property";
import type { Sample } from "../backend/generated/Sample";
import { eventsOf } from "./plan";

/** How much of each line a table shows. What it leaves out is in the inspector. */
export type Detail = "all" | "names";

export type Role = "identity" | "updated_on" | "created_on" | "event_name";

export interface Line {
  key: string;
  column: Column;
  /** Where its property stands in the plan. Absent where the column is not sent as one. */
  index: number | null;
  property: Property | null;
  /** What else the column is used for. */
  roles: Role[];
  /** The source has no such column any more. */
  gone: boolean;
  values: Array<string | null>;
  /** What becomes of the sample's values, once known. */
  outcomes: CellOutcome[];
  problems: Problem[];
}

export function rolesOf(plan: Plan, column: string): Role[] {
  const events = eventsOf(plan);
  const roles: Role[] = [];
  if (plan.identity.column === column) roles.push("identity");
  if (plan.updated_on?.column === column) roles.push("updated_on");
  if (events?.created_on?.column === column) roles.push("created_on");
  if (events && "column" in events.name && events.name.column === column) roles.push("event_name");
  return roles;
}

function problemsAt(review: PlanReview | null, place: string): Problem[] {
  return (review?.problems ?? []).filter(({ facts }) => {
    const field = facts["field"] ?? "";
    return field === place || field.startsWith(`${place}.`);
  });
}

function valuesOf(sample: Sample | null, column: string): Array<string | null> {
  const at = sample?.columns.findIndex(({ name }) => name === column) ?? -1;
  return at < 0 ? [] : (sample?.rows ?? []).map((row) => row[at] ?? null);
}

export function linesOf(
  plan: Plan,
  columns: Column[],
  sample: Sample | null,
  review: PlanReview | null,
): Line[] {
  const known = new Set(columns.map(({ name }) => name));
  const strays = [...plan.properties.map(({ column }) => column), plan.identity.column]
    .filter((name, at, all) => name !== "" && !known.has(name) && all.indexOf(name) === at)
    .map((name) => ({ name, type: "", nullable: true }));

  return [...columns, ...strays].flatMap((column) => {
    const common = {
      column,
      roles: rolesOf(plan, column.name),
      gone: columns.length > 0 && !known.has(column.name),
      values: valuesOf(sample, column.name),
    };
    const identity = common.roles.includes("identity");
    const unsent: Line = {
      ...common,
      key: column.name,
      index: null,
      property: null,
      outcomes: identity ? (review?.identity_samples ?? []) : [],
      problems: identity ? problemsAt(review, "identity") : [],
    };
    const sent = plan.properties.flatMap((property, index): Line[] =>
      property.column === column.name
        ? [
            {
              ...common,
              key: `${column.name}#${index}`,
              index,
              property,
              outcomes: review?.property_samples[index] ?? [],
              problems: problemsAt(review, `properties.${index}`),
            },
          ]
        : [],
    );
    if (sent.length === 0) return [unsent];
    // An identity that is sent as a property too has both lines, so that neither's trouble hides.
    return identity ? [unsent, ...sent] : sent;
  });
}

export interface Trouble {
  failing: number;
  tried: number;
  value: string;
  reason: string;
}

/** How many of the sample's values a row would be rejected for, with the first of them. */
export function troubleOf(outcomes: CellOutcome[]): Trouble | null {
  const failing = outcomes.filter(({ rejected }) => rejected !== null);
  const first = failing[0];
  if (!first) return null;
  return {
    failing: failing.length,
    tried: outcomes.length,
    value: first.value ?? "NULL",
    reason: first.rejected ?? "",
  };
}

/** The first warning among values that pass. */
export function warningOf(outcomes: CellOutcome[]): string | null {
  return outcomes.find(({ warning }) => warning !== null)?.warning ?? null;
}
