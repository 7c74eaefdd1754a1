// A task's log in the page: its end at once, what comes as it comes, and what was before a page at a time. Bounded: what is
// furthest from where one looks is let go.

import { useCallback, useEffect, useRef, useState } from "react";
import { answer, api } from "../../api/client";
import type { LogEvent } from "../../api/types";
import { listen } from "../../lib/live";

/** The most events kept in the page; the log has them all. */
const MOST = 20_000;
const PAGE = 500;

/** Events in their order, each once. */
export function merged(known: readonly LogEvent[], more: readonly LogEvent[], keep: "end" | "start" = "end"): LogEvent[] {
  if (more.length === 0) return known as LogEvent[];
  const last = known.at(-1)?.seq ?? 0;
  // What is newest almost always comes last.
  const all = more.every((event) => event.seq > last) ? [...known, ...more] : [...new Map([...known, ...more].map((event) => [event.seq, event])).values()].sort((a, b) => a.seq - b.seq);
  return all.length <= MOST ? all : keep === "end" ? all.slice(-MOST) : all.slice(0, MOST);
}

export interface Events { items: readonly LogEvent[]; ready: boolean; older: boolean; loading: boolean; loadOlder: () => Promise<void> }

export function useEvents(id: string): Events {
  const [items, setItems] = useState<readonly LogEvent[]>([]);
  const [ready, setReady] = useState(false);
  const [older, setOlder] = useState(false);
  const [loading, setLoading] = useState(false);
  const queue = useRef<LogEvent[]>([]);
  useEffect(() => {
    let open = true;
    let frame = 0;
    setItems([]);
    setReady(false);
    // Many events in one frame are one change of the page.
    const flush = () => {
      frame = 0;
      const more = queue.current;
      queue.current = [];
      if (open) setItems((known) => merged(known, more));
    };
    const stop = listen((event) => {
      if (event.task !== id) return;
      queue.current.push(event);
      frame ||= requestAnimationFrame(flush);
    });
    answer(api.GET("/api/tasks/{id}/events", { params: { path: { id }, query: { tail: true, limit: PAGE } as never } })).then((page) => {
      if (!open) return;
      const list = page.items as unknown as LogEvent[];
      setItems((known) => merged(known, list));
      setOlder(list.length === PAGE);
      setReady(true);
    }, () => { if (open) setReady(true); });
    return () => { open = false; cancelAnimationFrame(frame); stop(); };
  }, [id]);
  const first = items[0]?.seq;
  const loadOlder = useCallback(async () => {
    if (first === undefined || loading) return;
    setLoading(true);
    try {
      const page = await answer(api.GET("/api/tasks/{id}/events", { params: { path: { id }, query: { before: first, limit: PAGE } as never } }));
      const list = page.items as unknown as LogEvent[];
      setItems((known) => merged(known, list, "start"));
      setOlder(list.length === PAGE);
    } finally { setLoading(false); }
  }, [id, first, loading]);
  return { items, ready, older, loading, loadOlder };
}
