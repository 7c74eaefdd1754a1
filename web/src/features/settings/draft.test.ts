import { describe, expect, it } from "vitest";
import { at, lines, pairs } from "./draft";

describe("what is typed becomes settings", () => {
  it("finds values and what is not there", () => {
    expect(at({ a: { b: [1] } }, ["a", "b"])).toEqual([1]);
    expect(at({ a: 1 }, ["a", "b"])).toBeUndefined();
    expect(at(undefined, ["a"])).toBeUndefined();
  });
  it("takes lines and pairs apart", () => {
    expect(lines(" a.example \n\nb\n")).toEqual(["a.example", "b"]);
    expect(lines("\n")).toBeNull();
    expect(pairs("test: npm test -- --grep 'a: b'\n")).toEqual({ test: "npm test -- --grep 'a: b'" });
    expect(pairs("test")).toBeUndefined();
    expect(pairs("")).toBeNull();
  });
});
