// A small made-up world for the tests of imports.

import type { Account } from "../backend/generated/Account";
import type { Connection } from "../backend/generated/Connection";
import type { Estimate } from "../backend/generated/Estimate";
import type { ImportBrief } from "../backend/generated/ImportBrief";
import type { Plan } from "../backend/generated/Plan";
import type { Problem } from "../backend/generated/Problem";
import type { Run } from "../backend/generated/Run";
import type { Sample } from "../backend/generated/Sample";
import type { Suggested } from "../backend/generated/Suggested";
import { newPlan } from "./plan";

export function problem(code: string, facts: Record<string, string> = {}, title = "Something is in the way"): Problem {
  return { code, voice: "this_machine", facts, title, explanation: "What it means.", who: "You, here", retryable: false, fix: null, command: null, commands: [], tool: null, command_does: null, settles: null, console: null, message: null, answer: null };
}

export function connection(change: Partial<Connection> = {}): Connection {
  return {
    id: "c1", name: "shop-prod", project_id: "acme-dw", dataset_id: "sales", billing_project: null, bytes_cap: null, location_override: null,
    location: "EU", client_email: "tapline@acme-dw.iam.gserviceaccount.com", key_id_tail: "a1b2", key_bits: 2048, key_added_on: "2026-11-01T09:00:00Z",
    connected_on: "2026-11-01T09:00:00Z", connected_by: "Ada", last_check: { at: "2026-11-23T10:00:00Z", passed: true, problem: null },
    imports: 0, key_problem: null, ...change,
  };
}

export function account(change: Partial<Account> = {}): Account {
  return { id: "a1", name: "Acme Shop", account_id: "ACM-111-2222", region: "europe", calls_at_once: 15, added_on: "2026-11-01T09:00:00Z", added_by: "Ada", last_test: null, imports: 0, ...change };
}

export const sample: Sample = {
  columns: [
    { name: "customer_id", type: "STRING", nullable: false },
    { name: "phone", type: "STRING", nullable: true },
    { name: "spent", type: "NUMERIC", nullable: true },
    { name: "updated_at", type: "TIMESTAMP", nullable: false },
  ],
  rows: [
    ["00001", "0171 555 0142", "11.77", "2026-11-22 23:04:11 UTC"],
    ["00002", "+441715550161", null, "2026-11-22 23:05:00 UTC"],
  ],
  bytes_billed: 0,
};

export const estimate: Estimate = { bytes: 1_900_000, bytes_billed: 10_485_760, precision: "at_most", rows: 23_570, columns: sample.columns };

export const suggested: Suggested = {
  identity: "customer_id",
  updated_on: { column: "updated_at" },
  created_on: { column: "updated_at" },
  properties: [
    { column: "phone", name: "Phone", type: "string", when_null: "leave" },
    { column: "spent", name: "spent", type: "float", when_null: "leave" },
  ],
};

export function plan(change: Partial<Plan> = {}): Plan {
  return {
    ...newPlan(), nickname: "Shop customers", database: "shop-prod", account: "Acme Shop", source: { table: "customers" },
    identity: { column: "customer_id", kind: "identity" }, properties: suggested.properties, ...change,
  };
}

export function brief(change: Partial<ImportBrief> = {}): ImportBrief {
  return {
    id: "i1", nickname: "Shop customers", status: "ready", sync_type: "profiles", database: "shop-prod", connection: "c1", account: "Acme Shop",
    datasource: "customers", frequency: "Manually Trigger", last_run: null, bytes_billed: 0, goes_on: false, created_on: "2026-11-20T09:00:00Z", created_by: "Ada",
    updated_on: "2026-11-21T09:00:00Z", updated_by: "Lin", ...change,
  };
}

export function run(change: Partial<Run> = {}): Run {
  return {
    id: "r1", import: "i1", nickname: "Shop customers", database: "shop-prod", account: "Acme Shop", sync_type: "profiles", outcome: null, phase: "sending", paused: false, doubt: null,
    started_on: "2026-11-23T14:02:09Z", started_by: "Ada", ended_on: null,
    counts: { read: 0, expected: 23_570, collapsed: 0, delivered: 0, rejected: 0, unprocessed: 0, in_doubt: 0, batches: 0 },
    aside: { undated: null, later: null, vanished: null, edited: null, words: [] },
    health: { words: "Not finished", percent: null, tone: "neutral" }, records_per_second: null, seconds_left: null, bytes_expected: null, bytes_billed: null, job: null, resumable: false, mends: null,
    problem: null, caution: null, ...change,
  };
}
