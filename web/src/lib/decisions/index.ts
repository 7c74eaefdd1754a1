// Decisions on their way to the daemon. Whoever decides calls `decide`; what is shown meanwhile comes from `useDecisions`.

import { useSyncExternalStore } from "react";
import { Problem, Unreachable, post } from "../../api/client";
import { newId } from "../ids";
import { after, type Decision, hold, isDue, isForLater, nextLook, type Outcome, type Verb } from "./rules";
import { openShelf } from "./shelf";

export type { Decision, Verb } from "./rules";

const shelf = openShelf();
const listeners = new Set<() => void>();
const others = "BroadcastChannel" in globalThis ? new BroadcastChannel("decisions") : undefined;
let shown: readonly Decision[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
let settled: (decision: Decision) => void = () => undefined;

async function refresh(tell = true): Promise<void> {
  shown = await (await shelf).all();
  for (const listener of listeners) listener();
  if (tell) others?.postMessage("changed");
  clearTimeout(timer);
  const pause = nextLook(shown, Date.now());
  if (pause !== undefined) timer = setTimeout(() => void flush(), pause);
}

async function outcome({ task, verb, body, key }: Decision): Promise<Outcome> {
  try {
    await post(`/api/tasks/${task}/${verb}`, body, key);
    return { done: true };
  } catch (error) {
    if (error instanceof Problem && !isForLater(error.status)) return { refused: error.message };
    if (error instanceof Problem || error instanceof Unreachable) return { unreachable: true };
    return { refused: String(error) };
  }
}

/** Sends what is due; what one sends, no other tab does. */
async function flush(): Promise<void> {
  const kept = await shelf;
  for (const due of (await kept.all()).filter((one) => isDue(one, Date.now()))) {
    const claimed = await kept.claim(due.key, Date.now());
    if (!claimed) continue;
    await refresh();
    const left = after(claimed, await outcome(claimed), Date.now());
    // A repeated decision that is refused took effect the first time, or somebody else was faster: the task shows which.
    // Words of a person are never dropped for that.
    const overtaken = left?.state === "refused" && claimed.tries > 0 && !("comment" in claimed.body || "text" in claimed.body);
    if (!left || overtaken) await kept.remove(claimed.key);
    else await kept.put(left);
    settled(claimed);
  }
  await refresh();
}

/** Decides. What cannot be undone afterwards is held for a moment. */
export async function decide(verb: Verb, task: { id: string; title: string }, body: Record<string, unknown> = {}): Promise<void> {
  const pause = hold(verb);
  await (await shelf).put({ key: newId(), task: task.id, title: task.title, verb, body, state: "held", due: Date.now() + pause, tries: 0 });
  await refresh();
  if (pause === 0) await flush();
}

/** Takes a decision back that is not on its way yet, or puts away one that was refused. */
export async function takeBack(key: string): Promise<boolean> {
  const could = await (await shelf).takeBack(key);
  await refresh();
  return could;
}

/** Sends at once what is held: the page goes away. */
async function sendNow(): Promise<void> {
  const kept = await shelf;
  for (const held of (await kept.all()).filter((one) => one.state === "held")) await kept.put({ ...held, due: 0 });
  await flush();
}

/** Starts sending what was kept; `onSettled` hears of each that was answered. */
export function startDecisions(onSettled: (decision: Decision) => void): void {
  settled = onSettled;
  void flush();
  addEventListener("online", () => void sendWaiting());
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") void sendNow(); });
  if (others) others.onmessage = () => void refresh(false);
}

async function sendWaiting(): Promise<void> {
  const kept = await shelf;
  for (const one of (await kept.all()).filter((found) => found.state === "waits")) await kept.put({ ...one, due: 0 });
  await flush();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => { listeners.delete(listener); };
}

/** What is on its way, or was refused. */
export function useDecisions(): readonly Decision[] {
  return useSyncExternalStore(subscribe, () => shown);
}
