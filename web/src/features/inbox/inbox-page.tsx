import { useNavigate, useSearch } from "@tanstack/react-router";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useRef } from "react";
import { Composer } from "../../components/composer";
import { Button, EmptyState, IconButton, PageBody, Problem, Skeleton } from "../../components/ui/parts";
import { takeBack, useDecisions } from "../../lib/decisions";
import { useKeys } from "../../lib/keys";
import { useSwipe } from "../../lib/swipe";
import { ago } from "../../lib/words";
import { inbox as words } from "../../words/inbox";
import { Alerts } from "./alerts";
import { Focus } from "./focus";
import { lookedAt, type Need, useInbox } from "./needs";
import { Row } from "./row";

/** All that waits for a person, each with what it takes to decide and the decision in place. */
export function InboxPage() {
  const { inbox, staleSince, error } = useInbox();
  if (!inbox) return <PageBody title={words.title}>{error ? <Problem error={error} /> : <Skeleton />}</PageBody>;
  return (
    <>
      {staleSince ? <p role="status" className="bg-wait-soft px-4 py-2 text-sm text-wait">{words.stale(ago(staleSince))}</p> : null}
      {inbox.items.length === 0 ? <Empty /> : <Waiting items={inbox.items} leftOut={inbox.left_out} />}
    </>
  );
}

function Empty() {
  return (
    <PageBody title={words.heading(0)}>
      <Alerts />
      <EmptyState title={words.empty}>{words.emptyMore}</EmptyState>
      <Composer />
    </PageBody>
  );
}

function Waiting({ items, leftOut }: { items: Need[]; leftOut: number }) {
  const wanted = (useSearch({ strict: false }) as { item?: string }).item;
  const navigate = useNavigate();
  const before = useRef<string[]>([]);
  const at = lookedAt(items, wanted, before.current);
  before.current = items.map((item) => item.task.id);
  const held = useDecisions().filter((decision) => decision.state === "held" || decision.state === "waits");
  const go = (to: number) => {
    const item = items[to];
    if (item) void navigate({ to: "/", search: { item: item.task.id }, replace: wanted !== undefined });
  };
  useKeys([
    { key: "j", label: words.keys.next, run: () => go(wanted === undefined ? at : at + 1) },
    { key: "k", label: words.keys.previous, run: () => go(at - 1) },
    { key: "u", label: words.keys.undo, run: () => { const last = held.at(-1); if (last) void takeBack(last.key); } },
    { key: "Enter", label: words.keys.open, run: () => { const id = items[at]?.task.id; if (id) void navigate({ to: "/tasks/$id", params: { id } }); } },
  ]);
  const swipe = useSwipe({ onLeft: () => go(at + 1), onRight: () => go(at - 1) });
  const item = items[at];
  return (
    <main className="mx-auto grid max-w-7xl grid-cols-[minmax(0,1fr)] gap-6 px-4 pt-4 pb-10 sm:px-6 sm:pt-6 lg:grid-cols-[21rem_minmax(0,1fr)]">
      <div className={`space-y-4 lg:sticky lg:top-6 lg:max-h-[calc(100dvh-3rem)] lg:self-start lg:overflow-y-auto lg:p-px ${wanted ? "hidden lg:block" : ""}`}>
        <h1 className="text-xl font-semibold tracking-tight">{words.heading(items.length + leftOut)}</h1>
        <Alerts />
        <ol aria-label={words.list} className="space-y-2">
          {items.map((one, n) => <li key={one.task.id}><Row need={one} selected={n === at} onSelect={() => go(n)} /></li>)}
        </ol>
        {leftOut > 0 ? <p className="text-sm text-dim">{words.leftOut(leftOut)}</p> : null}
      </div>
      {item ? (
        <div className={wanted ? "" : "hidden lg:block"} {...swipe}>
          <div className="mb-3 flex items-center gap-1 lg:hidden">
            <Button look="quiet" className="-ml-3" onClick={() => void navigate({ to: "/", search: {} })}><ChevronLeft size={18} aria-hidden />{words.back}</Button>
            <span className="ml-auto text-sm text-dim tabular-nums" aria-live="polite">{words.of(at + 1, items.length)}</span>
            <IconButton label={words.previous} disabled={at === 0} onClick={() => go(at - 1)}><ChevronLeft size={20} aria-hidden /></IconButton>
            <IconButton label={words.next} disabled={at === items.length - 1} onClick={() => go(at + 1)}><ChevronRight size={20} aria-hidden /></IconButton>
          </div>
          <Focus key={item.task.id} need={item} />
        </div>
      ) : null}
    </main>
  );
}
