import { expect, test } from "vitest";
import { scale } from "./scale";

test("moments stand between now and the last of them", () => {
  const now = Date.parse("2026-11-20T12:00:00Z");
  const along = scale([{ end_at: "2026-11-20T14:00:00Z" }, { deadline: "2026-11-20T16:00:00Z" }], now);
  expect(along.place("2026-11-20T14:00:00Z")).toBe(50);
  expect(along.place("2026-11-20T11:00:00Z")).toBe(0);
  expect(along.place(undefined)).toBeUndefined();
  expect(scale([], now).place("2026-11-20T12:00:00Z")).toBe(0);
});
