// Short notes at the edge: what was done, with a way back while there is one.

import { useSyncExternalStore } from "react";

interface Note { id: number; text: string; undo?: () => void; tone: "plain" | "bad" }
/** How long a note stays: long enough to read it and reach for "Undo". */
const STAYS = 6_000;
/** Older ones make room. */
const MOST = 3;

let notes: readonly Note[] = [];
let next = 1;
const listeners = new Set<() => void>();

function change(to: readonly Note[]) {
  notes = to;
  for (const listener of listeners) listener();
}

function dismiss(id: number) {
  change(notes.filter((note) => note.id !== id));
}

/** Shows a note from anywhere. */
export function toast(text: string, more: { undo?: () => void; tone?: "plain" | "bad" } = {}): void {
  const note: Note = { id: next++, text, tone: more.tone ?? "plain", ...(more.undo ? { undo: more.undo } : {}) };
  change([...notes, note].slice(-MOST));
  setTimeout(() => dismiss(note.id), STAYS);
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => { listeners.delete(listener); };
}

/** Where notes are shown; once, in the shell. */
export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => notes);
  return (
    <div role="status" aria-live="polite" className="pointer-events-none fixed inset-x-0 bottom-[calc(4.5rem+env(safe-area-inset-bottom))] z-40 flex flex-col items-center gap-2 px-4 lg:bottom-6">
      {shown.map((note) => (
        <div key={note.id} className="pointer-events-auto flex max-w-md items-center gap-3 rounded-xl bg-ink px-4 py-2.5 text-sm text-canvas shadow-lg">
          <span>{note.text}</span>
          {note.undo ? <button type="button" className="-my-1 min-h-9 shrink-0 font-semibold underline" onClick={() => { note.undo?.(); dismiss(note.id); }}>Undo</button> : null}
        </div>
      ))}
    </div>
  );
}
