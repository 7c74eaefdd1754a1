// What the agent said and did, as a conversation: drawn where it is looked at, however long it is; it stays at the end while
// one is there, and loads what came before on the way up.

import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { MessageSquarePlus } from "lucide-react";
import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { Ansi } from "../../components/ansi";
import { RemarkCard, RemarkEditor } from "../../components/diff/notes";
import { useRemarks } from "../../components/diff/use-remarks";
import { Button, Card, Dim, IconButton, Skeleton } from "../../components/ui/parts";
import { plain } from "../../lib/words";
import { task as words } from "../../words/task";
import { fold, type Item, type PlanItem } from "./conversation";
import type { Events } from "./use-events";

const text = words.conversation;
const MARKS: Record<string, string> = { completed: "☑", in_progress: "▸" };
/** So near to the end is at the end. */
const NEAR = 120;

/** Keeps the page at its end while somebody is there, and says whether they are. */
export function useFollow(length: number, live: boolean): { away: boolean; follow: () => void } {
  const [away, setAway] = useState(false);
  const at = useRef(false);
  useEffect(() => {
    const look = () => {
      at.current = document.documentElement.scrollHeight - innerHeight - scrollY < NEAR;
      setAway(!at.current);
    };
    look();
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  const follow = () => scrollTo({ top: document.documentElement.scrollHeight });
  useLayoutEffect(() => { if (live && at.current) follow(); }, [length, live]);
  return { away, follow };
}

export function Conversation({ task, events, live, canRemark }: { task: string; events: Events; live: boolean; canRemark: boolean }) {
  const items = useMemo(() => fold(events.items), [events.items]);
  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => { setTop((list.current?.getBoundingClientRect().top ?? 0) + scrollY); }, [events.ready, events.older]);
  const virtual = useWindowVirtualizer({ count: items.length, estimateSize: () => 56, overscan: 12, scrollMargin: top, getItemKey: (index) => `${items[index]!.kind}${items[index]!.seq}` });
  const { away, follow } = useFollow(items.length, live);
  if (!events.ready) return <Skeleton />;
  if (items.length === 0) return <Card className="p-6 text-sm"><Dim>{text.empty}</Dim></Card>;
  return (
    <div className="relative text-sm">
      {events.older ? <Button className="mb-3" disabled={events.loading} onClick={() => void events.loadOlder()}>{text.older}</Button> : null}
      <div ref={list} role="log" aria-label={text.talk} className="relative" style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const entry = items[item.index]!;
          return (
            <div key={item.key} data-index={item.index} ref={virtual.measureElement} className="absolute inset-x-0 top-0 pb-3" style={{ transform: `translateY(${item.start - top}px)` }}>
              <Entry item={entry} output={entry.kind === "tool" ? entry.output : undefined} plan={entry.kind === "plan" ? entry.items : undefined} task={task} canRemark={canRemark} />
            </div>
          );
        })}
      </div>
      {live && away ? <div className="sticky bottom-32 flex justify-center lg:bottom-24"><Button onClick={follow} className="shadow-lg">{text.live}</Button></div> : null}
    </div>
  );
}

const Entry = memo(function Entry({ item, task, canRemark }: { item: Item; output: string | undefined; plan: PlanItem[] | undefined; task: string; canRemark: boolean }) {
  switch (item.kind) {
    case "text": return <p className="max-w-prose break-words whitespace-pre-wrap">{plain(item.text)}</p>;
    case "error": return <p className="max-w-prose rounded-lg bg-bad-soft px-3 py-2 whitespace-pre-wrap text-bad"><span className="font-medium">{text.error}:</span> {plain(item.text)}</p>;
    case "note": return <p className="border-l-2 border-line pl-3 text-xs break-words whitespace-pre-wrap text-dim">{plain(item.text)}</p>;
    case "output": return <details className="rounded-lg bg-sunken px-3"><summary className="py-2 text-dim">{text.output}</summary><Ansi text={item.text} className="max-h-96 overflow-auto pb-2" /></details>;
    case "thinking": return <details className="text-dim"><summary className="py-1">{text.thinking}</summary><p className="mt-1 max-w-prose border-l-2 border-line pl-3 break-words whitespace-pre-wrap">{plain(item.text)}</p></details>;
    case "plan": return <Plan items={item.items} task={task} canRemark={canRemark} />;
    case "tool": return (
      <details className="rounded-lg bg-sunken px-3">
        <summary className="flex min-h-11 items-center gap-2 sm:min-h-9">
          <span className="font-medium">{plain(item.name)}</span><code className="min-w-0 flex-1 truncate text-xs text-dim">{plain(item.summary)}</code>
          {item.ok === false ? <span className="text-xs font-medium text-bad">{text.failed}</span> : item.ok === undefined ? <span className="text-xs text-accent">{text.running}</span> : null}
        </summary>
        <code className="block pb-2 text-xs break-words whitespace-pre-wrap">{plain(item.summary)}</code>
        {item.output ? <Ansi text={item.output} className="max-h-96 overflow-auto border-t border-line py-2" /> : null}
      </details>
    );
  }
});

/** The plan as it stands, with room for a person's remark on each of its steps. */
function Plan({ items, task, canRemark }: { items: PlanItem[]; task: string; canRemark: boolean }) {
  const remarks = useRemarks(task);
  const [editing, setEditing] = useState<number>();
  const own = remarks.items.filter((remark) => remark.side === "plan");
  return (
    <Card className="max-w-2xl p-4">
      <h2 className="mb-1 font-medium">{text.plan}</h2>
      <ol>
        {items.map((step, n) => (
          <li key={n}>
            <div className={`flex min-h-9 items-center gap-2 ${step.status === "completed" ? "text-dim" : ""}`}>
              <span aria-hidden className="w-4 shrink-0">{MARKS[step.status] ?? "☐"}</span><span className="min-w-0 flex-1 break-words">{plain(step.text)}</span><span className="sr-only">{text.done[step.status]}</span>
              {canRemark ? <IconButton label={text.planRemark(plain(step.text))} onClick={() => setEditing(n)}><MessageSquarePlus size={15} aria-hidden /></IconButton> : null}
            </div>
            {own.filter((remark) => remark.line === n + 1 || (n + 1 === items.length && remark.line > items.length)).map((remark) => <div key={remark.id} className="py-1 pl-6"><RemarkCard remark={remark} remarks={remarks} outdated={remark.quote !== step.text} canChange={canRemark} /></div>)}
            {editing === n ? <div className="py-1 pl-6"><RemarkEditor task={task} place={`plan ${n + 1}`} label={text.planItem(n + 1)} remarks={remarks} fresh onClose={() => setEditing(undefined)} body={{ side: "plan", line: n + 1, quote: step.text }} /></div> : null}
          </li>
        ))}
      </ol>
    </Card>
  );
}
