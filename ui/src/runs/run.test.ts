import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeHost } from "../backend/fake";
import { going, over, phones, recordsPage } from "./made-up";
import { RunPage } from "./run.svelte";

let host: FakeHost;
let page: RunPage;

beforeEach(() => {
  host = new FakeHost({
    "runs.get": going, "runs.stop": { ...going, phase: "stopping" }, "runs.reasons": { groups: [phones], warnings: [] }, "runs.records": recordsPage,
    "runs.export": { path: "/home/ada/failed.csv", rows: 120 },
  });
  page = new RunPage("r1");
});
afterEach(() => page.close());

describe("a run's page", () => {
  it("follows its own run and no other", async () => {
    await page.open();
    host.push({ signal: "run", body: { ...going, id: "other", counts: { ...going.counts, delivered: 1 } } });
    expect(page.run?.counts.delivered).toBe(50);
    host.push({ signal: "run", body: { ...going, counts: { ...going.counts, delivered: 80 } } });
    expect(page.run?.counts.delivered).toBe(80);
  });

  it("reads the records that did not arrive once the run is over", async () => {
    await page.open();
    expect(host.callsOf("runs.records"), "nothing to page through while it moves").toHaveLength(0);
    host.push({ signal: "run", body: over });
    await vi.waitFor(() => expect(page.records.page?.total).toBe(120));
  });

  it("stays over when a late signal of its going arrives", async () => {
    await page.open();
    host.push({ signal: "run", body: over });
    host.push({ signal: "run", body: going });
    expect(page.run?.outcome).toBe("completed_with_rejects");
  });

  it("says Stopping as soon as Stop was heard", async () => {
    await page.open();
    await page.stop();
    expect(page.run?.phase).toBe("stopping");
  });

  it("keeps the place of an export in view, and takes a cancelled picker for nothing", async () => {
    await page.export();
    expect(page.exported?.rows).toBe(120);
    host.on("runs.export", null);
    await page.export();
    expect(page.exported?.path).toBe("/home/ada/failed.csv");
  });
});

describe("the records of a run", () => {
  it("come a page at a time, onwards and back", async () => {
    host.on("runs.get", over);
    await page.open();
    const { records } = page;
    expect([records.first, records.last, records.hasBefore, records.hasAfter]).toEqual([1, 50, false, true]);
    await records.next();
    await records.next();
    expect([records.first, records.last, records.hasAfter]).toEqual([101, 120, false]);
    await records.before();
    expect([records.first, records.last]).toEqual([51, 100]);
  });

  it("narrow to a reason from the first page, and to all again", async () => {
    host.on("runs.get", over);
    await page.open();
    await page.records.next();
    await page.records.choose(phones);
    expect(host.callsOf("runs.records").at(-1)).toMatchObject({ fate: "rejected", code: "phone_country", column: "phone", after: null });
    await page.records.choose(phones);
    expect(host.callsOf("runs.records").at(-1)).toMatchObject({ fate: null, code: null });
  });
});
