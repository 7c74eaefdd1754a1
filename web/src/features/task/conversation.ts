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
    case "run.ended": case "usage.recorded": case "checkpoint.created": case "agent.raw": case "task.stop_requested": case "task.retried":
      return undefined;
    default: return event.type;
  }
}

export function fold(events: LogEvent[]): Item[] {
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
