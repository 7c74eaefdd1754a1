// One message: a person's words as they are, the brain's as Markdown; under it the tasks it touched and what it proposes.

import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, CircleSlash, LoaderCircle, TriangleAlert } from "lucide-react";
import { memo, useEffect, useState } from "react";
import { Markdown } from "../../components/markdown/markdown";
import { Button, Problem } from "../../components/ui/parts";
import { ago, plain } from "../../lib/words";
import { chat as words } from "../../words/chat";
import { decide } from "./calls";
import type { Message } from "./shapes";
import { spoken, stands } from "./thread";
import { useThoughts } from "./use-thread";

interface Props { conversation: string; message: Message; onChanged: (message: Message) => void }

export const MessageView = memo(function MessageView({ conversation, message, onChanged }: Props) {
  if (message.role === "user") {
    return (
      <article className="flex justify-end">
        <h2 className="sr-only">{words.you}</h2>
        <p className="max-w-[85%] rounded-2xl rounded-br-md bg-accent-soft px-3.5 py-2 break-words whitespace-pre-wrap" title={when(message)}>{plain(message.text)}</p>
      </article>
    );
  }
  return (
    <article className="space-y-3" aria-busy={message.state === "pending"}>
      <h2 className="sr-only">{words.brain}</h2>
      <Words message={message} />
      {message.proposal ? <ProposalCard conversation={conversation} message={message} onChanged={onChanged} /> : null}
      <Links message={message} />
    </article>
  );
});

const when = (message: Message) => new Date(message.at).toLocaleString();

function Words({ message }: { message: Message }) {
  const pending = message.state === "pending" && message.proposal?.state !== "taken";
  const thoughts = spoken(useThoughts(pending && !message.text ? message.thinking ?? undefined : undefined));
  const text = message.text || thoughts;
  if (message.state === "failed") {
    return <div className="flex gap-2 text-sm"><TriangleAlert size={16} aria-label={words.failed} className="mt-0.5 shrink-0 text-wait" /><Markdown text={text} className="text-dim" /></div>;
  }
  return (
    <>
      {text ? <div title={when(message)}><Markdown text={text} /></div> : null}
      {pending ? (
        <p role="status" className="flex items-center gap-2 text-sm text-dim">
          <span className="inline-flex gap-1" aria-hidden>{[0, 1, 2].map((n) => <span key={n} className="size-1.5 animate-pulse rounded-full bg-accent" style={{ animationDelay: `${n * 200}ms` }} />)}</span>
          {words.thinking}
          {message.thinking ? <Link to="/tasks/$id" params={{ id: message.thinking }} className="underline underline-offset-2 hover:text-ink">{words.watch}</Link> : null}
        </p>
      ) : null}
    </>
  );
}

function Links({ message }: { message: Message }) {
  const tasks = [...new Set(message.tasks ?? [])];
  const thought = message.state !== "pending" && message.thinking;
  if (tasks.length === 0 && !thought) return null;
  return (
    <p className="flex flex-wrap gap-x-3 gap-y-1 text-xs text-dim">
      {tasks.map((task) => <Link key={task} to="/tasks/$id" params={{ id: task }} className="inline-flex min-h-6 items-center rounded-full bg-sunken px-2 font-mono ring-1 ring-line ring-inset hover:text-ink">{task.replaceAll("-", "").slice(-8)}</Link>)}
      {thought ? <Link to="/tasks/$id" params={{ id: thought }} className="inline-flex min-h-6 items-center underline underline-offset-2 hover:text-ink">{words.log}</Link> : null}
    </p>
  );
}

const ICONS = { done: CircleCheck, dropped: CircleSlash, expired: CircleSlash, taken: LoaderCircle } as const;

/** What the brain would do, exactly; the person decides. */
function ProposalCard({ conversation, message, onChanged }: Props) {
  const proposal = message.proposal!;
  const [now, setNow] = useState(() => Date.now());
  const state = stands(message, now) ?? "open";
  useEffect(() => {
    if (state !== "open") return;
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, [state]);
  const act = useMutation({ mutationFn: (what: "confirm" | "drop") => decide(conversation, message.id, what), onSuccess: onChanged });
  const Icon = ICONS[state as keyof typeof ICONS];
  const came = proposal.came ?? [];
  return (
    <section aria-label={words.proposal} className={`space-y-3 rounded-2xl p-4 ring-1 ${state === "open" ? "bg-surface shadow-sm ring-accent/50" : "bg-surface/60 ring-line"}`}>
      <div className="flex items-center gap-2 text-sm">
        <h3 className="flex-1 font-medium">{words.proposal}</h3>
        {Icon ? <span className={`inline-flex items-center gap-1.5 ${state === "done" ? "text-good" : "text-dim"}`}><Icon size={15} aria-hidden className={state === "taken" ? "animate-spin" : ""} />{words.states[state]}</span> : null}
      </div>
      <ul className={`space-y-1.5 text-sm ${state === "dropped" || state === "expired" ? "text-dim line-through decoration-dim/50" : ""}`}>
        {proposal.changes.map((change, n) => <li key={n} className="flex gap-2 break-words"><span aria-hidden className="text-dim">·</span><span className="min-w-0 break-words whitespace-pre-wrap">{plain(change)}</span></li>)}
      </ul>
      {state === "open" ? (
        <div className="flex flex-wrap items-center gap-2">
          <Button look="main" disabled={act.isPending} onClick={() => act.mutate("confirm")}>{words.doIt}</Button>
          <Button disabled={act.isPending} onClick={() => act.mutate("drop")}>{words.dont}</Button>
          <span className="text-xs text-dim">{words.until(ago(proposal.until, now).replace(/^in /, ""))}</span>
        </div>
      ) : null}
      {came.some((line, n) => line !== proposal.changes[n]) ? (
        <div className="border-t border-line pt-2 text-sm"><p className="text-xs text-dim">{words.came}</p><ul>{came.map((line, n) => <li key={n} className="break-words">{plain(line)}</li>)}</ul></div>
      ) : null}
      {act.isError ? <Problem error={act.error} /> : null}
    </section>
  );
}
