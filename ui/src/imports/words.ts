// What imports are called on the screen: CleverTap's own labels where it has them.

import type { DataType } from "../backend/generated/DataType";
import type { DateFormat } from "../backend/generated/DateFormat";
import type { ImportStatus } from "../backend/generated/ImportStatus";
import type { Plan } from "../backend/generated/Plan";
import type { SyncType } from "../backend/generated/SyncType";
import type { Tone } from "../backend/generated/Tone";
import type { Tone as MarkTone } from "../kit/tone";
import type { Role } from "./lines";
import { eventsOf, wayOf, type Way } from "./plan";

/** The only partner that Tapline reads from. */
export const PARTNER = "BigQuery";

/** CleverTap takes at most this many records in one call. */
export const RECORDS_PER_CALL = 1000;

export const statusWords: Record<ImportStatus, string> = {
  draft: "Draft",
  ready: "Ready",
  scheduled: "Scheduled",
  running: "Running",
  paused: "Paused",
  stopped: "Stopped",
};

export const syncWords: Record<SyncType, string> = {
  profiles: "User Profile Data",
  events: "Event Data",
};

export const ways: readonly Way[] = ["all", "new_and_updated", "changed"];

export const wayWords: Record<Way, string> = {
  all: "All rows",
  new_and_updated: "New and updated rows",
  changed: "Changed rows",
};

/** What a way to import does with the rows of this plan, and what it does not. */
export function wayMeans(plan: Plan): string {
  const events = eventsOf(plan);
  switch (wayOf(plan)) {
    case "all":
      return events ? "Every run sends every row as an event, those that were sent before too. Fit for one run, or for a source that holds only what is new." : "Every run sends every row. A profile stays one, however often it is sent.";
    case "new_and_updated":
      return `A run sends the rows whose Updated On has come since the last one; the first sends all that have one.${events ? " A row that is updated is sent as another event." : ""} Rows without Updated On are never found, and counted. What is deleted stays at CleverTap.`;
    case "changed": {
      const edited = !events ? "" : (events.key ?? []).length > 0 ? " Events cannot be changed: rows that were edited are counted, and not sent." : " Without an event key, a row that was edited is an event of its own.";
      return `BigQuery compares the source with what CleverTap has acknowledged, and only what differs travels. It needs no Updated On.${edited} What is deleted is counted, and stays at CleverTap.`;
    }
  }
}

export const dataTypeWords: Record<DataType, string> = {
  string: "String",
  integer: "Integer",
  float: "Float",
  long: "Long",
  boolean: "Boolean",
  date: "Date",
  multi_value: "List of texts",
};

export const dateFormatWords: Record<DateFormat, string> = {
  epoch_seconds: "Epoch Seconds, 10 digits",
  epoch_milliseconds: "Epoch Milliseconds, 13 digits",
  iso8601: "ISO 8601, such as 2026-11-23T14:02:09Z",
  "yyyy-MM-dd": "yyyy-MM-dd",
  "yyyy/MM/dd": "yyyy/MM/dd",
  "yyyy/MM/dd HH:mm:ss": "yyyy/MM/dd HH:mm:ss",
  "dd/MM/yyyy": "dd/MM/yyyy",
  "dd/MM/yyyy HH:mm:ss": "dd/MM/yyyy HH:mm:ss",
  "MM/dd/yyyy": "MM/dd/yyyy",
  "MM/dd/yyyy HH:mm:ss": "MM/dd/yyyy HH:mm:ss",
  "yyyy/dd/MM": "yyyy/dd/MM",
  "yyyy/dd/MM HH:mm:ss": "yyyy/dd/MM HH:mm:ss",
  ddMMMyyyy: "ddMMMyyyy, such as 23Nov2026",
  "dd MMM yyyy HH:mm:ss": "dd MMM yyyy HH:mm:ss",
};

/** CleverTap's system properties of a profile, by the name under which they are sent. */
export const systemProperties: ReadonlyArray<{ name: string; means: string }> = [
  { name: "Name", means: "Full name" },
  { name: "Email", means: "E-mail address" },
  { name: "Phone", means: "Starts with + and the country code" },
  { name: "Gender", means: "M or F" },
  { name: "DOB", means: "Date of birth" },
  { name: "Age", means: "A number" },
  { name: "Employed", means: "Y or N" },
  { name: "Education", means: "School, College or Graduate" },
  { name: "Married", means: "Y or N" },
  { name: "Tz", means: "Time zone" },
  { name: "MSG-email", means: "May receive e-mail" },
  { name: "MSG-push", means: "May receive push messages" },
  { name: "MSG-sms", means: "May receive SMS" },
  { name: "MSG-whatsapp", means: "May receive WhatsApp messages" },
  { name: "MSG-dndPhone", means: "Must not be called or texted" },
  { name: "MSG-dndEmail", means: "Must not be sent e-mail" },
];

export function isSystemProperty(name: string): boolean {
  return name === "Identity" || name === "Timezone" || systemProperties.some((property) => property.name === name);
}

export const statusTone: Record<ImportStatus, MarkTone> = {
  draft: "waiting",
  ready: "passed",
  scheduled: "passed",
  running: "running",
  paused: "warning",
  stopped: "waiting",
};

export const healthTone: Record<Tone, MarkTone> = {
  good: "passed",
  partial: "warning",
  bad: "failed",
  neutral: "waiting",
};

export function recordNoun(sync: SyncType): [one: string, many: string] {
  return sync === "profiles" ? ["profile", "profiles"] : ["event", "events"];
}

/** What a column is used for, where it is no property. */
export const roleWords: Record<Role, string> = {
  identity: "Sent as the identity.",
  updated_on: "Not sent. Tells which row is the newest.",
  created_on: "Sent as the event’s time.",
  event_name: "Sent as the event’s name.",
};
