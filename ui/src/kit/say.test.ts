import { describe, expect, it } from "vitest";
import { ago, bytes, many, took } from "./say";

describe("numbers and times in words", () => {
  it("says durations in the unit that a person would use", () => {
    expect([0.4, 96, 1200, 59_949, 59_960, 185_000, 7_800_000].map(took)).toEqual(["0 ms", "96 ms", "1.2 s", "59.9 s", "1 min 0 s", "3 min 5 s", "2 h 10 min"]);
  });

  it("says bytes in powers of a thousand, as BigQuery bills them", () => {
    expect([0, 999, 1000, 10_000_000, 999_600_000].map(bytes)).toEqual(["0 bytes", "999 bytes", "1 kB", "10 MB", "1 GB"]);
  });

  it("counts things with their noun", () => {
    expect([0, 1, 23_570].map((n) => many(n, "profile"))).toEqual(["No profiles", "1 profile", "23,570 profiles"]);
  });

  it("says how long ago in words, and a date where it is long past", () => {
    const now = new Date("2026-11-23T12:00:00Z");
    expect(ago("2026-11-23T11:59:55Z", now)).toBe("just now");
    expect(ago("2026-11-23T10:00:00Z", now)).toBe("2 hours ago");
    expect(ago("2026-11-22T12:00:00Z", now)).toBe("yesterday");
    expect(ago("2025-11-22T12:00:00Z", now)).toContain("2025");
  });
});
