// Pure changes to a plan: each takes one plan and gives the next. No calls, no state.

import type { Column } from "../backend/generated/Column";
import type { DataType } from "../backend/generated/DataType";
import type { Events } from "../backend/generated/Events";
import type { Plan } from "../backend/generated/Plan";
import type { Property } from "../backend/generated/Property";
import type { Repairs } from "../backend/generated/Repairs";
import type { Rows } from "../backend/generated/Rows";
import type { Source } from "../backend/generated/Source";
import type { Suggested } from "../backend/generated/Suggested";
import type { SyncType } from "../backend/generated/SyncType";
import type { TimeColumn } from "../backend/generated/TimeColumn";

export function newPlan(): Plan {
  return {
    version: 1,
    nickname: "",
    database: "",
    account: "",
    source: { table: "" },
    records: "profiles",
    identity: { column: "", kind: "identity" },
    properties: [],
    strict: false,
  };
}

export function syncTypeOf(plan: Plan): SyncType {
  return plan.records === "profiles" ? "profiles" : "events";
}

export function eventsOf(plan: Plan): Events | null {
  return plan.records === "profiles" ? null : plan.records.events;
}

export function sourceText(source: Source): string {
  return "table" in source ? source.table : source.sql;
}

/** Chooses between the two kinds. All that was mapped is cleared, as CleverTap does it. */
export function withSyncType(plan: Plan, sync: SyncType): Plan {
  if (syncTypeOf(plan) === sync) return plan;
  return {
    ...withUpdatedOn(plan, null),
    records: sync === "profiles" ? "profiles" : { events: { name: { specific: "" }, in_doubt: "ask" } },
    identity: { column: "", kind: "identity" },
    properties: [],
  };
}

/** Whether switching or reading another source would take something from the person. */
export function hasMapping(plan: Plan): boolean {
  return plan.properties.length > 0 || plan.identity.column !== "";
}

export function withSuggestion(plan: Plan, suggested: Suggested): Plan {
  const next: Plan = {
    ...plan,
    identity: suggested.identity ? { ...plan.identity, column: suggested.identity } : plan.identity,
    properties: suggested.properties,
  };
  const events = eventsOf(plan);
  if (events) {
    if (suggested.created_on) next.records = { events: { ...events, created_on: suggested.created_on } };
  } else if (suggested.updated_on) {
    next.updated_on = suggested.updated_on;
  }
  return next;
}

export function withEvents(plan: Plan, change: Partial<Events>): Plan {
  const events = eventsOf(plan);
  return events ? { ...plan, records: { events: { ...events, ...change } } } : plan;
}

export function withUpdatedOn(plan: Plan, time: TimeColumn | null): Plan {
  const next = { ...plan };
  delete next.updated_on;
  return time ? { ...next, updated_on: time } : next;
}

/** The three ways to import. */
export type Way = "all" | "new_and_updated" | "changed";

export function wayOf(plan: Plan): Way {
  const rows = plan.rows ?? "all";
  return typeof rows === "string" ? rows : "new_and_updated";
}

export function withRows(plan: Plan, rows: Rows): Plan {
  const next = { ...plan };
  delete next.rows;
  return rows === "all" ? next : { ...next, rows };
}

export function withWay(plan: Plan, way: Way): Plan {
  return withRows(plan, way === "new_and_updated" ? { new_and_updated: {} } : way);
}

/** How many minutes are read again, where the person has said so. */
export function overlapOf(plan: Plan): number | null {
  const rows = plan.rows ?? "all";
  return typeof rows === "string" ? null : (rows.new_and_updated.overlap_minutes ?? null);
}

/** Columns that can tell which row is newer. A text cannot: it is not compared as time. */
export function canTellNewest(column: Column): boolean {
  return canHoldTime(column) && column.type.toUpperCase() !== "STRING";
}

export function withProperty(plan: Plan, index: number, change: Partial<Property>): Plan {
  return {
    ...plan,
    properties: plan.properties.map((property, at) => (at === index ? { ...property, ...change } : property)),
  };
}

/** Adds a property where its column stands in the source, so that records keep the source's order. */
export function sendColumn(plan: Plan, property: Property, columns: Column[]): Plan {
  const rank = (name: string) => columns.findIndex((column) => column.name === name);
  const place = plan.properties.findIndex((other) => rank(other.column) > rank(property.column));
  const properties = [...plan.properties];
  properties.splice(place < 0 ? properties.length : place, 0, property);
  return { ...plan, properties };
}

export function leaveOut(plan: Plan, index: number): Plan {
  return { ...plan, properties: plan.properties.filter((_, at) => at !== index) };
}

/** Keeps only what says something, so that a repair switched on and off leaves no trace. */
export function tidyRepairs(repairs: Repairs): Repairs {
  return {
    ...(repairs.trim ? { trim: true } : {}),
    ...(repairs.country_code ? { country_code: repairs.country_code } : {}),
    ...(repairs.zone ? { zone: repairs.zone } : {}),
  };
}

/** CleverTap's type for a column, where nothing better was suggested. */
export function typeFor(column: Column): DataType {
  const type = column.type.toUpperCase();
  if (type.startsWith("ARRAY<STRING")) return "multi_value";
  if (["INT64", "INTEGER"].includes(type)) return "integer";
  if (["FLOAT64", "FLOAT"].includes(type) || /^(BIG)?NUMERIC/.test(type)) return "float";
  if (["BOOL", "BOOLEAN"].includes(type)) return "boolean";
  if (isDateColumn(column)) return "date";
  return "string";
}

/** Date columns speak for themselves: they need no format. */
export function isDateColumn(column: Column): boolean {
  return ["DATE", "DATETIME", "TIMESTAMP"].includes(column.type.toUpperCase());
}

/** Columns that can hold a point in time: dates, numbers and texts. */
export function canHoldTime(column: Column): boolean {
  return isDateColumn(column) || /^(INT64|INTEGER|STRING|(BIG)?NUMERIC)/.test(column.type.toUpperCase());
}

/** Dates whose values name no zone, so that one must be given. */
export function needsZone(column: Column): boolean {
  return ["DATE", "DATETIME", "STRING"].includes(column.type.toUpperCase());
}

export function propertyFor(column: Column): Property {
  return { column: column.name, name: column.name, type: typeFor(column), when_null: "leave" };
}

/** The data types to choose from. What a type makes of the values is the engine's to say. */
export function typesFor(column: Column, sync: SyncType, now: DataType): DataType[] {
  const types: DataType[] = ["string", "integer", "float", "long", "boolean", "date", "multi_value"];
  const lists = column.type.toUpperCase().startsWith("ARRAY") && sync === "profiles";
  return types.filter((type) => type === now || type !== "multi_value" || lists);
}
