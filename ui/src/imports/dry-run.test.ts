import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeHost } from "../backend/fake";
import type { DryRunReport } from "../backend/generated/DryRunReport";
import { DryRun, reasonKey } from "./dry-run.svelte";
import { plan } from "./made-up";

const started: DryRunReport = {
  dry_run: "d1", state: "running", rows_read: 0, records: 0, rejected: 0, warned: 0, collapsed: 0, bytes_billed: 0, reasons: [], rows: [], problem: null,
};
const done: DryRunReport = {
  ...started, state: "done", rows_read: 3, records: 2, rejected: 1, warned: 1,
  reasons: [{ code: "phone_country", column: "phone", reason: "Phone has no country code", count: 1 }],
  rows: [
    { row: 3, cells: [["phone", "0171"]], record: null, rejections: [{ column: "phone", code: "phone_country", reason: "Phone has no country code" }], warnings: [] },
    { row: 1, cells: [["phone", "+44 171"]], record: '{"Phone":"+44171"}', rejections: [], warnings: [{ column: "phone", code: "cut", reason: "Spaces taken out" }] },
    { row: 2, cells: [["phone", null]], record: "{}", rejections: [], warnings: [] },
  ],
};

let host: FakeHost;
let dryRun: DryRun;

beforeEach(() => {
  host = new FakeHost({ "imports.dry_run": started, "imports.cancel_dry_run": { ...started, state: "cancelled" } });
  dryRun = new DryRun();
});
afterEach(() => dryRun.close());

describe("a dry run", () => {
  it("follows the reports of its own and of no other", async () => {
    await dryRun.start(plan(), false);
    host.push({ signal: "dry_run", body: { ...done, dry_run: "another" } });
    expect(dryRun.running).toBe(true);
    host.push({ signal: "dry_run", body: done });
    expect(dryRun.report?.records).toBe(2);
    expect(dryRun.running).toBe(false);
  });

  it("misses no report that is faster than the reply to its start", async () => {
    host.on("imports.dry_run", () => {
      host.push({ signal: "dry_run", body: done });
      return started;
    });
    await dryRun.start(plan(), false);
    expect(dryRun.report?.state).toBe("done");
  });

  it("shows rejected rows first and narrows to a kind, a reason or a value", async () => {
    await dryRun.start(plan(), true);
    host.push({ signal: "dry_run", body: done });
    expect(dryRun.rows.map(({ row }) => row)).toEqual([3, 1, 2]);
    dryRun.shown = "ready";
    expect(dryRun.rows.map(({ row }) => row)).toEqual([2]);
    dryRun.shown = "all";
    dryRun.reason = reasonKey("phone_country", "phone");
    expect(dryRun.rows.map(({ row }) => row)).toEqual([3]);
    dryRun.reason = null;
    dryRun.search = "+44 171";
    expect(dryRun.rows.map(({ row }) => row)).toEqual([1]);
  });

  it("is about its plan under any name, and no longer once the mapping changes", async () => {
    const tried = plan();
    await dryRun.start(tried, false);
    expect(dryRun.isAbout({ ...tried, nickname: "Renamed" })).toBe(true);
    expect(dryRun.isAbout({ ...tried, strict: true })).toBe(false);
    const { strict, ...rest } = tried;
    dryRun.renew(tried, { strict, ...rest });
    expect(dryRun.isAbout({ strict, ...rest }), "the store may give its members in another order").toBe(true);
  });

  it("is over at once when it is cancelled", async () => {
    await dryRun.start(plan(), true);
    await dryRun.cancel();
    expect(dryRun.report?.state).toBe("cancelled");
    host.push({ signal: "dry_run", body: done });
    expect(dryRun.report?.state, "a late report changes nothing").toBe("cancelled");
  });
});
