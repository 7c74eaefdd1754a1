// The inbox as the daemon orders it, and which of its things is looked at.

import { useQuery } from "@tanstack/react-query";
import { answer, api, Problem, Unreachable } from "../../api/client";
import type { components } from "../../api/schema";
import { movesTasks, useRefresh } from "../../lib/refresh";

export type Inbox = components["schemas"]["InboxView"];
export type Need = components["schemas"]["InboxItemView"];

const KEY = ["inbox"];

const LAST = "inbox-last";

interface Kept { at: string; inbox: Inbox }

async function fetchInbox(): Promise<Inbox> {
  try {
    const inbox = await answer(api.GET("/api/inbox"));
    localStorage.setItem(LAST, JSON.stringify({ at: new Date().toISOString(), inbox } satisfies Kept));
    return inbox;
  } catch (error) {
    // Whoever may not see it any more does not see what was kept of it either.
    if (error instanceof Problem) localStorage.removeItem(LAST);
    throw error;
  }
}

function lastKnown(): Kept | undefined {
  try {
    return JSON.parse(localStorage.getItem(LAST) ?? "") as Kept;
  } catch {
    return undefined;
  }
}

/** What waits; without a network what was last known, with the time of that. */
export function useInbox() {
  useRefresh(KEY, movesTasks);
  const query = useQuery({ queryKey: KEY, queryFn: fetchInbox });
  const kept = query.error instanceof Unreachable ? lastKnown() : undefined;
  return { inbox: kept?.inbox ?? query.data, staleSince: kept?.at, error: kept ? undefined : query.error };
}

/** The one that is looked at: the wanted one; when that is gone, the one that took its place. */
export function lookedAt(items: readonly Need[], wanted: string | undefined, before: readonly string[]): number {
  const there = items.findIndex((item) => item.task.id === wanted);
  if (there >= 0 || wanted === undefined) return Math.max(0, there);
  const place = before.indexOf(wanted);
  // What came after it, as far as it is still there.
  const next = before.slice(place + 1).map((id) => items.findIndex((item) => item.task.id === id)).find((at) => at >= 0);
  return next ?? Math.max(0, items.length - 1);
}
