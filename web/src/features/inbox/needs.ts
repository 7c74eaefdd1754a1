// What needs a person, and in which order: what has a time first, then what is done and only waits to be looked at, then
// what failed; of each the most urgent.

import type { Task } from "../../api/types";

export type Need = { kind: "question" | "review" | "failure"; task: Task };

/** What a task needs, if anything. */
function need(task: Task): Need | undefined {
  if (task.state === "waiting") {
    const asks = task.questions?.some((question) => question.answer === undefined);
    return asks ? { kind: "question", task } : undefined;
  }
  if (task.state === "review") return { kind: "review", task };
  return task.state === "failed" ? { kind: "failure", task } : undefined;
}

const RANK = { question: 0, review: 1, failure: 2 };

function compare(one: Need, other: Need): number {
  const until = ({ task }: Need) => task.waiting?.until ?? "9";
  return RANK[one.kind] - RANK[other.kind]
    || until(one).localeCompare(until(other))
    || one.task.priority - other.task.priority
    || one.task.updated_at.localeCompare(other.task.updated_at);
}

export function needs(tasks: Task[]): Need[] {
  return tasks.map(need).filter((found) => found !== undefined).sort(compare);
}
