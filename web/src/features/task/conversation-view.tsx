import { memo, useMemo } from "react";
import type { LogEvent } from "../../api/types";
import { Card, Dim } from "../../components/ui/parts";
import { plain } from "../../lib/words";
import { fold, type Item } from "./conversation";

const MARKS: Record<string, string> = { completed: "☑", in_progress: "▸" };

export function Conversation({ events }: { events: LogEvent[] }) {
  const items = useMemo(() => fold(events), [events]);
  if (items.length === 0) return <Dim>Nothing was said yet.</Dim>;
  return <div className="space-y-3 text-sm" aria-live="polite">{items.map((item) => <Entry key={item.seq} item={item} done={item.kind === "tool" ? item.output : undefined} />)}</div>;
}

const Entry = memo(function Entry({ item }: { item: Item; done: string | undefined }) {
  switch (item.kind) {
    case "text": return <p className="max-w-prose whitespace-pre-wrap break-words">{plain(item.text)}</p>;
    case "error": return <p className="max-w-prose font-medium whitespace-pre-wrap text-rose-700 dark:text-rose-300">Error: {plain(item.text)}</p>;
    case "note": return <p className="text-xs text-stone-500 dark:text-stone-400">{plain(item.text)}</p>;
    case "output": return <pre className="overflow-x-auto text-xs text-stone-500 dark:text-stone-400">{plain(item.text)}</pre>;
    case "thinking": return <details><summary className="text-stone-500 dark:text-stone-400">Thinking</summary><p className="mt-1 max-w-prose whitespace-pre-wrap">{plain(item.text)}</p></details>;
    case "plan": return (
      <Card className="max-w-prose p-3">
        <h3 className="mb-1 text-xs font-semibold">Plan</h3>
        <ul>{item.items.map((step, n) => <li key={n} className={step.status === "completed" ? "text-stone-500 dark:text-stone-400" : ""}><span aria-hidden>{MARKS[step.status] ?? "☐"}</span> {plain(step.text)} <span className="sr-only">{step.status}</span></li>)}</ul>
      </Card>
    );
    case "tool": return (
      <details className="rounded-lg bg-stone-100 px-3 py-2 dark:bg-stone-900">
        <summary className="truncate"><span className="font-medium">{plain(item.name)}</span> <code className="text-xs">{plain(item.summary)}</code>{item.ok === false ? <span className="text-rose-700 dark:text-rose-300"> failed</span> : item.ok === undefined ? <Dim> …</Dim> : null}</summary>
        {item.output ? <pre className="mt-2 max-h-96 overflow-auto text-xs">{plain(item.output)}</pre> : null}
      </details>
    );
  }
});
