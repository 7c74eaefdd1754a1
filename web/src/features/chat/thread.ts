// A conversation as it is drawn. The log says that a message is new or has changed, never its words: they are read.

import type { Message } from "./shapes";

/** Messages with others in place of, or among, them. */
export function merged(messages: readonly Message[], more: readonly Message[]): Message[] {
  const all = new Map(messages.map((message) => [message.id, message]));
  for (const message of more) {
    const known = all.get(message.id);
    if (!known || !isOlder(message, known)) all.set(message.id, message);
  }
  return [...all.values()].sort(order);
}

/** By time; what was said and the answer to it are of the same instant. */
function order(a: Message, b: Message): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  if (a.role !== b.role) return a.role === "user" ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

/** Whether this is how a message stood before: answers overtake each other on a bad network. */
function isOlder(message: Message, known: Message): boolean {
  const done = (one: Message) => (one.state === "pending" ? 0 : 1) + (one.proposal && !["open", "expired"].includes(one.proposal.state) ? 1 : 0);
  if (done(message) !== done(known)) return done(message) < done(known);
  return message.state === "pending" && message.text.length < known.text.length && known.text.startsWith(message.text) && message.text !== "";
}

/** Reads what it is told of, one reading at a time for each; told of it meanwhile, it reads once more. */
export function reader(read: (id: string) => Promise<void>): (id: string) => void {
  const busy = new Map<string, boolean>();
  const run = async (id: string): Promise<void> => {
    do {
      busy.set(id, false);
      await read(id).catch(() => undefined);
    } while (busy.get(id));
    busy.delete(id);
  };
  return (id) => {
    if (busy.has(id)) busy.set(id, true);
    else void run(id);
  };
}

/** What an agent says while it thinks is its answer in the making; the block of what it wants to do is not for people. */
export function spoken(text: string): string {
  return text.replace(/```sidekick[\s\S]*?(?:```|$)/g, "").trim();
}

/** How a proposal stands; one that nobody decided in time is too old. */
export function stands(message: Message, now: number): string | undefined {
  const { proposal } = message;
  if (!proposal) return undefined;
  return proposal.state === "open" && Date.parse(proposal.until) < now ? "expired" : proposal.state;
}
