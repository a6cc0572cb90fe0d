import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeHost } from "../backend/fake";
import { Refused } from "../backend";
import type { Name } from "../backend";
import { account, brief, connection, estimate, plan, problem, run, sample, suggested } from "./made-up";
import { ImportWizard } from "./wizard.svelte";

const clean = { problems: [], property_samples: [], identity_samples: [] };

let host: FakeHost;
let wizard: ImportWizard;

beforeEach(() => {
  vi.useFakeTimers();
  host = new FakeHost({
    "connections.list": [connection()],
    "accounts.list": [account()],
    "imports.list": [],
    "imports.tables": { tables: [{ table: "customers", kind: "table" }], complete: true },
    "imports.estimate": estimate,
    "imports.preview": sample,
    "imports.suggest": suggested,
    "imports.review": clean,
    "imports.save": ({ plan }) => ({ brief: brief(), plan, problems: [] }),
    "imports.run_warning": null,
    "imports.run": run(),
  });
  wizard = new ImportWizard();
});

afterEach(() => {
  wizard.close();
  vi.useRealTimers();
});

function refuse(name: Name, code: string, facts: Record<string, string> = {}): void {
  host.on(name, () => {
    throw new Refused(problem(code, facts));
  });
}

async function configured(): Promise<void> {
  await wizard.open(null);
  wizard.setSource({ table: "customers" });
  wizard.change({ ...wizard.plan, nickname: "Shop customers" });
  await vi.runAllTimersAsync();
}

describe("a problem of a field", () => {
  it("goes as soon as the field is filled, and the others stay until they are looked at anew", async () => {
    await configured();
    const missing = problem("plan_column_missing", { field: "identity.column" });
    host.on("imports.review", { ...clean, problems: [missing, problem("plan_nickname_taken", { field: "nickname" })] });
    for (const place of ["identity.column", "nickname"]) wizard.touch(place);
    await vi.runAllTimersAsync();
    expect(wizard.shownAt("identity.column")?.code).toBe("plan_column_missing");
    wizard.change({ ...wizard.plan, identity: { ...wizard.plan.identity, column: "email" } });
    expect(wizard.shownAt("identity.column"), "it was said of another value").toBeNull();
    expect(wizard.shownAt("nickname")?.code, "this one is as it was").toBe("plan_nickname_taken");
    await vi.runAllTimersAsync();
    expect(wizard.shownAt("identity.column")?.code, "the engine has the last word").toBe("plan_column_missing");
  });
});

describe("the choice of rows", () => {
  it("is all rows until another is chosen, and leaves no trace when it is all rows again", async () => {
    await configured();
    const before = wizard.plan;
    wizard.setWay("new_and_updated");
    expect(wizard.plan.rows).toEqual({ new_and_updated: {} });
    wizard.setWay("all");
    expect(wizard.plan, "nothing is left of it").toEqual(before);
  });

  it("asks at once whether Changed rows can be had, and of each source once", async () => {
    host.on("imports.can_compare", problem("tables_create_denied", {}, "Tables cannot be made"));
    await configured();
    wizard.setWay("changed");
    await vi.runAllTimersAsync();
    expect(wizard.comparing.problem?.code, "it is said before anything is saved").toBe("tables_create_denied");
    wizard.change({ ...wizard.plan, nickname: "Others" });
    wizard.setWay("changed");
    await vi.runAllTimersAsync();
    expect(host.callsOf("imports.can_compare").length, "the source is the same").toBe(1);
    host.on("imports.can_compare", null);
    wizard.setSource({ table: "orders" });
    await vi.runAllTimersAsync();
    expect(wizard.comparing.problem, "another source, another answer").toBeNull();
    wizard.setWay("all");
    expect(host.callsOf("imports.can_compare").length).toBe(2);
  });

  it("says at most how many records a run sends that does not send all rows", async () => {
    await configured();
    wizard.setWay("new_and_updated");
    expect(wizard.summary?.records).toMatch(/^At most/);
  });
});

describe("Create Import", () => {
  it("starts with the only tested database and the only account chosen", async () => {
    await wizard.open(null);
    expect(wizard.plan.database).toBe("shop-prod");
    expect(wizard.plan.account).toBe("Acme Shop");
    expect(wizard.dirty, "nothing was typed yet").toBe(false);
  });

  it("chooses no database by itself that has not passed its test", async () => {
    host.on("connections.list", [connection({ last_check: null })]);
    await wizard.open(null);
    expect(wizard.plan.database).toBe("");
  });

  it("takes the database that it was opened with", async () => {
    host.on("connections.list", [connection(), connection({ id: "c2", name: "shop-staging" })]);
    await wizard.open(null, "c2");
    expect(wizard.plan.database).toBe("shop-staging");
  });

  it("asks what a table costs as soon as it is chosen, and reads no row", async () => {
    await configured();
    expect(host.callsOf("imports.estimate")).toEqual([{ connection: "c1", source: { table: "customers" } }]);
    expect(host.callsOf("imports.preview")).toEqual([]);
    expect(wizard.summary).toEqual({ records: "About 23,570 profiles", calls: "24 calls", billed: "at most 10 MB billed" });
  });

  it("asks about a query once, when the typing pauses", async () => {
    await wizard.open(null);
    for (const sql of ["SELECT", "SELECT 1", "SELECT 1 AS one"]) wizard.setSource({ sql });
    await vi.runAllTimersAsync();
    expect(host.callsOf("imports.estimate")).toEqual([{ connection: "c1", source: { sql: "SELECT 1 AS one" } }]);
  });

  it("asks nothing again of a table that is come back to, and still has its rows", async () => {
    await configured();
    await wizard.preview();
    wizard.setSource({ sql: "SELECT 1 AS one" });
    await vi.runAllTimersAsync();
    expect(wizard.source.sample, "the rows of another source are not shown").toBeNull();
    wizard.setSource({ table: "customers" });
    await vi.runAllTimersAsync();
    expect(wizard.source.sample).toEqual(sample);
    expect(host.callsOf("imports.estimate")).toHaveLength(2);
  });

  it("points at the place in the query where BigQuery stumbled", async () => {
    refuse("imports.estimate", "query_invalid", { position: "3:7" });
    await wizard.open(null);
    wizard.setSource({ sql: "SELECT\n1\nFRM t" });
    await vi.runAllTimersAsync();
    expect(wizard.source.place).toEqual({ line: 3, column: 7 });
  });

  it("proposes a mapping on the way to Map, and marks it as proposed", async () => {
    await configured();
    expect(await wizard.go("map")).toBeNull();
    expect(wizard.step).toBe("map");
    expect(wizard.plan.identity.column).toBe("customer_id");
    expect(wizard.suggested.size).toBe(2);
  });

  it("does not go on past a field that is not in order, and names it", async () => {
    await configured();
    host.on("imports.review", { ...clean, problems: [problem("name_taken", { field: "nickname" })] });
    const stop = await wizard.go("map");
    expect(stop?.facts["field"]).toBe("nickname");
    expect(wizard.step).toBe("configure");
    expect(wizard.touched.has("nickname"), "its problem may show now").toBe(true);
  });

  it("lets a mapping that is not finished be worked on, but not run", async () => {
    await configured();
    host.on("imports.review", { ...clean, problems: [problem("field_empty", { field: "identity.column" })] });
    expect(await wizard.go("map")).toBeNull();
    expect((await wizard.go("review"))?.facts["field"]).toBe("identity.column");
    expect(wizard.step).toBe("map");
  });

  it("gives back what switching the kind took, and keeps a name typed since", async () => {
    await configured();
    await wizard.go("map");
    const mapped = wizard.plan.properties;
    wizard.setSyncType("events");
    expect(wizard.undo?.said).toContain("Event Data");
    wizard.change({ ...wizard.plan, nickname: "Renamed" });
    wizard.takeBack();
    expect(wizard.plan.records).toBe("profiles");
    expect(wizard.plan.properties).toEqual(mapped);
    expect(wizard.plan.nickname).toBe("Renamed");
  });

  it("brings back what was chosen for a column that is ticked again", async () => {
    await configured();
    await wizard.go("map");
    wizard.leaveOut(0);
    wizard.send("phone");
    expect(wizard.plan.properties[0]).toEqual(suggested.properties[0]);
  });

  it("lets the last of several answers about the plan win", async () => {
    await wizard.open(null);
    const answers: ((code: string) => void)[] = [];
    host.on("imports.review", () => new Promise((resolve) => answers.push((code) => resolve({ ...clean, problems: [problem(code, { field: "nickname" })] }))));
    const first = wizard.review.now(wizard.question);
    const second = wizard.review.now(wizard.question);
    answers[1]?.("second");
    answers[0]?.("first");
    await Promise.all([first, second]);
    expect(wizard.review.at("nickname")?.code).toBe("second");
  });
});

describe("saving an import", () => {
  it("keeps an unfinished one as a Draft, with a free name where none was typed", async () => {
    host.on("imports.list", [brief({ nickname: "Untitled import" })]);
    await wizard.open(null);
    wizard.setSource({ table: "customers" });
    expect(await wizard.save(true)).toBe(true);
    expect(host.callsOf("imports.save")[0]).toMatchObject({ draft: true, plan: { nickname: "Untitled import 2" } });
    expect(wizard.dirty).toBe(false);
  });

  it("saves again under the same id", async () => {
    await configured();
    await wizard.save(true);
    await wizard.save(true);
    expect(host.callsOf("imports.save").map(({ id }) => id)).toEqual([null, "i1"]);
  });

  it("loses nothing that was typed when it fails", async () => {
    await configured();
    refuse("imports.save", "internal");
    const typed = wizard.plan;
    expect(await wizard.save(true)).toBe(false);
    expect(wizard.plan).toBe(typed);
    expect(wizard.dirty).toBe(true);
    expect(wizard.saveProblem?.code).toBe("internal");
  });

  it("runs at once where no warning is due", async () => {
    await configured();
    expect(await wizard.saveAndRun()).toBe("r1");
    expect(host.callsOf("imports.run")).toEqual([{ import: "i1", confirmed: false }]);
  });

  it("sends nothing before a warning is confirmed, and asks once", async () => {
    await configured();
    host.on("imports.run_warning", { rows: 69_659, words: "69,659 events will be sent. They cannot be taken back." });
    expect(await wizard.saveAndRun()).toBeNull();
    expect(host.callsOf("imports.run")).toEqual([]);
    expect(await wizard.launch.confirm()).toBe("r1");
    expect(host.callsOf("imports.run")).toEqual([{ import: "i1", confirmed: true }]);
    expect(wizard.launch.warning).toBeNull();
  });

  it("opens a saved import with its plan, unchanged", async () => {
    host.on("imports.get", { brief: brief({ status: "draft" }), plan: plan(), problems: [] });
    await wizard.open("i1");
    expect(wizard.plan).toEqual(plan());
    expect(wizard.dirty).toBe(false);
    expect(wizard.id).toBe("i1");
  });
});

describe("an import that cannot be changed", () => {
  it.each(["running", "stopped"] as const)("is not saved while it is %s", async (status) => {
    host.on("imports.get", { brief: brief({ status }), plan: plan(), problems: [] });
    await wizard.open("i1");
    wizard.change({ ...wizard.plan, nickname: "Changed" });
    expect(await wizard.save(false)).toBe(false);
    expect(host.callsOf("imports.save")).toEqual([]);
  });

  it("lives on as a new one with the same settings", async () => {
    host.on("imports.get", { brief: brief({ status: "stopped" }), plan: plan(), problems: [] });
    await wizard.open("i1");
    wizard.copy();
    expect(await wizard.save(true)).toBe(true);
    expect(host.callsOf("imports.save")[0]).toMatchObject({ id: null, plan: { nickname: "Shop customers copy", properties: plan().properties } });
  });
});
