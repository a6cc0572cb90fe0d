import { describe, expect, it } from "vitest";
import type { Counts } from "../backend/generated/Counts";
import { percentOf, Tenths, toGo, valueText } from "./progress";

const none: Counts = { read: 0, expected: 1000, collapsed: 0, delivered: 0, rejected: 0, unprocessed: 0, in_doubt: 0, batches: 0 };

describe("the progress of a run", () => {
  it("never says 100 percent while a row is still to go", () => {
    expect(percentOf({ ...none, delivered: 999 })).toBe(99);
    expect(percentOf({ ...none, delivered: 1000 })).toBe(100);
  });

  it("names all counts and the rest to a person who hears it", () => {
    expect(valueText({ ...none, delivered: 397, rejected: 2, in_doubt: 100 })).toBe(
      "49 percent: 397 delivered, 2 rejected, none unprocessed, 100 in doubt, 501 to go",
    );
  });

  it("names no percent where the number of rows is not known", () => {
    expect(valueText({ ...none, expected: null, delivered: 5 })).toBe("5 delivered, none rejected, none unprocessed, none in doubt");
  });

  it("never has less than nothing to go", () => {
    expect(toGo({ ...none, delivered: 1004 })).toBe(0);
  });

  it("is said at each tenth, not at each call", () => {
    const tenths = new Tenths();
    const said = Array.from({ length: 101 }, (_, n) => tenths.next({ ...none, delivered: n * 10 })).filter(Boolean);
    expect(said).toHaveLength(10);
    expect(said.at(-1)).toContain("100 percent");
  });
});
