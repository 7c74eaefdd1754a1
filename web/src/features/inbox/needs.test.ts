import { expect, test } from "vitest";
import type { Task } from "../../api/types";
import { needs } from "./needs";

function task(title: string, rest: Partial<Task>): Task {
  return { title, priority: 5, updated_at: "2026-11-20T12:00:00Z", waiting: null, ...rest } as Task;
}

test("what has a time comes first, and nothing that goes on by itself is there", () => {
  const asks = [{ id: "1", text: "?", choices: [] }];
  const waiting = (until?: string) => ({ for: "breakpoint", reason: "?", ...(until ? { until } : {}) });
  const found = needs([
    task("failed", { state: "failed" }),
    task("rests", { state: "waiting", waiting: { for: "credits", reason: "a limit" } }),
    task("later", { state: "waiting", waiting: waiting(), questions: asks }),
    task("done", { state: "review" }),
    task("urgent", { state: "review", priority: 1 }),
    task("soon", { state: "waiting", waiting: waiting("2026-11-20T13:00:00Z"), questions: asks }),
    task("runs", { state: "running" }),
  ]);
  expect(found.map((need) => need.task.title)).toEqual(["soon", "later", "urgent", "done", "failed"]);
});
