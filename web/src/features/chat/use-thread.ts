// One conversation, live: what was said is read, then the log's last events of it, then every event as it comes.

import { useCallback, useEffect, useReducer, useState } from "react";
import { answer, api, Problem } from "../../api/client";
import type { LogEvent } from "../../api/types";
import { listen } from "../../lib/live";
import type { Message } from "./shapes";
import { after, merged, NOTHING, type Thread } from "./thread";

/** Events of the log that are read with a conversation: more than an answer is said in. */
const TAIL = 1_000;
const PAGE = 50;

type Change = { read: Message[]; events: LogEvent[]; seq: number } | { earlier: Message[] } | { event: LogEvent } | { put: Message[] } | "anew";

function changed(thread: Thread, change: Change): Thread {
  if (change === "anew") return NOTHING;
  if ("event" in change) return after(thread, change.event);
  if ("earlier" in change) return { ...thread, messages: merged(change.earlier, thread.messages) };
  if ("put" in change) {
    // Events may have been faster than the answer: what is pending in it is news only when nothing is known.
    const news = change.put.filter((message) => message.state !== "pending" || !thread.messages.some((known) => known.id === message.id));
    return { ...thread, messages: merged(thread.messages, news) };
  }
  const then = change.events.reduce(after, { ...NOTHING, messages: change.read });
  return { ...then, messages: merged(thread.messages, then.messages), seq: Math.max(then.seq, change.seq) };
}

export interface Following {
  thread: Thread;
  ready: boolean;
  error: unknown;
  /** Reads what was said before, if there is more. */
  earlier: (() => Promise<void>) | undefined;
  /** Shows messages that the daemon answered with, before their events come. */
  put: (messages: Message[]) => void;
}

export function useThread(id: string | undefined): Following {
  const [thread, change] = useReducer(changed, NOTHING);
  const [cursor, setCursor] = useState<string | null | undefined>();
  const [held, setHeld] = useState<{ id: string | undefined; ready: boolean; error: unknown }>({ id, ready: false, error: undefined });
  useEffect(() => {
    change("anew");
    setCursor(undefined);
    setHeld({ id, ready: !id, error: undefined });
    if (!id) return;
    let over = false;
    let waiting: LogEvent[] | undefined = [];
    const stop = listen((event) => {
      if (event.task !== id) return;
      if (waiting) waiting.push(event);
      else change({ event });
    });
    void (async () => {
      try {
        const path = { path: { id } };
        const page = await answer(api.GET("/api/conversations/{id}/messages", { params: { ...path, query: { limit: PAGE } } }));
        const log = await answer(api.GET("/api/conversations/{id}/events", { params: { ...path, query: { limit: TAIL, tail: true } } }));
        if (over) return;
        change({ read: page.items, events: log.items as LogEvent[], seq: log.last_seq });
        for (const event of waiting ?? []) change({ event });
        waiting = undefined;
        setCursor(page.next_cursor);
        setHeld({ id, ready: true, error: undefined });
      } catch (error) {
        if (!over) setHeld({ id, ready: true, error });
      }
    })();
    return () => { over = true; stop(); };
  }, [id]);
  const earlier = useCallback(async () => {
    if (!id || !cursor) return;
    const page = await answer(api.GET("/api/conversations/{id}/messages", { params: { path: { id }, query: { limit: PAGE, cursor } } }));
    change({ earlier: page.items });
    setCursor(page.next_cursor);
  }, [id, cursor]);
  const put = useCallback((messages: Message[]) => change({ put: messages }), []);
  const is = held.id === id;
  const missing = held.error instanceof Problem && held.error.status === 404;
  return { thread: is ? (missing ? { ...thread, gone: true } : thread) : NOTHING, ready: is && held.ready, error: is && !missing ? held.error : undefined, earlier: cursor ? earlier : undefined, put };
}

/** What the agents of these thinking tasks say now. */
export function useThoughts(task: string | undefined): string {
  const [held, setHeld] = useState({ task, text: "" });
  useEffect(() => {
    setHeld({ task, text: "" });
    if (!task) return;
    let text = "";
    let seq = 0;
    let over = false;
    const hear = (event: LogEvent) => {
      if (event.task !== task || event.type !== "agent.text" || event.seq <= seq) return;
      seq = event.seq;
      text = `${text}\n\n${String(event.data["text"] ?? "")}`.slice(-32_000);
      setHeld({ task, text });
    };
    const stop = listen((event) => { if (!over) hear(event); });
    void answer(api.GET("/api/tasks/{id}/events", { params: { path: { id: task }, query: { limit: 200, tail: true } } }))
      .then((page) => { if (!over && seq === 0) for (const event of page.items as LogEvent[]) hear(event); })
      .catch(() => undefined);
    return () => { over = true; stop(); };
  }, [task]);
  return held.task === task ? held.text : "";
}
