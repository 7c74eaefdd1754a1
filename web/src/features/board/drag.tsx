// Dragging a card to a priority: with a mouse, a pen or a finger. What it does the card's menu and the keys + and − do, too.

import { type PointerEvent, useCallback, useEffect, useState } from "react";
import { plain } from "../../lib/words";
import { board as words } from "../../words/board";
import type { Card } from "./columns";

interface Dragged { card: Card; x: number; y: number; over: number | undefined; left: number; width: number }

const PRIORITIES = [1, 2, 3, 4, 5, 6, 7, 8, 9];

function priorityAt(x: number, y: number): number | undefined {
  const found = document.elementFromPoint(x, y)?.closest<HTMLElement>("[data-priority]")?.dataset["priority"];
  return found ? Number(found) : undefined;
}

export function useDrag(onDrop: (card: Card, priority: number) => void) {
  const [dragged, setDragged] = useState<Dragged>();
  const begin = useCallback((event: PointerEvent, card: Card) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const column = (event.target as Element).closest("[data-column]")?.getBoundingClientRect();
    setDragged({ card, x: event.clientX, y: event.clientY, over: undefined, left: column?.left ?? 0, width: column?.width ?? 280 });
  }, []);
  const active = dragged !== undefined;
  const card = dragged?.card;
  useEffect(() => {
    if (!active || !card) return;
    const move = (event: globalThis.PointerEvent) => setDragged((known) => known && { ...known, x: event.clientX, y: event.clientY, over: priorityAt(event.clientX, event.clientY) });
    const drop = (event: globalThis.PointerEvent) => {
      const to = priorityAt(event.clientX, event.clientY);
      setDragged(undefined);
      if (to !== undefined && to !== card.priority) onDrop(card, to);
    };
    const stop = (event: KeyboardEvent) => { if (event.key === "Escape") setDragged(undefined); };
    const lost = () => setDragged(undefined);
    addEventListener("pointermove", move);
    addEventListener("pointerup", drop);
    addEventListener("pointercancel", lost);
    addEventListener("keydown", stop);
    return () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", drop);
      removeEventListener("pointercancel", lost);
      removeEventListener("keydown", stop);
    };
  }, [active, card, onDrop]);
  return { begin, shown: dragged ? <Places dragged={dragged} /> : null };
}

/** The nine places a card can be dropped on, over its column, and the card under the finger. */
function Places({ dragged: { card, x, y, over, left, width } }: { dragged: Dragged }) {
  return (
    <div className="fixed inset-0 z-40 cursor-grabbing touch-none select-none">
      <div className="absolute top-16 bottom-16 flex flex-col gap-1 rounded-xl bg-canvas p-2 shadow-xl ring-1 ring-line lg:bottom-4" style={{ left, width }}>
        <p className="px-1 text-xs text-dim">{words.drop}. {words.dropHint}.</p>
        {PRIORITIES.map((n) => (
          <div key={n} data-priority={n} className={`flex flex-1 items-center justify-between rounded-lg px-3 text-sm ${over === n ? "bg-accent text-on-accent" : n === card.priority ? "bg-accent-soft text-accent" : "bg-surface ring-1 ring-line"}`}>{words.priority(n)}</div>
        ))}
      </div>
      <div className="pointer-events-none absolute max-w-64 truncate rounded-lg bg-ink px-3 py-2 text-sm text-canvas shadow-lg" style={{ transform: `translate(${x + 12}px, ${y + 12}px)` }}>{plain(card.title)}</div>
    </div>
  );
}
