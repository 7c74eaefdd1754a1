// The remarks of a task: kept by the daemon, so that another tab, another person and the next day have them. What is being
// written is kept here until it is saved, so that a reload loses none of it.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { answer, api } from "../../api/client";
import type { components } from "../../api/schema";
import { listen } from "../../lib/live";

export type Remark = components["schemas"]["RemarkView"];
type Body = components["schemas"]["WriteRemark"];
/** What is written; the document cannot say that the rest may be left out. */
export type WriteRemark = Pick<Body, "side" | "line" | "text"> & Partial<{ commit: string; file: string; end: number; quote: string }>;

export function useRemarks(id: string) {
  const queries = useQueryClient();
  const key = ["remarks", id];
  const list = useQuery({ queryKey: key, queryFn: () => answer(api.GET("/api/tasks/{id}/remarks", { params: { path: { id } } })) });
  useEffect(() => listen((event) => {
    if (event.task === id && /^remarks?\./.test(event.type)) void queries.invalidateQueries({ queryKey: ["remarks", id] });
  }), [id, queries]);
  const refresh = () => queries.invalidateQueries({ queryKey: key });
  const write = useMutation({
    mutationFn: ({ idempotency, ...body }: WriteRemark & { idempotency: string }) =>
      answer(api.POST("/api/tasks/{id}/remarks", { params: { path: { id } }, body: body as Body, headers: { "idempotency-key": idempotency } })),
    onSuccess: refresh,
  });
  const change = useMutation({
    mutationFn: ({ remark, text }: { remark: string; text: string }) => answer(api.PATCH("/api/tasks/{id}/remarks/{remark}", { params: { path: { id, remark } }, body: { text } })),
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: (remark: string) => answer(api.DELETE("/api/tasks/{id}/remarks/{remark}", { params: { path: { id, remark } } })),
    onSettled: refresh,
  });
  return { items: (list.data?.items ?? []) as Remark[], error: list.error, write, change, remove };
}

/** What somebody is writing and has not saved. */
export const drafts = {
  name: (task: string, place: string) => `sidekick-draft:${task}:${place}`,
  read(task: string, place: string): string {
    try { return localStorage.getItem(this.name(task, place)) ?? ""; } catch { return ""; }
  },
  write(task: string, place: string, text: string) {
    try {
      if (text) localStorage.setItem(this.name(task, place), text);
      else localStorage.removeItem(this.name(task, place));
    } catch { /* A full or forbidden storage: the text is still on the page. */ }
  },
  /** The places of a task that have one. */
  places(task: string): string[] {
    const start = this.name(task, "");
    try {
      return Object.keys(localStorage).filter((name) => name.startsWith(start)).map((name) => name.slice(start.length));
    } catch { return []; }
  },
};
