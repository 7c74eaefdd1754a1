// What the task is, where it stands, and who is beside it.

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { answer, api } from "../../api/client";
import type { Task } from "../../api/types";
import { Badge, Card, Dim } from "../../components/ui/parts";
import { ago, plain, size } from "../../lib/words";
import { task as words } from "../../words/task";

const number = new Intl.NumberFormat("en");

export function Head({ task }: { task: Task }) {
  const rest = task.text.trim() === task.title.trim() ? "" : task.text;
  const facts = [
    task.project, `${task.agent}${task.model && task.model !== task.agent ? ` (${task.model})` : ""}`, task.agent === "rehearsal" ? words.rehearsal : "",
    task.attempt > 1 ? words.attempt(task.attempt) : "", size(task.diff ?? null),
    task.tokens.input + task.tokens.output > 0 ? words.tokens(number.format(task.tokens.input + task.tokens.output), `$${task.cost_usd.toFixed(4)}`) : "", words.created(ago(task.created_at)),
  ].filter(Boolean);
  return (
    <header className="space-y-2">
      <div className="flex items-start gap-3"><h1 className="min-w-0 flex-1 text-xl font-semibold tracking-tight break-words">{plain(task.title)}</h1><span className="pt-1"><Badge state={task.stopping ? "stopping" : task.state} /></span></div>
      <p className="text-sm text-dim">{facts.join(" · ")}</p>
      <p className="text-xs break-all text-dim"><code>{words.from(task.branch, task.base ?? task.base_commit?.slice(0, 8) ?? "…")}</code></p>
      {task.isolation === "none" ? <p className="text-sm font-medium text-bad">{words.notIsolated}</p> : null}
      {task.waiting ? <p className="text-sm">{words.waits(task.waiting.for, ago(task.waiting.until ?? undefined))}: {plain(task.waiting.reason)}</p> : task.reason ? <p className="text-sm break-words">{plain(task.reason)}</p> : null}
      {rest ? <details className="text-sm"><summary className="py-1 text-dim">{words.whole}</summary><Card className="p-4 break-words whitespace-pre-wrap">{plain(rest)}</Card></details> : null}
      {task.summary ? <details open={task.state === "review"} className="text-sm"><summary className="py-1 text-dim">{words.said}</summary><Card className="max-h-64 overflow-y-auto p-4 break-words whitespace-pre-wrap">{plain(task.summary)}</Card></details> : null}
      <Beside task={task} />
      {task.warnings.map((warning) => <p key={warning} className="text-sm text-wait">{words.warning}: {plain(warning)}</p>)}
    </header>
  );
}

/** The steps it is done in, who else does it or is in its way, and where it stands in the queue. */
function Beside({ task }: { task: Task }) {
  const { steps = [], collisions = [], queue, race } = task;
  return (
    <>
      {steps.length > 0 ? (
        <ol className="flex flex-wrap gap-2 text-sm">
          {steps.map((step) => (
            <li key={step.name} className={`rounded-lg px-2.5 py-1 ring-1 ${step.state === "now" ? "bg-accent-soft ring-accent" : "ring-line"}`} aria-current={step.state === "now" ? "step" : undefined}>
              {step.state === "done" ? "✓ " : ""}{plain(step.name)} <Dim>{step.agent ? plain(step.agent) : words.anyone}{step.reviewer ? `, reviewed by ${step.reviewer === "any" ? "another" : plain(step.reviewer)}` : ""}</Dim>
            </li>
          ))}
        </ol>
      ) : null}
      {steps.filter((step) => step.words).map((step) => <details key={step.name} className="text-sm"><summary className="py-1 text-dim">{words.step(plain(step.name))}</summary><Card className="mt-1 p-3 break-words whitespace-pre-wrap">{plain(step.words)}</Card></details>)}
      {queue ? <p className="text-sm">{words.queue(queue.position, queue.of, plain(queue.branch ?? "its branch"))}</p> : null}
      {collisions.map((collision) => (
        <p key={collision.task} className="text-sm text-wait">{collision.kind === "hot" ? words.hot : words.soft} <Link to="/tasks/$id" params={{ id: collision.task }} className="underline">{plain(collision.title)}</Link>: {plain(collision.files.join(", "))}</p>
      ))}
      {race ? <Race id={task.id} /> : null}
    </>
  );
}

function Race({ id }: { id: string }) {
  const racers = useQuery({ queryKey: ["race", id], queryFn: () => answer(api.GET("/api/tasks/{id}/race", { params: { path: { id } } })) });
  return (
    <ul className="divide-y divide-line rounded-xl bg-surface text-sm ring-1 ring-line">
      {(racers.data ?? []).map((racer) => (
        <li key={racer.id} className="flex min-h-11 flex-wrap items-center gap-3 px-3 py-1.5">
          <Link to="/tasks/$id" params={{ id: racer.id }} className="font-medium hover:underline">{racer.agent}</Link><Badge state={racer.state} />
          <Dim>{[racer.verdict ? `confidence ${racer.verdict.confidence.toFixed(2)}` : "", size(racer.diff ?? null), `$${racer.cost_usd.toFixed(2)}`].filter(Boolean).join(" · ")}</Dim>
        </li>
      ))}
    </ul>
  );
}
