// Folds a task's log into what a person reads, in order. Pure.

import type { LogEvent } from "../../api/types";

export interface PlanItem { text: string; status: string }
export type Item =
  | { kind: "text" | "thinking" | "output" | "error" | "note"; seq: number; text: string; at: string }
  | { kind: "tool"; seq: number; id: string; name: string; summary: string; output?: string; ok?: boolean; at: string }
  | { kind: "plan"; seq: number; items: PlanItem[]; at: string };

const text = (event: LogEvent, name: string) => String(event.data[name] ?? "");

function note(event: LogEvent): string | undefined {
  switch (event.type) {
    case "remark.written": return `Comment on ${text(event, "side") === "plan" ? "the plan" : text(event, "file")}, line ${text(event, "line")}: ${text(event, "text")}`;
    case "remarks.sent": return `${Array.isArray(event.data.ids) ? event.data.ids.length : 0} comments on lines go back with it`;
    case "task.forked": return `Goes on from ${text(event, "commit").slice(0, 8)}, the work of another task`;
    case "task.judged": return `Judged: ${text(event, "reason")}`;
    case "task.reverted": return `Taken back: ${text(event, "reason")}`;
    case "task.taken_over": return "Taken over by a person";
    case "task.classified": return undefined;
    case "step.done": return `Step ${text(event, "step")} is done by ${text(event, "agent")}`;
    case "step.again": return `To be done again: ${text(event, "comment")}`;
    case "run.stuck": return `Seems stuck: ${text(event, "what")}`;
    case "collision.seen": return `Changes the same files as: ${text(event, "title")}`;
    case "landing.checking": return "The checks run on the merge";
    case "landing.checked": return undefined;
    case "landing.returned": return `Back to its agent: ${text(event, "reason")}`;
    case "task.sent_back": return `Sent back: ${text(event, "comment")}`;
    case "task.waiting": return `Waits for ${text(event, "for")}: ${text(event, "reason")}`;
    case "task.failed": return `Failed: ${text(event, "reason")}`;
    case "task.cancelled": return `Cancelled: ${text(event, "reason")}`;
    case "task.completed": return `Completed: ${text(event, "how")}`;
    case "task.approved": return "Approved";
    case "task.rolled_back": return `Rolled back to ${text(event, "checkpoint")}`;
    case "task.hindsight": return "Looked back on it (sidekick hindsight)";
    case "run.started": return `Run ${event.attempt ?? ""} by ${text(event, "agent")}`;
    case "run.session_lost": return "Its session is gone; the next run starts a new one";
    case "run.warning": return `Warning: ${text(event, "text")}`;
    case "progress.reported": return `Progress: ${text(event, "text")}`;
    case "question.asked": return `Asks: ${text(event, "text")}`;
    case "question.answered": return `Answered: ${text(event, "text")}`;
    case "memory.written": return `Noted for later runs: ${text(event, "name")}`;
    case "task.delegated": return `Delegated: ${text(event, "title")}`;
    case "diff.captured": return `Collected: ${event.data.files === 1 ? "1 file" : `${text(event, "files")} files`}, +${text(event, "insertions")} −${text(event, "deletions")}`;
    case "check.finished": return `Check ${text(event, "name")}: ${text(event, "status")}`;
    case "limit.seen": return event.data.status === "allowed" ? undefined : `Limit, ${text(event, "text")}: ${text(event, "status")}`;
    case "agent.retry": return `The agent tries its provider again: ${text(event, "error")}`;
    case "task.created": case "task.queued": case "task.review": case "run.stage": case "run.session": case "run.prepared":
    case "run.ended": case "usage.recorded": case "remark.changed": case "remark.removed": case "collision.over": case "task.adjusted": case "checkpoint.created": case "agent.raw": case "task.stop_requested": case "task.retried":
      return undefined;
    default: return event.type;
  }
}

export function fold(events: readonly LogEvent[]): Item[] {
  const items: Item[] = [];
  const tools = new Map<string, Extract<Item, { kind: "tool" }>>();
  let plan: Extract<Item, { kind: "plan" }> | undefined;
  for (const event of events) {
    const { seq, at } = event;
    switch (event.type) {
      case "agent.text": items.push({ kind: "text", seq, at, text: text(event, "text") }); break;
      case "agent.thinking": items.push({ kind: "thinking", seq, at, text: text(event, "text") }); break;
      case "agent.error": items.push({ kind: "error", seq, at, text: text(event, "text") }); break;
      case "task.output": items.push({ kind: "output", seq, at, text: text(event, "text") }); break;
      case "tool.started": {
        const tool = { kind: "tool" as const, seq, at, id: text(event, "id"), name: text(event, "name"), summary: text(event, "summary") };
        tools.set(tool.id, tool);
        items.push(tool);
        break;
      }
      case "tool.finished": {
        const tool = tools.get(text(event, "id"));
        if (tool) Object.assign(tool, { output: text(event, "output"), ok: event.data.ok !== false });
        break;
      }
      case "plan.updated": {
        // One plan a run is shown, as it stands now.
        const list = Array.isArray(event.data.items) ? (event.data.items as PlanItem[]) : [];
        if (plan) plan.items = list;
        else items.push((plan = { kind: "plan", seq, at, items: list }));
        break;
      }
      default: {
        if (event.type === "run.started") plan = undefined;
        const words = note(event);
        if (words) items.push({ kind: "note", seq, at, text: words });
      }
    }
  }
  return items;
}

/** What was run and printed, as a terminal would have shown it: each entry with the event it comes from. */
export interface Printed { seq: number; kind: "command" | "output" | "said" | "failed"; text: string }
export function terminal(events: readonly LogEvent[]): Printed[] {
  const made: Printed[] = [];
  for (const event of events) {
    const { seq } = event;
    switch (event.type) {
      case "tool.started": made.push({ seq, kind: "command", text: text(event, "summary") || text(event, "name") }); break;
      case "tool.finished": if (text(event, "output")) made.push({ seq, kind: event.data.ok === false ? "failed" : "output", text: text(event, "output") }); break;
      case "task.output": made.push({ seq, kind: "output", text: text(event, "text") }); break;
      case "agent.text": made.push({ seq, kind: "said", text: text(event, "text") }); break;
      case "agent.error": made.push({ seq, kind: "failed", text: text(event, "text") }); break;
      case "check.finished": made.push({ seq, kind: "command", text: text(event, "command") }, { seq, kind: event.data.status === "passed" ? "output" : "failed", text: text(event, "output") }); break;
    }
  }
  return made;
}

/** How cost and tokens grew, at each report of the agent. */
export interface Spent { at: string; attempt: number; tokens: number; cost: number }
export function spent(events: readonly LogEvent[]): Spent[] {
  let [tokens, cost] = [0, 0];
  return events.flatMap((event) => {
    if (event.type !== "usage.recorded") return [];
    tokens += Number(event.data.input ?? 0) + Number(event.data.output ?? 0);
    cost += Number(event.data.cost_usd ?? 0);
    return [{ at: event.at, attempt: event.attempt ?? 0, tokens, cost }];
  });
}
