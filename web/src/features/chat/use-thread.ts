// One conversation, live: its last messages are read, then each that the log says has changed.

import { useCallback, useEffect, useState } from "react";
import { answer, api, Problem } from "../../api/client";
import type { LogEvent } from "../../api/types";
import { listen } from "../../lib/live";
import type { Message } from "./shapes";
import { merged, reader } from "./thread";

const PAGE = 50;

interface Held { id: string | undefined; messages: Message[]; cursor: string | undefined; ready: boolean; gone: boolean; error: unknown }

const held = (id: string | undefined): Held => ({ id, messages: [], cursor: undefined, ready: !id, gone: false, error: undefined });

export interface Following extends Omit<Held, "id" | "cursor"> {
  /** Reads what was said before, if there is more. */
  earlier: (() => Promise<void>) | undefined;
  /** Shows messages that the daemon answered with. */
  put: (messages: Message[]) => void;
}

export function useThread(id: string | undefined): Following {
  const [state, setState] = useState(() => held(id));
  const put = useCallback((messages: Message[]) => setState((now) => ({ ...now, messages: merged(now.messages, messages) })), []);
  useEffect(() => {
    setState(held(id));
    if (!id) return;
    let over = false;
    const look = reader(async (message) => {
      const found = await answer(api.GET("/api/conversations/{id}/messages/{message}", { params: { path: { id, message } } }));
      if (!over) put([found]);
    });
    // Before the page is read, so that nothing falls between the two.
    const stop = listen((event) => {
      if (event.task !== id) return;
      if (event.type === "conversation.deleted") setState((now) => ({ ...now, gone: true }));
      else if (event.type.startsWith("message.")) look(String(event.data["message"] ?? ""));
    });
    answer(api.GET("/api/conversations/{id}/messages", { params: { path: { id }, query: { limit: PAGE } } })).then(
      (page) => { if (!over) setState((now) => ({ ...now, ready: true, cursor: page.next_cursor ?? undefined, messages: merged(page.items, now.messages) })); },
      (error: unknown) => { if (!over) setState((now) => ({ ...now, ready: true, ...(error instanceof Problem && error.status === 404 ? { gone: true } : { error }) })); },
    );
    return () => { over = true; stop(); };
  }, [id, put]);
  const { cursor } = state;
  const earlier = useCallback(async () => {
    if (!id || !cursor) return;
    const page = await answer(api.GET("/api/conversations/{id}/messages", { params: { path: { id }, query: { limit: PAGE, cursor } } }));
    setState((now) => (now.id === id ? { ...now, cursor: page.next_cursor ?? undefined, messages: merged(page.items, now.messages) } : now));
  }, [id, cursor]);
  const shown = state.id === id ? state : held(id);
  return { ...shown, earlier: shown.cursor ? earlier : undefined, put };
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
