import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeHost } from "../backend/fake";
import { matching, noFilters } from "./filters";
import { ImportsList } from "./list.svelte";
import { brief, problem, run } from "./made-up";

const briefs = [
  brief(),
  brief({ id: "i2", nickname: "Purchases", sync_type: "events", status: "draft", datasource: "SQL", created_by: "Lin", created_on: "2026-10-02T09:00:00Z" }),
];

let host: FakeHost;
let list: ImportsList;

beforeEach(() => {
  host = new FakeHost({ "imports.list": briefs, "imports.stop": { brief: brief({ status: "stopped" }), plan: {} as never, problems: [] } });
  list = new ImportsList();
});
afterEach(() => list.close());

describe("the list of imports", () => {
  it.each([
    ["search over name, database and datasource", { search: "sql" }, ["i2"]],
    ["Sync Type", { sync: "events" as const }, ["i2"]],
    ["Status", { status: "ready" as const }, ["i1"]],
    ["Created By", { createdBy: "Lin" }, ["i2"]],
    ["Created On", { days: { from: "2026-11-01", to: "2026-11-30" } }, ["i1"]],
    ["Last run, where there was none", { instance: "run" as const, days: { from: "2026-11-01", to: null } }, []],
    ["Partner Name", { partner: "BigQuery" }, ["i1", "i2"]],
  ])("can be narrowed by %s", (_, filters, expected) => {
    expect(matching(briefs, { ...noFilters, ...filters }).map(({ id }) => id)).toEqual(expected);
  });

  it("shows a run as it goes, and looks again when it ends", async () => {
    await list.load();
    host.push({ signal: "run", body: run() });
    expect(list.going.get("i1")?.id).toBe("r1");
    host.push({ signal: "run", body: run({ phase: "ended", outcome: "completed" }) });
    expect(list.going.size).toBe(0);
    await vi.waitFor(() => expect(host.callsOf("imports.list")).toHaveLength(2));
  });

  it("keeps what it showed when looking again fails", async () => {
    await list.load();
    host.on("imports.list", () => {
      throw problem("internal");
    });
    await list.load();
    expect(list.problem?.code).toBe("internal");
    expect(list.briefs, "the old list is better than none").toHaveLength(2);
  });

  it("stops an import only once it was confirmed", async () => {
    await list.load();
    expect(await list.stop(), "nothing was chosen").toBe(false);
    list.stopping = briefs[0] ?? null;
    expect(await list.stop()).toBe(true);
    expect(list.briefs?.[0]?.status).toBe("stopped");
    expect(list.stopping).toBeNull();
  });
});
