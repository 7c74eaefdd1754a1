// How it came to this: attempts, checkpoints, who was chosen and why, what it cost, where it stands, and the log itself.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { answer, api } from "../../api/client";
import type { LogEvent, Run, Task } from "../../api/types";
import { Dialog } from "../../components/ui/dialog";
import { Badge, Button, Card, Dim, Input, Problem } from "../../components/ui/parts";
import { ago, plain } from "../../lib/words";
import { task as words } from "../../words/task";
import { spent } from "./conversation";
import type { Events } from "./use-events";

const text = words.history;
const number = new Intl.NumberFormat("en");
const money = (usd: number) => `$${usd.toFixed(usd < 1 ? 4 : 2)}`;
/** Events of the log that are drawn at once. */
const SHOWN = 200;

export function History({ task, runs, events }: { task: Task; runs: Run[]; events: Events }) {
  return (
    <div className="space-y-6 text-sm">
      <Attempts id={task.id} runs={runs} />
      <Spending events={events.items} task={task} />
      <Checkpoints task={task} />
      <Route id={task.id} />
      <Continuation id={task.id} attempt={task.attempt} />
      <Log events={events} />
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return <section className="space-y-2"><h2 className="font-medium">{title}</h2>{children}</section>;
}

function Attempts({ id, runs }: { id: string; runs: Run[] }) {
  return (
    <Part title={text.attempts}>
      <Card className="divide-y divide-line">
        {runs.map((run) => {
          const took = run.ended_at ? (Date.parse(run.ended_at) - Date.parse(run.started_at)) / 1000 : undefined;
          return (
            <div key={run.id} className="space-y-1 p-4">
              <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
                <span className="font-medium">{text.attempt} {run.attempt}</span>
                <Badge state={run.outcome === "succeeded" ? "completed" : run.outcome ? "failed" : "running"} label={run.outcome?.replaceAll("_", " ") ?? run.state} />
                <span>{plain(run.agent)}{run.model && run.model !== run.agent ? <Dim> {plain(run.model)}</Dim> : null}</span>
                <span className="text-dim">{ago(run.started_at)}{took === undefined ? "" : `, ${took < 90 ? `${took.toFixed(1)} s` : `${Math.round(took / 60)} min`}`}</span>
                <span className="text-dim tabular-nums">{number.format(run.tokens.input + run.tokens.output)} {text.tokens.toLowerCase()} · {money(run.cost_usd)}</span>
                <a href={`/api/tasks/${id}/log?attempt=${run.attempt}`} download className="ml-auto inline-flex min-h-11 items-center gap-1.5 text-dim hover:text-ink sm:min-h-8"><Download size={15} aria-hidden />{text.log}</a>
              </div>
              {run.feedback ? <details><summary className="py-1 text-dim">{text.answers}</summary><p className="max-w-prose rounded-lg bg-sunken p-3 break-words whitespace-pre-wrap">{plain(run.feedback)}</p></details> : null}
              {run.reason ? <p className="break-words text-dim">{plain(run.reason)}</p> : null}
              {run.receipt ? <p className="text-xs break-words text-dim">{plain(run.receipt)}</p> : null}
            </div>
          );
        })}
      </Card>
      <p className="text-xs text-dim">{text.noLog}</p>
    </Part>
  );
}

/** Tokens as an area that only grows, over the time of the task. */
function Spending({ events, task }: { events: readonly LogEvent[]; task: Task }) {
  const points = useMemo(() => {
    const reported = spent(events);
    return reported.length === 0 ? [] : [{ at: task.started_at ?? task.created_at, attempt: 0, tokens: 0, cost: 0 }, ...reported];
  }, [events, task.started_at, task.created_at]);
  const last = points.at(-1);
  if (!last || points.length < 3) return null;
  const [from, to] = [Date.parse(points[0]!.at), Date.parse(last.at)];
  // What was reported within a second is drawn in its order.
  const x = (at: string, n: number) => (to - from < 1_000 ? n / (points.length - 1) : (Date.parse(at) - from) / (to - from)) * 100;
  const line = (of: (point: (typeof points)[number]) => number, most: number) => points.map((point, n) => `${x(point.at, n).toFixed(2)},${(40 - (of(point) / Math.max(most, 1e-9)) * 38).toFixed(2)}`).join(" ");
  const said = text.total(number.format(task.tokens.input + task.tokens.output), money(task.cost_usd));
  return (
    <Part title={text.spent}>
      <Card className="p-4">
        <svg viewBox="0 0 100 42" preserveAspectRatio="none" role="img" aria-label={said} className="h-28 w-full">
          <polyline points={`0,40 ${line((point) => point.tokens, last.tokens)} 100,40`} className="fill-accent-soft" />
          <polyline points={line((point) => point.tokens, last.tokens)} className="fill-none stroke-accent" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
          {last.cost > 0 ? <polyline points={line((point) => point.cost, last.cost)} className="fill-none stroke-wait" strokeWidth="1.5" strokeDasharray="4 3" vectorEffect="non-scaling-stroke" /> : null}
        </svg>
        <p className="mt-2 flex flex-wrap gap-x-4 text-xs text-dim"><span>{ago(points[0]!.at)}</span><span className="text-accent">— {text.tokens}</span>{last.cost > 0 ? <span className="text-wait">┄ {text.cost}</span> : null}<span className="ml-auto">{said}</span></p>
      </Card>
    </Part>
  );
}

function Checkpoints({ task }: { task: Task }) {
  const queries = useQueryClient();
  const [asked, setAsked] = useState<string>();
  const points = useQuery({ queryKey: ["checkpoints", task.id], queryFn: () => answer(api.GET("/api/tasks/{id}/checkpoints", { params: { path: { id: task.id } } })) });
  const back = useMutation({
    mutationFn: (checkpoint: string) => answer(api.POST("/api/tasks/{id}/rollback", { params: { path: { id: task.id } }, body: { checkpoint } })),
    onSuccess: () => { setAsked(undefined); return queries.invalidateQueries(); },
  });
  const can = ["review", "failed", "cancelled"].includes(task.state);
  const items = points.data?.items ?? [];
  return (
    <Part title={text.checkpoints}>
      {items.length === 0 ? <Dim>{text.noCheckpoints}</Dim> : (
        <Card className="divide-y divide-line">
          {items.map((point) => (
            <div key={point.name} className="flex min-h-12 flex-wrap items-center gap-3 px-4 py-1"><span>{plain(point.name)}</span><code className="text-xs">{point.commit.slice(0, 10)}</code><Dim>{ago(point.at)}</Dim>
              {can && point.commit !== task.commit ? <Button className="ml-auto" onClick={() => setAsked(point.name)}>{text.back}</Button> : null}</div>
          ))}
        </Card>
      )}
      <Dialog open={asked !== undefined} onClose={() => setAsked(undefined)} title={text.backTitle(asked ?? "")}>
        <p>{text.backText}</p>
        {back.isError ? <Problem error={back.error} /> : null}
        <div className="flex gap-2"><Button look="main" disabled={back.isPending} onClick={() => asked && back.mutate(asked)}>{text.back}</Button><Button onClick={() => setAsked(undefined)}>{words.actions.cancel}</Button></div>
      </Dialog>
    </Part>
  );
}

function Route({ id }: { id: string }) {
  const route = useQuery({ queryKey: ["route", id], queryFn: () => answer(api.GET("/api/tasks/{id}/route", { params: { path: { id } } })) });
  if (!route.data) return null;
  return (
    <Part title={text.route}>
      <Card className="space-y-2 p-4"><p><Dim>{route.data.taken ? text.routeTaken : text.routeWould}:</Dim> {plain(route.data.sentence)}</p>
        {route.data.considered.length > 0 ? <ul className="space-y-1">{route.data.considered.map((one) => <li key={one.who} className="flex flex-wrap gap-x-2"><span className="font-medium">{plain(one.who)}</span><span>{plain(one.stands)}</span><span className="text-dim">{plain(one.why)}</span></li>)}</ul> : null}
      </Card>
    </Part>
  );
}

function Continuation({ id, attempt }: { id: string; attempt: number }) {
  const file = useQuery({ queryKey: ["continuation", id, attempt], queryFn: () => answer(api.GET("/api/tasks/{id}/continuation", { params: { path: { id } } })) });
  return (
    <Part title={text.continuation}>
      {file.data?.text ? <details className="rounded-xl bg-surface px-4 ring-1 ring-line"><summary className="min-h-11 py-3 sm:py-2.5"><Dim>{text.continuationText}</Dim></summary><pre tabIndex={0} className="max-h-[32rem] overflow-auto pb-4 font-mono text-xs break-words whitespace-pre-wrap">{plain(file.data.text)}</pre></details> : <Dim>{text.noContinuation}</Dim>}
    </Part>
  );
}

function Log({ events }: { events: Events }) {
  const [filter, setFilter] = useState("");
  const [shown, setShown] = useState(SHOWN);
  const wanted = filter.trim().toLowerCase();
  const found = useMemo(() => events.items.filter((event) => !wanted || event.type.includes(wanted) || JSON.stringify(event.data).toLowerCase().includes(wanted)).toReversed(), [events.items, wanted]);
  const more = () => { if (found.length > shown) setShown(shown + SHOWN); else void events.loadOlder(); };
  return (
    <Part title={text.events}>
      <Input type="search" aria-label={text.filter} placeholder={text.filter} value={filter} onChange={(event) => setFilter(event.target.value)} className="max-w-md" />
      {found.length === 0 ? <p><Dim>{text.none}</Dim></p> : (
        <Card className="divide-y divide-line">{found.slice(0, shown).map((event) => (
          <details key={event.seq} className="px-3">
            <summary className="flex min-h-11 items-center gap-3 sm:min-h-8"><span className="w-12 shrink-0 text-right text-xs text-dim tabular-nums">{event.seq}</span><span className="shrink-0 font-mono text-xs">{event.type}</span><span className="min-w-0 flex-1 truncate text-xs text-dim">{plain(JSON.stringify(event.data))}</span><span className="hidden text-xs text-dim sm:block">{event.at.slice(11, 19)}</span></summary>
            <p className="text-xs text-dim">{plain(event.actor)}, {event.at}</p><pre tabIndex={0} className="max-h-72 overflow-auto pb-2 font-mono text-xs break-words whitespace-pre-wrap">{plain(JSON.stringify(event.data, null, 2))}</pre>
          </details>
        ))}</Card>
      )}
      {found.length > shown || events.older ? <Button disabled={events.loading} onClick={more}>{text.showMore}</Button> : null}
    </Part>
  );
}
