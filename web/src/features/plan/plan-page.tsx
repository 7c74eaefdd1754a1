import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect } from "react";
import { get } from "../../api/client";
import type { Plan, Planned } from "../../api/types";
import { Badge, Card, Dim, Problem } from "../../components/ui/parts";
import { listen } from "../../lib/live";
import { ago, plain } from "../../lib/words";
import { scale, type Scale } from "./scale";

const TONE: Record<string, string> = { late: "bg-rose-500", tight: "bg-amber-500" };

/** What starts when, on which account, and why; what will be late, and what would save it. */
export function PlanPage() {
  const queries = useQueryClient();
  const plan = useQuery({ queryKey: ["plan"], queryFn: () => get<Plan>("/api/plan") });
  useEffect(() => listen((event) => {
    if (/^(task|run)\.(created|queued|waiting|started|ended|review|completed|cancelled|failed|adjusted)/.test(event.type)) void queries.invalidateQueries({ queryKey: ["plan"] });
  }), [queries]);
  if (plan.isError) return <main className="mx-auto max-w-6xl p-4"><Problem error={plan.error} /></main>;
  if (!plan.data) return null;
  const { tasks, summary, left_out, made_at } = plan.data;
  const along = scale(tasks, Date.parse(made_at));
  return (
    <main className="mx-auto max-w-6xl space-y-4 p-4">
      <h1 className="text-xl font-semibold">Plan</h1>
      <p className="text-sm"><Dim>{plain(summary)}</Dim></p>
      {tasks.length === 0 ? <Card className="p-8 text-center text-sm"><Dim>Nothing is to be done.</Dim></Card> : (
        <Card className="divide-y divide-stone-200 dark:divide-stone-800">{tasks.map((task) => <Row key={task.id} task={task} along={along} />)}</Card>
      )}
      {left_out > 0 ? <p className="text-sm"><Dim>and {left_out} more</Dim></p> : null}
    </main>
  );
}

function Row({ task, along }: { task: Planned; along: Scale }) {
  const start = along.place(task.start_at);
  const end = along.place(task.end_at);
  const due = along.place(task.deadline);
  return (
    <div className="space-y-1 px-4 py-3 text-sm">
      <div className="flex items-center gap-3">
        <Link to="/tasks/$id" params={{ id: task.id }} className="min-w-0 flex-1 truncate font-medium hover:underline">{plain(task.title)}</Link>
        <Badge state={task.state} />
      </div>
      {start !== undefined && end !== undefined ? (
        <div className="relative h-2 rounded-full bg-stone-200 dark:bg-stone-800" aria-hidden>
          <div className={`absolute inset-y-0 rounded-full ${TONE[task.verdict] ?? "bg-teal-600 dark:bg-teal-500"}`} style={{ left: `${start}%`, width: `${Math.max(end - start, 0.5)}%` }} />
          {due === undefined ? null : <div className="absolute -inset-y-1 w-0.5 bg-stone-500" style={{ left: `${due}%` }} />}
        </div>
      ) : null}
      <p><Dim>{[task.project, task.account ?? task.agent, task.end_at ? `done ${ago(task.end_at)}` : "", task.deadline ? `due ${ago(task.deadline)}` : ""].filter(Boolean).join(" · ")}</Dim></p>
      <p>{plain(task.reason)}</p>
      {task.verdict === "late" ? <p className="text-rose-700 dark:text-rose-300">Will be late{task.save ? `: ${plain(task.save)}` : ""}</p> : null}
    </div>
  );
}
