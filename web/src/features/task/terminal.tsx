// What was run and what it printed, in the colours it was printed in: to read, to search, to select.

import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useLayoutEffect, useMemo, useRef, useState } from "react";
import { AnsiLine } from "../../components/ansi";
import { Button, Card, Dim } from "../../components/ui/parts";
import { ansi, type Piece } from "../../lib/ansi";
import { plain } from "../../lib/words";
import { task as words } from "../../words/task";
import { type Printed, terminal } from "./conversation";
import { useFollow } from "./conversation-view";
import type { Events } from "./use-events";

interface Shown { pieces: Piece[]; kind: Printed["kind"] }
const known = new WeakMap<object, Map<string, Shown[]>>();

/** Lines of an entry, made once for the page. */
function linesOf(cache: Map<string, Shown[]>, printed: Printed): Shown[] {
  const name = `${printed.seq}${printed.kind}`;
  const made = cache.get(name) ?? (printed.kind === "command" ? plain(printed.text).split("\n").map((line, n): Shown => ({ pieces: [{ text: `${n === 0 ? "$ " : "  "}${line}`, classes: "font-semibold text-accent" }], kind: "command" }))
    : ansi(printed.text.replace(/\n$/, "")).map((pieces): Shown => ({ pieces, kind: printed.kind })));
  cache.set(name, made);
  return made;
}

export function Terminal({ events, live }: { events: Events; live: boolean }) {
  const owner = useRef({});
  const lines = useMemo(() => {
    const cache = known.get(owner.current) ?? new Map<string, Shown[]>();
    known.set(owner.current, cache);
    return terminal(events.items).flatMap((printed) => linesOf(cache, printed));
  }, [events.items]);
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => { setTop((list.current?.getBoundingClientRect().top ?? 0) + scrollY); }, [events.older]);
  const virtual = useWindowVirtualizer({ count: lines.length, estimateSize: () => 20, overscan: 40, scrollMargin: top });
  const { away, follow } = useFollow(lines.length, live);
  if (lines.length === 0) return <Card className="p-6 text-sm"><Dim>{words.terminal.empty}</Dim></Card>;
  return (
    <div className="relative">
      {events.older ? <Button className="mb-3" disabled={events.loading} onClick={() => void events.loadOlder()}>{words.conversation.older}</Button> : null}
      <Card className="p-3"><div ref={list} role="log" aria-label={words.terminal.label} className="relative font-mono text-xs leading-5" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const line = lines[item.index]!;
          return <div key={item.key} data-index={item.index} ref={virtual.measureElement} className={`absolute inset-x-0 top-0 break-words whitespace-pre-wrap ${line.kind === "failed" ? "border-l-2 border-bad pl-2" : ""} ${line.kind === "said" ? "text-dim italic" : ""}`} style={{ transform: `translateY(${item.start - top}px)` }}><AnsiLine pieces={line.pieces} /></div>;
        })}
      </div></Card>
      {live && away ? <div className="sticky bottom-32 flex justify-center lg:bottom-24"><Button onClick={follow} className="shadow-lg">{words.conversation.live}</Button></div> : null}
    </div>
  );
}
