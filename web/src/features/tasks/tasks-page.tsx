import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { get } from "../../api/client";
import type { Page, Task } from "../../api/types";
import { Badge, Card, Dim, Problem } from "../../components/ui/parts";
import { listen } from "../../lib/live";
import { ago, plain, size } from "../../lib/words";
import { Composer } from "./composer";

const GROUPS: [string, (task: Task) => boolean][] = [
  ["Needs you", (task) => task.state === "review" || task.state === "failed" || task.waiting?.for === "breakpoint"],
  ["Running", (task) => task.state === "running"],
  ["Waiting and queued", (task) => task.state === "queued" || (task.state === "waiting" && task.waiting?.for !== "breakpoint")],
  ["Done", (task) => task.state === "completed" || task.state === "cancelled"],
];

export function TasksPage() {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [at, setAt] = useState(-1);
  const [progress, setProgress] = useState<Record<string, string>>({});
  const page = useQuery({ queryKey: ["tasks"], queryFn: () => get<Page<Task>>("/api/tasks?limit=200") });
  useEffect(() => listen((event) => {
    if (event.type.startsWith("task.") && event.type !== "task.output") void queries.invalidateQueries({ queryKey: ["tasks"] });
    const line = event.type === "agent.text" ? event.data.text : event.type === "tool.started" ? `${event.data.name} ${event.data.summary}` : undefined;
    if (line) setProgress((known) => ({ ...known, [event.task]: plain(line).split("\n")[0] ?? "" }));
  }), [queries]);
  const tasks = page.data?.items ?? [];
  const groups = GROUPS.map(([name, fits]) => [name, tasks.filter(fits)] as const).filter(([, list]) => list.length > 0);
  const order = groups.flatMap(([, list]) => list);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.target as HTMLElement).closest("input,textarea,select")) return;
      if (event.key === "j") setAt((known) => Math.min(known + 1, order.length - 1));
      else if (event.key === "k") setAt((known) => Math.max(known - 1, 0));
      else if (event.key === "Enter" && order[at]) void navigate({ to: "/tasks/$id", params: { id: order[at].id } });
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  return (
    <main className="mx-auto max-w-6xl space-y-6 p-4">
      <Composer />
      {page.isError ? <Problem error={page.error} /> : null}
      {page.data && tasks.length === 0 ? (
        <Card className="p-8 text-center text-sm"><Dim>No tasks yet. Say above what is to be done, and walk away.</Dim></Card>
      ) : null}
      {groups.map(([name, list]) => (
        <section key={name}>
          <h2 className="mb-2 text-sm font-semibold">{name} <Dim>{list.length}</Dim></h2>
          <Card className="divide-y divide-stone-200 dark:divide-stone-800">
            {list.map((task) => <Row key={task.id} task={task} progress={progress[task.id]} selected={order[at]?.id === task.id} />)}
          </Card>
        </section>
      ))}
      <p className="hidden text-xs text-stone-500 sm:block dark:text-stone-400">j and k move, Enter opens.</p>
    </main>
  );
}

function Row({ task, progress, selected }: { task: Task; progress: string | undefined; selected: boolean }) {
  const detail = task.waiting
    ? `Waits for ${task.waiting.for}${task.waiting.until ? `, ${ago(task.waiting.until)}` : ""}: ${task.waiting.reason}`
    : task.state === "running" ? progress ?? task.stage ?? "" : task.reason ?? size(task.diff);
  return (
    <Link to="/tasks/$id" params={{ id: task.id }} className={`block px-4 py-3 hover:bg-stone-50 dark:hover:bg-stone-800/60 ${selected ? "bg-teal-50 dark:bg-teal-400/10" : ""}`}>
      <div className="flex items-center gap-3">
        <Badge state={task.state} />
        <span className="min-w-0 flex-1 truncate font-medium">{plain(task.title)}</span>
        <span className="shrink-0 text-xs text-stone-500 dark:text-stone-400">{ago(task.updated_at)}</span>
      </div>
      <div className="mt-1 truncate text-sm text-stone-500 dark:text-stone-400">{task.isolation === "none" ? "not isolated · " : ""}{detail ? `${plain(detail)} · ` : ""}{task.project} · {task.agent}</div>
    </Link>
  );
}
