import { useVirtualizer } from "@tanstack/react-virtual";
import { type PointerEvent, type RefObject, useEffect, useImperativeHandle, useRef } from "react";
import { Problem } from "../../components/ui/parts";
import { board as words } from "../../words/board";
import { CardOf, HEIGHT } from "./card";
import { type BoardState, type Card, type Filter, useColumn } from "./columns";

/** What the board may ask of a column. */
export interface Handle { count: number; card: (at: number) => Card | undefined; show: (at: number) => void }

interface Props {
  state: BoardState; filter: Filter; lit: ReadonlySet<string>; selected: number | undefined; pointed: string | undefined;
  lines: ReadonlyMap<string, { text: string }>; handle: RefObject<Handle | null>;
  onPriority: (card: Card, priority: number) => void; onDrag: (event: PointerEvent, card: Card) => void; onPoint: (card: Card | undefined) => void; onAct: (card: Card, verb: "stop" | "retry") => void;
}

const NOTHING: ReadonlySet<string> = new Set();

/** One state: only the cards in sight are in the page, and only what was scrolled to is fetched. */
export function ColumnOf({ state, filter, lit, selected, lines, handle, ...acts }: Props) {
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage } = useColumn(state, filter);
  const scroller = useRef<HTMLDivElement>(null);
  const cards = data?.pages.flatMap((page) => page.items) ?? [];
  const total = Math.max(data?.pages[0]?.total ?? 0, hasNextPage ? cards.length + 1 : cards.length);
  const count = hasNextPage ? total : cards.length;
  const rows = useVirtualizer({ count, getScrollElement: () => scroller.current, estimateSize: () => HEIGHT, overscan: 6 });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && last >= cards.length - 20) void fetchNextPage();
  }, [last, cards.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  useImperativeHandle(handle, () => ({ count, card: (at) => cards[at], show: (at) => rows.scrollToIndex(at) }));
  return (
    <section aria-label={`${words.columns[state] ?? state}, ${total}`} className="flex min-h-0 min-w-0 flex-1 flex-col rounded-xl bg-sunken ring-1 ring-line">
      <h2 className="flex items-baseline gap-2 px-3 py-2.5 text-sm font-semibold">{words.columns[state]}<span className="font-normal text-dim tabular-nums">{total.toLocaleString("en")}</span></h2>
      {error ? <div className="px-2 pb-2"><Problem error={error} /></div> : null}
      {/* A scrolling region is reached by keys where nothing in it is. */}
      <div ref={scroller} tabIndex={count === 0 ? undefined : 0} role="group" aria-label={words.columns[state]} className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 pb-2" data-column={state}>
        {count === 0 && data ? <p className="px-1 py-3 text-sm text-dim">{words.none}</p> : null}
        <div className="relative" style={{ height: rows.getTotalSize() }}>
          {items.map((item) => {
            const card = cards[item.index];
            return (
              <div key={card?.id ?? item.key} className="absolute inset-x-0 top-0" style={{ transform: `translateY(${item.start}px)` }}>
                {card ? <CardOf card={card} line={lines.get(card.id)?.text} lit={(lit ?? NOTHING).has(card.id)} selected={selected === item.index} {...acts} /> : <div aria-label={words.loading} style={{ height: HEIGHT - 8 }} className="rounded-xl bg-surface opacity-50 ring-1 ring-line" />}
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}
