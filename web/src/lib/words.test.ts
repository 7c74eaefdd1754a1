import { expect, test } from "vitest";
import { ago, plain } from "./words";

test("escape sequences are taken out", () => {
  expect(plain("\u001b[31mred\u001b[0m \u001b]0;title\u0007x")).toBe("red x");
  expect(plain("a\u202eb\u009b31m\tc\n")).toBe("ab31m\tc\n");
  expect(plain(undefined)).toBe("");
});

test("times have one unit", () => {
  const now = Date.parse("2026-11-20T12:00:00Z");
  expect(ago("2026-11-20T11:59:30Z", now)).toBe("30 s ago");
  expect(ago("2026-11-20T17:00:00Z", now)).toBe("in 5 h");
});
