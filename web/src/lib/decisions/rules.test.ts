import { expect, test } from "vitest";
import { after, type Decision, hold, isDue, isForLater, LOST, nextLook } from "./rules";

const one: Decision = { key: "k", task: "t", title: "x", verb: "approve", body: {}, state: "held", due: 1_000, tries: 0 };

test("what cannot be undone afterwards is held, and then due", () => {
  expect(hold("approve")).toBeGreaterThan(0);
  expect(hold("answer")).toBe(0);
  expect(isDue(one, 999)).toBe(false);
  expect(isDue(one, 1_000)).toBe(true);
});

test("what another tab sends is not sent again, unless it must have died", () => {
  const sent: Decision = { ...one, state: "sent" };
  expect(isDue(sent, 1_000 + LOST - 1)).toBe(false);
  expect(isDue(sent, 1_000 + LOST)).toBe(true);
});

test("without a network it waits ever longer, with a bound; a refusal is kept with its words", () => {
  let waits: Decision | undefined = one;
  const pauses = Array.from({ length: 9 }, () => {
    waits = after(waits!, { unreachable: true }, 0);
    return waits!.due;
  });
  expect(pauses.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
  expect(Math.max(...pauses)).toBe(60_000);
  expect(after(one, { done: true }, 0)).toBeUndefined();
  const refused = after(one, { refused: "cannot approve a task that is failed" }, 0)!;
  expect([refused.state, refused.why, isDue(refused, 1e9)]).toEqual(["refused", "cannot approve a task that is failed", false]);
  expect(nextLook([refused], 0)).toBeUndefined();
  expect(nextLook([refused, one], 400)).toBe(600);
});

test("a refusal is an answer, a broken daemon is none", () => {
  expect([401, 429, 500, 503].every(isForLater)).toBe(true);
  expect([400, 403, 404, 409, 422].some(isForLater)).toBe(false);
});
