// What becomes of a decision: pure. A decision is held for a moment, in which it can be taken back; then it is sent, once;
// without a network it waits, and is tried again.

export type Verb = "approve" | "send-back" | "reject" | "answer" | "retry" | "stop";

export interface Decision {
  /** Its name, and its idempotency key. */
  key: string;
  task: string;
  title: string;
  verb: Verb;
  body: Record<string, unknown>;
  /** `held`: can be taken back. `waits`: for the network. `sent`: on its way. `refused`: by the daemon, with its words. */
  state: "held" | "waits" | "sent" | "refused";
  /** Not before this moment. */
  due: number;
  tries: number;
  why?: string;
}

/** How long a decision that cannot be taken back afterwards is held. */
export const HOLD = 4_000;
/** Whoever has not heard within this time has died. */
export const LOST = 30_000;
const LONGEST = 60_000;

/** Merging and discarding cannot be undone by a click; the rest can be said again. */
export function hold(verb: Verb): number {
  return verb === "approve" || verb === "reject" ? HOLD : 0;
}

export type Outcome = { done: true } | { refused: string } | { unreachable: true };

/** What is left of a decision after it was sent; nothing when it is done. */
export function after(decision: Decision, outcome: Outcome, now: number): Decision | undefined {
  if ("done" in outcome) return undefined;
  if ("refused" in outcome) return { ...decision, state: "refused", why: outcome.refused };
  const pause = Math.min(LONGEST, 1_000 * 2 ** decision.tries);
  return { ...decision, state: "waits", tries: decision.tries + 1, due: now + pause };
}

/** Whether it is to be sent now. One that somebody sends is left alone until that one must have died. */
export function isDue(decision: Decision, now: number): boolean {
  if (decision.state === "refused") return false;
  return decision.state === "sent" ? now >= decision.due + LOST : now >= decision.due;
}

/** When to look again. */
export function nextLook(decisions: readonly Decision[], now: number): number | undefined {
  const times = decisions.filter((one) => one.state !== "refused").map((one) => (one.state === "sent" ? one.due + LOST : one.due));
  return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - now);
}

/** What an HTTP status means for a decision: a busy or broken daemon is like no network, anything else is its answer. */
export function isForLater(status: number): boolean {
  return status === 401 || status === 429 || status >= 500;
}
