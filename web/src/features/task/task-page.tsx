import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { get } from "../../api/client";
import type { EventPage, LogEvent, Task } from "../../api/types";
import { Badge, Card, Dim, Problem } from "../../components/ui/parts";
import { listen } from "../../lib/live";
import { ago, plain, size } from "../../lib/words";
import { Actions } from "./actions";
import { Conversation } from "./conversation-view";
import { DiffView } from "./diff-view";
import { Questions } from "./questions";
import { Runs } from "./runs";
import { Verdict } from "./verdict";

const TABS = ["Conversation", "Diff", "Checks", "Runs"] as const;
/** The most events kept in the page; the log has them all. */
const MOST = 5000;

async function all(id: string): Promise<LogEvent[]> {
  const page = await get<EventPage>(`/api/tasks/${id}/events?tail=true&limit=1000`);
  return page.items;
}

export function TaskPage({ id }: { id: string }) {
  const queries = useQueryClient();
  const task = useQuery({ queryKey: ["task", id], queryFn: () => get<Task>(`/api/tasks/${id}`) });
  const [events, setEvents] = useState<LogEvent[]>([]);
  const [tab, setTab] = useState<(typeof TABS)[number]>();
  const [comments, setComments] = useState<Record<string, string>>({});
  const state = task.data?.state;
  useEffect(() => {
    let open = true;
    const add = (more: LogEvent[]) => setEvents((known) => {
      const last = known.at(-1)?.seq ?? 0;
      return [...known, ...more.filter((event) => event.seq > last)].slice(-MOST);
    });
    setEvents([]);
    void all(id).then((list) => { if (open) add(list); }, () => undefined);
    const stop = listen((event) => {
      if (event.task !== id) return;
      add([event]);
      if (/^(task|run|check|diff|checkpoint|question)\./.test(event.type) && event.type !== "task.output") {
        for (const key of ["task", "diff", "runs", "checkpoints"]) void queries.invalidateQueries({ queryKey: [key, id] });
      }
    });
    return () => { open = false; stop(); };
  }, [id, queries]);
  if (task.isError) return <main className="mx-auto max-w-6xl p-4"><Problem error={task.error} /></main>;
  if (!task.data) return null;
  const shown = tab ?? (state === "review" ? "Diff" : "Conversation");
  return (
    <main className="mx-auto max-w-6xl space-y-4 p-4">
      <Head task={task.data} />
      <Questions task={task.data} />
      <Verdict task={task.data} />
      <div role="tablist" className="flex gap-1 overflow-x-auto border-b border-stone-200 text-sm dark:border-stone-800">
        {TABS.map((name) => (
          <button key={name} type="button" role="tab" aria-selected={shown === name} onClick={() => setTab(name)}
            className={`px-3 py-2 whitespace-nowrap ${shown === name ? "border-b-2 border-teal-700 font-medium dark:border-teal-400" : "text-stone-500 dark:text-stone-400"}`}>
            {name}{name === "Checks" && task.data.checks.length > 0 ? ` ${task.data.checks.length}` : ""}
          </button>
        ))}
      </div>
      {shown === "Conversation" ? <Conversation events={events} /> : null}
      {shown === "Diff" ? <DiffView id={id} remarks={task.data.verdict?.opinion?.remarks ?? []} comments={comments} onComment={setComments} canComment={state === "review"} /> : null}
      {shown === "Checks" ? <Checks task={task.data} /> : null}
      {shown === "Runs" ? <Runs id={id} /> : null}
      <Actions task={task.data} comments={comments} onSent={() => { setComments({}); setTab("Conversation"); }} />
    </main>
  );
}

function Head({ task }: { task: Task }) {
  const facts = [
    `${task.agent}${task.model && task.model !== task.agent ? ` (${task.model})` : ""}`,
    task.agent === "rehearsal" ? "calls no model" : "",
    `${task.branch} from ${task.base ?? "a commit"}`,
    task.attempt > 1 ? `attempt ${task.attempt}` : "",
    size(task.diff),
    task.tokens.input + task.tokens.output > 0 ? `${task.tokens.input + task.tokens.output} tokens, $${task.cost_usd.toFixed(4)}` : "",
    `created ${ago(task.created_at)}`,
  ].filter(Boolean);
  return (
    <div className="space-y-2">
      <div className="flex items-start gap-3"><h1 className="min-w-0 flex-1 text-xl font-semibold break-words">{plain(task.title)}</h1><Badge state={task.stopping ? "stopping" : task.state} /></div>
      <p className="text-sm"><Dim>{facts.join(" · ")}</Dim></p>
      {task.isolation === "none" ? <p className="text-sm font-medium text-rose-700 dark:text-rose-300">Not isolated: this agent can do all that you can.</p> : null}
      {task.waiting ? <p className="text-sm">Waits for {task.waiting.for}{task.waiting.until ? `, ${ago(task.waiting.until)}` : ""}: {plain(task.waiting.reason)}</p>
        : task.reason ? <p className="text-sm">{plain(task.reason)}</p> : null}
      {task.summary ? <Card className="p-4 text-sm whitespace-pre-wrap">{plain(task.summary)}</Card> : null}
      <Beside task={task} />
      {task.warnings.map((warning) => <p key={warning} className="text-sm text-amber-800 dark:text-amber-200">Warning: {plain(warning)}</p>)}
    </div>
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
            <li key={step.name} className={`rounded-lg px-2.5 py-1 ring-1 ${step.state === "now" ? "ring-teal-600" : "ring-stone-300 dark:ring-stone-700"}`}>
              {step.state === "done" ? "✓ " : ""}{plain(step.name)} <Dim>{step.agent ? plain(step.agent) : "whoever suits it"}{step.reviewer ? `, reviewed by ${step.reviewer === "any" ? "another" : plain(step.reviewer)}` : ""}</Dim>
            </li>
          ))}
        </ol>
      ) : null}
      {steps.filter((step) => step.words).map((step) => (
        <details key={step.name} className="text-sm"><summary><Dim>What {plain(step.name)} came to</Dim></summary><Card className="mt-1 p-3 whitespace-pre-wrap">{plain(step.words)}</Card></details>
      ))}
      {queue ? <p className="text-sm">Number {queue.position} of {queue.of} in the merge queue of {plain(queue.branch ?? "its branch")}.</p> : null}
      {collisions.map((collision) => (
        <p key={collision.task} className="text-sm text-amber-800 dark:text-amber-200">{collision.kind === "hot" ? "Changes the same lines as" : "Changes the same files as"} <Link to="/tasks/$id" params={{ id: collision.task }} className="underline">{plain(collision.title)}</Link>: {plain(collision.files.join(", "))}</p>
      ))}
      {race ? <Race id={task.id} /> : null}
      {task.receipt ? <p className="text-sm"><Dim>Why this agent: {plain(task.receipt)}</Dim></p> : null}
    </>
  );
}

function Race({ id }: { id: string }) {
  const racers = useQuery({ queryKey: ["race", id], queryFn: () => get<Task[]>(`/api/tasks/${id}/race`) });
  return (
    <ul className="divide-y divide-stone-200 rounded-xl text-sm ring-1 ring-stone-200 dark:divide-stone-800 dark:ring-stone-800">
      {(racers.data ?? []).map((racer) => (
        <li key={racer.id} className="flex flex-wrap items-center gap-3 px-3 py-2">
          <Link to="/tasks/$id" params={{ id: racer.id }} className="font-medium hover:underline">{racer.agent}</Link><Badge state={racer.state} />
          <Dim>{[racer.verdict ? `confidence ${racer.verdict.confidence.toFixed(2)}` : "", size(racer.diff), `$${racer.cost_usd.toFixed(2)}`].filter(Boolean).join(" · ")}</Dim>
        </li>
      ))}
    </ul>
  );
}

function Checks({ task }: { task: Task }) {
  if (task.checks.length === 0) return <Dim>This project has no checks, or they have not run yet.</Dim>;
  return (
    <div className="space-y-3">
      {task.checks.map((check) => (
        <Card key={check.name} className="p-4 text-sm">
          <div className="flex gap-3"><Badge state={check.status === "passed" ? "completed" : "failed"} /><span className="font-medium">{check.name} {check.status}</span><Dim>{check.duration_ms} ms</Dim></div>
          <code className="mt-1 block text-stone-500 dark:text-stone-400">{check.command}</code>
          {check.output ? <pre className="mt-2 max-h-96 overflow-auto rounded bg-stone-100 p-3 text-xs dark:bg-stone-950">{plain(check.output)}</pre> : null}
        </Card>
      ))}
    </div>
  );
}
