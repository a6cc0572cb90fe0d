import type { CheckReport } from "../backend/generated/CheckReport";
import type { Connection } from "../backend/generated/Connection";
import type { DraftReview } from "../backend/generated/DraftReview";
import type { KeyOffer } from "../backend/generated/KeyOffer";
import type { Step } from "../backend/generated/Step";
import { untested } from "./ladder";

/** Made-up things for tests. */

export const offer: KeyOffer = { offer: "offer-1", file_name: "acme-dw-3f9c.json", size_bytes: 2364, client_email: "tapline@acme-dw.iam.gserviceaccount.com", key_id_tail: "a1b2", key_bits: 2048, project_id: "acme-dw", repairs: [], warnings: [] };

export const fine: DraftReview = { problems: [], split: null, suggested_name: null };

export function connection(more: Partial<Connection> = {}): Connection {
  return {
    id: "c1", name: "shop-prod", project_id: "acme-dw", dataset_id: "sales", billing_project: null, bytes_cap: null, location_override: null, location: "EU",
    client_email: offer.client_email, key_id_tail: "a1b2", key_bits: 2048, key_added_on: "2026-10-12T08:00:00Z", connected_on: "2026-10-12T08:00:00Z", connected_by: "Priya Nair",
    last_check: null, imports: 0, key_problem: null, ...more,
  };
}

/** A report in which the named steps have these states, and the others wait. */
export function report(verdict: CheckReport["verdict"], states: Partial<Record<Step["step"], Partial<Step>>> = {}): CheckReport {
  const steps = untested.map((step) => ({ ...step, evidence: null, ...states[step.step] }));
  return { check: "check-1", verdict, took_ms: 301, steps, location: verdict === "passed" ? "EU" : null, caution: null, proxy: null };
}

export const allPassed = report("passed", Object.fromEntries(untested.map((step) => [step.step, { state: "passed", took_ms: 9 }])));
