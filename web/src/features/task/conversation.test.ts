import { expect, test } from "vitest";
import type { LogEvent } from "../../api/types";
import { fold, spent, terminal } from "./conversation";
import { merged } from "./use-events";

let seq = 0;
const event = (type: string, data: Record<string, unknown> = {}): LogEvent =>
  ({ seq: ++seq, task: "t", type, actor: "a", at: "2026-11-20T12:00:00Z", data });

test("tools get their answers, plans are shown as they stand", () => {
  const items = fold([
    event("run.started", { agent: "claude" }),
    event("plan.updated", { items: [{ text: "look", status: "pending" }] }),
    event("tool.started", { id: "1", name: "Bash", summary: "ls" }),
    event("plan.updated", { items: [{ text: "look", status: "completed" }] }),
    event("tool.finished", { id: "1", ok: false, output: "no" }),
    event("agent.text", { text: "done" }),
  ]);
  expect(items.map((item) => item.kind)).toEqual(["note", "plan", "tool", "text"]);
  expect(items[1]).toMatchObject({ items: [{ status: "completed" }] });
  expect(items[2]).toMatchObject({ ok: false, output: "no" });
});

test("what is not known is shown as a line", () => {
  expect(fold([event("weather.changed")])).toMatchObject([{ kind: "note", text: "weather.changed" }]);
});

test("what is asked and answered is told in order", () => {
  const items = fold([event("question.asked", { id: "1.1", text: "Which colour?" }), event("question.answered", { id: "1.1", text: "blue" })]);
  expect(items).toMatchObject([{ text: "Asks: Which colour?" }, { text: "Answered: blue" }]);
});

test("a terminal shows commands with what they printed", () => {
  const shown = terminal([event("tool.started", { id: "1", name: "Bash", summary: "make" }), event("tool.finished", { id: "1", ok: false, output: "no rule" }), event("usage.recorded", {})]);
  expect(shown.map(({ kind, text }) => [kind, text])).toEqual([["command", "make"], ["failed", "no rule"]]);
});

test("costs add up in their order", () => {
  const shown = spent([event("usage.recorded", { input: 10, output: 5, cost_usd: 0.5 }), event("agent.text", {}), event("usage.recorded", { input: 1, output: 0, cost_usd: 0.25 })]);
  expect(shown.map(({ tokens, cost }) => [tokens, cost])).toEqual([[15, 0.5], [16, 0.75]]);
});

test("events are in order and each is there once, whichever came first", () => {
  const [a, b, c] = [event("x"), event("x"), event("x")];
  expect(merged([b!], [a!, b!]).map((one) => one.seq)).toEqual([a!.seq, b!.seq]);
  expect(merged([a!, b!], [c!])).toHaveLength(3);
  expect(merged([a!], [])).toEqual([a]);
});
