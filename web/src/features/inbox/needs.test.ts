import { expect, test } from "vitest";
import { lookedAt, type Need } from "./needs";

const items = (...ids: string[]) => ids.map((id) => ({ task: { id } }) as Need);

test("what was decided makes room for what came after it, not for the first", () => {
  const before = ["a", "b", "c", "d"];
  expect(lookedAt(items("a", "b", "c", "d"), undefined, [])).toBe(0);
  expect(lookedAt(items("a", "b", "c", "d"), "c", before)).toBe(2);
  expect(lookedAt(items("x", "a", "c", "d"), "b", before)).toBe(2);
  expect(lookedAt(items("a"), "d", before)).toBe(0);
  expect(lookedAt([], "d", before)).toBe(0);
});
