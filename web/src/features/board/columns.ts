// The board's columns: what they are, and what is known of each.

import { type InfiniteData, type QueryClient, useInfiniteQuery } from "@tanstack/react-query";
import { answer, api } from "../../api/client";
import type { components } from "../../api/schema";

export type Card = components["schemas"]["CardView"];
export type Column = components["schemas"]["ColumnView"];
export interface Filter { project?: string | undefined; agent?: string | undefined; kind?: string | undefined; text?: string | undefined }

export const STATES = ["queued", "waiting", "running", "review", "failed", "completed", "cancelled"] as const;
export type BoardState = (typeof STATES)[number];
/** Where how urgent a task is still means something. */
export const MOVABLE: readonly string[] = ["queued", "waiting", "running", "review", "failed"];

const FIRST = 100;
const NEXT = 1000;

export function filterOf(search: Record<string, string | undefined>): Filter {
  const { project, agent, kind, text } = search;
  return { project: project || undefined, agent: agent || undefined, kind: kind || undefined, text: text || undefined };
}

export function useColumn(state: BoardState, filter: Filter) {
  return useInfiniteQuery({
    queryKey: ["board", state, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => answer(api.GET("/api/board", { params: { query: { state, ...filter, limit: pageParam ? NEXT : FIRST, cursor: pageParam } }, signal })),
    getNextPageParam: (last: Column) => last.next_cursor ?? undefined,
    placeholderData: (before) => before,
  });
}

type Pages = InfiniteData<Column, string | undefined>;

/** The order of a column that is not at its end: most urgent first, then the older one. */
function compare(one: Card, other: Card): number {
  return one.priority - other.priority || (one.id < other.id ? -1 : 1);
}

/** A column with one card more or less urgent, in its new place as far as that is known. */
export function moved(pages: Pages, id: string, priority: number): Pages {
  const all = pages.pages.flatMap((page) => page.items);
  const at = all.findIndex((card) => card.id === id);
  const card = all[at];
  if (!card) return pages;
  const rest = all.toSpliced(at, 1);
  const changed = { ...card, priority };
  const to = rest.findIndex((other) => compare(changed, other) < 0);
  rest.splice(to < 0 ? rest.length : to, 0, changed);
  let from = 0;
  return { ...pages, pages: pages.pages.map((page) => ({ ...page, items: rest.slice(from, (from += page.items.length)) })) };
}

/** Shows a new priority at once, asks for it, and shows the truth when that was refused. */
export async function prioritise(queries: QueryClient, card: Card, priority: number): Promise<void> {
  await queries.cancelQueries({ queryKey: ["board", card.state] });
  queries.setQueriesData<Pages>({ queryKey: ["board", card.state] }, (pages) => pages && moved(pages, card.id, priority));
  try {
    await answer(api.PATCH("/api/tasks/{id}", { params: { path: { id: card.id } }, body: { priority } }));
  } finally {
    void queries.invalidateQueries({ queryKey: ["board", card.state] });
  }
}
