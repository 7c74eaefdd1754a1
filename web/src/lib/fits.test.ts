import { expect, test } from "vitest";
import { fits } from "./fits";

test("letters in their order fit, with anything between", () => {
  expect(fits("inb", "Inbox")).toBe(true);
  expect(fits("dk col", "Dark colours")).toBe(true);
  expect(fits("", "anything")).toBe(true);
  expect(fits("xni", "Inbox")).toBe(false);
});
