// A small made-up world for the tests of runs.

import type { Counts } from "../backend/generated/Counts";
import type { ReasonGroup } from "../backend/generated/ReasonGroup";
import type { RecordsAsk } from "../backend/generated/RecordsAsk";
import type { RecordsPage } from "../backend/generated/RecordsPage";
import type { Run } from "../backend/generated/Run";

export const counts: Counts = { read: 100, expected: 200, collapsed: 0, delivered: 50, rejected: 0, unprocessed: 0, in_doubt: 0, batches: 1 };

export const going: Run = {
  id: "r1", import: "i1", nickname: "Purchases", database: "shop-prod", account: "Acme Shop", sync_type: "events", outcome: null, phase: "sending", paused: false, doubt: null,
  started_on: "2026-11-23T14:02:09Z", started_by: "Ada", ended_on: null, counts, health: { words: "Not finished", percent: null, tone: "neutral" },
  aside: { undated: null, later: null, vanished: null, edited: null, words: [] },
  records_per_second: 2500, seconds_left: 3, bytes_expected: null, bytes_billed: null, job: "tapline_1", problem: null, caution: null, resumable: false, mends: null,
};

export const over: Run = {
  ...going, phase: "ended", outcome: "completed_with_rejects", ended_on: "2026-11-23T14:02:19Z", bytes_expected: 20_971_520, bytes_billed: 10_485_760,
  counts: { ...counts, read: 200, delivered: 80, rejected: 120 }, health: { words: "40 %", percent: 40, tone: "bad" },
};

export const phones: ReasonGroup = { fate: "rejected", reason: { code: "phone_country", column: "phone", reason: "Phone has no country code", count: 120 }, means: null };

/** 120 records, a page at a time. */
export function recordsPage({ after, limit }: RecordsAsk): RecordsPage {
  const start = (after ?? 0) + 1;
  const records = Array.from({ length: Math.max(0, Math.min(limit, 121 - start)) }, (_, n) => ({
    position: start + n, fate: "rejected" as const, identity: `u${start + n}`, code: "phone_country", column: "phone", reason: "Phone has no country code",
    means: null, record: '{"phone":"0171"}',
  }));
  return { records, total: 120 };
}
