import { describe, expect, it } from "vitest";
import { linesOf, troubleOf } from "./lines";
import { plan, sample, suggested, problem } from "./made-up";
import { canHoldTime, hasMapping, leaveOut, newPlan, sendColumn, tidyRepairs, typeFor, withSuggestion, withSyncType } from "./plan";

describe("a plan", () => {
  it("loses its mapping when its kind changes, and keeps name, source and account", () => {
    const before = plan({ updated_on: { column: "updated_at" } });
    const after = withSyncType(before, "events");
    expect(hasMapping(after), "CleverTap clears what was mapped").toBe(false);
    expect(after.updated_on, "Updated On belongs to profiles").toBeUndefined();
    expect([after.nickname, after.source, after.account]).toEqual([before.nickname, before.source, before.account]);
  });

  it("stays the same thing when its kind is chosen again", () => {
    const before = plan();
    expect(withSyncType(before, "profiles")).toBe(before);
  });

  it("takes the time that fits its kind from a suggestion", () => {
    expect(withSuggestion(newPlan(), suggested).updated_on).toEqual({ column: "updated_at" });
    const events = withSuggestion(withSyncType(newPlan(), "events"), suggested);
    expect(events.updated_on).toBeUndefined();
    expect(events.records).toMatchObject({ events: { created_on: { column: "updated_at" } } });
  });

  it("keeps properties in the order of the columns, whatever the order of ticking", () => {
    let next = leaveOut(plan(), 0);
    expect(next.properties.map(({ column }) => column)).toEqual(["spent"]);
    next = sendColumn(next, { column: "phone", name: "Phone", type: "string", when_null: "leave" }, sample.columns);
    expect(next.properties.map(({ column }) => column)).toEqual(["phone", "spent"]);
  });

  it("says nothing of a repair that was switched off again", () => {
    expect(tidyRepairs({ trim: false, country_code: "", zone: null })).toEqual({});
    expect(tidyRepairs({ trim: true, country_code: "+44" })).toEqual({ trim: true, country_code: "+44" });
  });

  it.each([
    ["INT64", "integer"], ["NUMERIC", "float"], ["BIGNUMERIC", "float"], ["FLOAT64", "float"], ["BOOL", "boolean"], ["DATE", "date"],
    ["TIMESTAMP", "date"], ["ARRAY<STRING>", "multi_value"], ["STRING", "string"], ["JSON", "string"],
  ])("takes a %s column for CleverTap's type %s", (type, expected) => {
    expect(typeFor({ name: "x", type, nullable: true })).toBe(expected);
  });

  it("offers only columns that can hold a time as Created On", () => {
    expect(sample.columns.filter(canHoldTime).map(({ name }) => name)).toContain("updated_at");
    expect(canHoldTime({ name: "flag", type: "BOOL", nullable: true })).toBe(false);
  });
});

describe("the lines of a mapping", () => {
  const review = {
    problems: [problem("name_taken", { field: "properties.1.name" })],
    property_samples: [
      [
        { value: "0171 555 0142", sent: null, rejected: "has no country code", warning: null },
        { value: "+441715550161", sent: '"+441715550161"', rejected: null, warning: null },
      ],
      [],
    ],
    identity_samples: [],
  };

  it("show each column once, mapped or not, in the source's order", () => {
    const lines = linesOf(plan(), sample.columns, sample, null);
    expect(lines.map(({ column }) => column.name)).toEqual(["customer_id", "phone", "spent", "updated_at"]);
    expect(lines.map(({ index }) => index)).toEqual([null, 0, 1, null]);
    expect(lines[0]?.roles, "the identity is told from a column left out").toEqual(["identity"]);
  });

  it("carry the sample that fails and the problem that belongs to them", () => {
    const lines = linesOf(plan(), sample.columns, sample, review);
    expect(troubleOf(lines[1]?.outcomes ?? [])).toEqual({ failing: 1, tried: 2, value: "0171 555 0142", reason: "has no country code" });
    expect(lines[2]?.problems.map(({ code }) => code)).toEqual(["name_taken"]);
    expect(lines[1]?.problems, "a problem shows at its own line alone").toEqual([]);
  });

  it("keep a mapped column that the source has lost in view", () => {
    const lines = linesOf(plan(), sample.columns.slice(0, 2), null, null);
    expect(lines.find(({ column }) => column.name === "spent")?.gone).toBe(true);
  });

  it("show an identity that is sent as a property too on two lines", () => {
    const lines = linesOf(plan({ identity: { column: "phone", kind: "identity" } }), sample.columns, sample, review);
    expect(lines.filter(({ column }) => column.name === "phone").map(({ index }) => index)).toEqual([null, 0]);
  });
});
