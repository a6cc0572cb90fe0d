import { expect, it } from "vitest";
import { pieces, pretty } from "./json";

it("lays JSON out without touching a number or a text", () => {
  expect(pretty('{"a":9007199254740993,"b":"x: {y}, z","c":[],"d":[1,2]}')).toBe(
    '{\n  "a": 9007199254740993,\n  "b": "x: {y}, z",\n  "c": [],\n  "d": [\n    1,\n    2\n  ]\n}',
  );
});

it("leaves a text that is no JSON readable", () => {
  expect(pretty("00318")).toBe("00318");
});

it("takes JSON apart into pieces that make the same bytes again", () => {
  const text = '{"type":"profile","profileData":{"Name":"A \\" B: \\"c\\""}}';
  expect(pieces(text).map((piece) => piece.text).join("")).toBe(text);
  expect(pieces(text).filter(({ key }) => key).map((piece) => piece.text)).toEqual(['"type"', '"profileData"', '"Name"']);
});
