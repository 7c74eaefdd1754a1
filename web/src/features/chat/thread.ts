// A conversation as it is drawn: what was read of it, and every event since, each once. Pure.

import type { LogEvent } from "../../api/types";
import { type Message, viewed } from "./shapes";

export interface Thread {
  /** Oldest first. */
  messages: Message[];
  /** The last event that is in it; older ones change nothing any more. */
  seq: number;
  /** It was deleted, here or elsewhere. */
  gone: boolean;
}

export const NOTHING: Thread = { messages: [], seq: 0, gone: false };

/** Messages with others in place of, or among, them: ids begin with their time. */
export function merged(messages: readonly Message[], more: readonly Message[]): Message[] {
  const all = new Map(messages.map((message) => [message.id, message]));
  for (const message of more) all.set(message.id, message);
  return [...all.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The thread after one more event of its conversation. */
export function after(thread: Thread, event: LogEvent): Thread {
  if (event.seq <= thread.seq) return thread;
  const next = { ...thread, seq: event.seq };
  switch (event.type) {
    case "message.added":
    case "message.changed":
      return { ...next, messages: merged(thread.messages, [viewed(event.data["message"])]) };
    case "message.said": {
      const id = event.data["message"];
      return { ...next, messages: thread.messages.map((message) => (message.id === id && message.state === "pending" ? { ...message, text: message.text + String(event.data["text"] ?? "") } : message)) };
    }
    case "conversation.deleted":
      return { ...next, messages: [], gone: true };
    default:
      return next;
  }
}

/** What an agent says while it thinks is its answer in the making; the block of what it wants to do is not for people. */
export function spoken(text: string): string {
  return text.replace(/```sidekick[\s\S]*?(?:```|$)/g, "").trim();
}

/** Whether a proposal can still be decided. */
export function stands(message: Message, now: number): string | undefined {
  const { proposal } = message;
  if (!proposal) return undefined;
  return proposal.state === "open" && Date.parse(proposal.until) < now ? "expired" : proposal.state;
}
