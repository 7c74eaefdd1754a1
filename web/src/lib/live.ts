// One socket a tab, following the log from a sequence number; after a break it goes on where it was.

import type { LogEvent } from "../api/types";

type Listener = (event: LogEvent) => void;
const listeners = new Set<Listener>();
let last: number | undefined;
let delay = 250;
let started = false;

function connect() {
  const after = last === undefined ? "" : `?after=${last}`;
  const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws/tab${after}`);
  socket.onmessage = (message) => {
    const event = JSON.parse(String(message.data)) as LogEvent;
    last = event.seq;
    delay = 250;
    for (const listener of listeners) listener(event);
  };
  socket.onclose = () => {
    delay = Math.min(delay * 2, 10_000);
    setTimeout(connect, delay);
  };
}

/** Listens until the returned function is called. */
export function listen(listener: Listener): () => void {
  listeners.add(listener);
  if (!started) {
    started = true;
    connect();
  }
  return () => listeners.delete(listener);
}
