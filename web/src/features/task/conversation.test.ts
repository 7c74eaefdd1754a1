import { expect, test } from "vitest";
import type { LogEvent } from "../../api/types";
import { fold } from "./conversation";

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
