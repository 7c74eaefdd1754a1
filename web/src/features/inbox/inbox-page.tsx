import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { get, post } from "../../api/client";
import type { Account, Page, Task } from "../../api/types";
import { Button, Card, Dim, Problem } from "../../components/ui/parts";
import { listen } from "../../lib/live";
import { ago, plain, size } from "../../lib/words";
import { message } from "../task/actions";
import { DiffView } from "../task/diff-view";
import { Questions } from "../task/questions";
import { Composer } from "../tasks/composer";
import { needs, type Need } from "./needs";

/** All that waits for a person, each with what it takes to decide and the decision in place. */
export function InboxPage() {
  const queries = useQueryClient();
  const page = useQuery({ queryKey: ["tasks", "inbox"], queryFn: () => get<Page<Task>>("/api/tasks?state=waiting,review,failed&limit=200") });
  useEffect(() => listen((event) => {
    if (/^(task|question|race)\./.test(event.type) && event.type !== "task.output") void queries.invalidateQueries({ queryKey: ["tasks"] });
  }), [queries]);
  const found = page.data ? needs(page.data.items) : [];
  return (
    <main className="mx-auto max-w-3xl space-y-5 p-4">
      <h1 className="text-xl font-semibold">{page.data ? heading(found.length) : "Inbox"}</h1>
      {page.isError ? <Problem error={page.error} /> : null}
      <Accounts />
      {found.map((need) => <Item key={need.task.id} need={need} />)}
      {page.data && found.length === 0 ? (
        <>
          <Card className="p-8 text-center text-sm"><p className="font-medium">Go away. You will be told.</p><p className="mt-1"><Dim>What your agents cannot decide comes here.</Dim></p></Card>
          <Composer />
        </>
      ) : null}
    </main>
  );
}

function heading(n: number): string {
  if (n === 0) return "Nothing needs you";
  return n === 1 ? "One thing needs you" : `${n} things need you`;
}

/** Accounts on which nothing starts, in a line each. */
function Accounts() {
  const accounts = useQuery({ queryKey: ["credits"], queryFn: () => get<Page<Account>>("/api/credits") });
  const held = (accounts.data?.items ?? []).filter((account) => account.state === "resting" || account.state === "off");
  if (held.length === 0) return null;
  return (
    <ul className="space-y-1 text-sm">
      {held.map((account) => (
        <li key={account.name}><span className="font-medium">{account.name}</span> {account.state === "off" ? "is off" : "rests"}{account.until ? `, until ${ago(account.until)}` : ""}. <Dim>{plain(account.reason)}</Dim></li>
      ))}
    </ul>
  );
}

const TONE: Record<Need["kind"], string> = { question: "text-amber-700 dark:text-amber-300", review: "text-teal-700 dark:text-teal-300", failure: "text-rose-700 dark:text-rose-300" };
const ABOUT: Record<Need["kind"], string> = { question: "asks you", review: "is done", failure: "failed" };

function Item({ need: { kind, task } }: { need: Need }) {
  const passed = task.checks.filter((check) => check.status === "passed").length;
  const facts = [
    task.project, task.agent, size(task.diff),
    task.checks.length > 0 ? `${passed} of ${task.checks.length} checks passed` : "",
    task.verdict ? `confidence ${task.verdict.confidence.toFixed(2)}` : "", ago(task.updated_at),
  ].filter(Boolean);
  return (
    <Card className="space-y-3 p-4">
      <h2 className="font-medium break-words"><Link to="/tasks/$id" params={{ id: task.id }} className="hover:underline">{plain(task.title)}</Link> <span className={TONE[kind]}>{ABOUT[kind]}</span></h2>
      <p className="text-sm"><Dim>{facts.join(" · ")}</Dim></p>
      {kind === "question" ? <Questions task={task} bare /> : null}
      {kind !== "question" && (task.reason ?? task.summary) ? <p className="line-clamp-6 text-sm whitespace-pre-wrap break-words">{plain(task.reason ?? task.summary)}</p> : null}
      {kind === "question" ? null : <Decide kind={kind} task={task} />}
    </Card>
  );
}

/** The decision on work that is done, or on a failure; the change can be looked at, and remarked on, in place. */
function Decide({ kind, task }: { kind: "review" | "failure"; task: Task }) {
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const [looking, setLooking] = useState(false);
  const [comments, setComments] = useState<Record<string, string>>({});
  const act = useMutation({
    mutationFn: ({ verb, body }: { verb: string; body?: unknown }) => post<Task>(`/api/tasks/${task.id}/${verb}`, body),
    onSuccess: () => queries.invalidateQueries(),
  });
  const whole = message(text, comments);
  const back = () => { if (whole) act.mutate({ verb: "send-back", body: { comment: whole } }); };
  return (
    <div className="space-y-2">
      {looking ? <DiffView id={task.id} remarks={task.verdict?.opinion?.remarks ?? []} comments={comments} onComment={setComments} canComment /> : null}
      <form className="flex gap-2" onSubmit={(event) => { event.preventDefault(); back(); }}>
        <input aria-label="What should change" placeholder="What should change?" value={text} onChange={(event) => setText(event.target.value)}
          className="min-h-10 min-w-0 flex-1 rounded-lg bg-stone-50 px-3 text-sm ring-1 ring-stone-300 dark:bg-stone-950 dark:ring-stone-700" />
        <Button type="submit" disabled={act.isPending || !whole}>Send back</Button>
      </form>
      <div className="flex flex-wrap gap-2">
        {kind === "review" ? (
          <>
            <Button look={looking ? "plain" : "main"} onClick={() => setLooking(!looking)}>{looking ? "Fold" : "Look at it"}</Button>
            <Button look={looking ? "main" : "plain"} disabled={act.isPending} onClick={() => act.mutate({ verb: "approve" })}>Approve and merge</Button>
          </>
        ) : <Button look="main" disabled={act.isPending} onClick={() => act.mutate({ verb: "retry", body: {} })}>Try again</Button>}
        <Button look="danger" className="ml-auto" disabled={act.isPending} onClick={() => act.mutate({ verb: "reject", body: {} })}>Discard</Button>
      </div>
      {act.isError ? <Problem error={act.error} /> : null}
    </div>
  );
}
