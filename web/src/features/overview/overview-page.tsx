import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { answer, api } from "../../api/client";
import type { Account, Planned, Task } from "../../api/types";
import { Badge, Card, PageBody, Problem, Skeleton } from "../../components/ui/parts";
import { lineOf, useProgress } from "../../lib/progress";
import { movesTasks, useRefresh } from "../../lib/refresh";
import { ago, plain, span } from "../../lib/words";
import { overview as words } from "../../words/overview";
import { type Standing, standings } from "./projects";

/** How much of the queue is shown; the plan has all of it. */
const MOST_QUEUED = 8;

/** Everything that goes on, at a glance. */
export function OverviewPage() {
  useRefresh(["plan"], movesTasks, 1_000);
  useRefresh(["tasks", "running"], movesTasks);
  useRefresh(["credits"], (event) => event.type.startsWith("run.") || event.type.startsWith("account."), 2_000);
  const plan = useQuery({ queryKey: ["plan", "all"], queryFn: () => answer(api.GET("/api/plan", { params: { query: { limit: 1000 } } })) });
  const projects = useQuery({ queryKey: ["projects"], queryFn: () => answer(api.GET("/api/projects")) });
  const running = useQuery({ queryKey: ["tasks", "running"], queryFn: () => answer(api.GET("/api/tasks", { params: { query: { state: "running", limit: 100 } } })) });
  const accounts = useQuery({ queryKey: ["credits"], queryFn: () => answer(api.GET("/api/credits")), refetchInterval: 60_000 });
  const failed = [plan, projects, running, accounts].find((query) => query.isError);
  const planned = plan.data?.tasks ?? [];
  const queue = planned.filter((task) => task.state === "queued" || task.state === "waiting");
  return (
    <PageBody title={words.title} wide>
      {failed ? <Problem error={failed.error} /> : null}
      <div className="grid gap-6 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="space-y-6">
          <Section title={words.projects}>
            {!plan.data || !projects.data ? <Skeleton lines={2} /> : <Projects standings={standings(projects.data.items, planned)} />}
          </Section>
          <Section title={words.agents} count={running.data?.items.length}>
            {!running.data ? <Skeleton lines={1} /> : <Running tasks={running.data.items} />}
          </Section>
        </div>
        <div className="space-y-6">
          <Section title={words.queue} count={queue.length}>
            {!plan.data ? <Skeleton lines={2} /> : <Queue tasks={queue} />}
          </Section>
          <Section title={words.credits}>
            {!accounts.data ? <Skeleton lines={2} /> : <Credits accounts={accounts.data.items} />}
          </Section>
        </div>
      </div>
    </PageBody>
  );
}

function Section({ title, count, children }: { title: string; count?: number | undefined; children: ReactNode }) {
  return <section aria-label={title} className="space-y-2"><h2 className="text-sm font-semibold">{title}{count ? <span className="ml-1.5 font-normal text-dim">{count}</span> : null}</h2>{children}</section>;
}

function None({ children }: { children: ReactNode }) {
  return <Card className="px-4 py-5 text-sm text-dim">{children}</Card>;
}

function Projects({ standings: all }: { standings: Standing[] }) {
  if (all.length === 0) return <None>{words.noProjects} {words.noProjectsMore}</None>;
  return <Card className="divide-y divide-line">{all.map((one) => <OfProject key={one.name} standing={one} />)}</Card>;
}

function OfProject({ standing: { name, priority, running, coming, needs, worst, end } }: { standing: Standing }) {
  const facts = [priority === undefined ? "" : words.priority(priority), words.open(running, coming), needs ? words.needs(needs) : "", end ? words.done(ago(end)) : ""].filter(Boolean);
  return (
    <div className="space-y-1 px-4 py-3">
      <div className="flex items-center gap-3">
        <Link to="/board" search={{ project: name }} className="min-w-0 flex-1 truncate font-medium hover:underline">{name}</Link>
        {worst ? <Badge state={worst.verdict} label={words.verdict[worst.verdict] ?? worst.verdict} /> : null}
      </div>
      <p className="text-sm text-dim">{facts.join(" · ")}{worst?.deadline ? ` · ${words.deadline(ago(worst.deadline))}` : ""}</p>
      {worst?.verdict === "late" || worst?.verdict === "tight" ? (
        <p className="text-sm">
          {worst.late_seconds ? <Link to="/tasks/$id" params={{ id: worst.id }} className="text-bad hover:underline">{words.late(plain(worst.title), span(worst.late_seconds))}</Link> : null}
          <span className="block text-dim">{plain(worst.reason)}{worst.save ? ` ${words.save(plain(worst.save))}` : ""}</span>
        </p>
      ) : null}
    </div>
  );
}

function Running({ tasks }: { tasks: Task[] }) {
  const lines = useProgress();
  if (tasks.length === 0) return <None>{words.nothingRuns}</None>;
  return <Card className="divide-y divide-line">{tasks.map((task) => <AtWork key={task.id} task={task} line={lines.get(task.id)?.text} />)}</Card>;
}

function AtWork({ task, line }: { task: Task; line: string | undefined }) {
  // What was said before the page was opened.
  const tail = useQuery({
    queryKey: ["tail", task.id, task.attempt], staleTime: Infinity, enabled: line === undefined,
    queryFn: async () => {
      const { items } = await answer(api.GET("/api/tasks/{id}/events", { params: { path: { id: task.id }, query: { tail: true, limit: 100 } } }));
      return items.map((event) => lineOf({ ...event, data: event.data as Record<string, unknown> })).filter(Boolean).at(-1) ?? "";
    },
  });
  return (
    <Link to="/tasks/$id" params={{ id: task.id }} className="block space-y-0.5 px-4 py-3 hover:bg-sunken">
      <span className="flex items-baseline gap-3"><span className="min-w-0 flex-1 truncate font-medium">{plain(task.title)}</span><span className="shrink-0 text-xs text-dim">{ago(task.started_at)}</span></span>
      <span className="flex items-center gap-2 text-sm"><span aria-hidden className="size-1.5 shrink-0 animate-pulse rounded-full bg-accent motion-reduce:animate-none" /><span className="min-w-0 truncate">{line ?? (tail.data || task.stage || words.starting)}</span></span>
      <span className="block truncate text-sm text-dim">{[task.project, task.agent, task.model === task.agent ? "" : task.model, task.gpu ? "GPU" : ""].filter(Boolean).join(" · ")}</span>
    </Link>
  );
}

function Queue({ tasks }: { tasks: Planned[] }) {
  if (tasks.length === 0) return <None>{words.nothingWaits}</None>;
  return (
    <Card className="divide-y divide-line">
      {tasks.slice(0, MOST_QUEUED).map((task) => (
        <Link key={task.id} to="/tasks/$id" params={{ id: task.id }} className="block px-4 py-2.5 hover:bg-sunken">
          <span className="flex items-baseline gap-3"><span className="min-w-0 flex-1 truncate text-sm font-medium">{plain(task.title)}</span><span className="shrink-0 text-xs text-dim">{task.project}</span></span>
          <span className="line-clamp-2 text-sm text-dim">{plain(task.reason)}</span>
        </Link>
      ))}
      {tasks.length > MOST_QUEUED ? <Link to="/plan" className="block px-4 py-2.5 text-sm text-accent hover:underline">{words.all(tasks.length)}</Link> : null}
    </Card>
  );
}

function Credits({ accounts }: { accounts: Account[] }) {
  if (accounts.length === 0) return <None>{words.noAccounts}</None>;
  const known = accounts.filter((account) => account.state !== "logged_out");
  const without = accounts.filter((account) => account.state === "logged_out");
  return (
    <Card className="divide-y divide-line">
      {known.map((account) => (
        <div key={account.name} className="space-y-2 px-4 py-3 text-sm">
          <div className="flex items-center gap-3"><Link to="/accounts" className="min-w-0 flex-1 truncate font-medium hover:underline">{account.name}</Link><Badge state={account.state} tone={account.state === "ready" ? "good" : undefined} /></div>
          {account.reason ? <p className="text-dim">{plain(account.reason)}{account.until ? ` (${ago(account.until)})` : ""}</p> : null}
          {account.windows.map((window) => {
            const used = window.used == null ? undefined : Math.round(window.used * 100);
            return (
              <div key={window.name}>
                <div className="flex justify-between gap-3 text-dim"><span>{window.label}</span><span>{used === undefined ? window.status : words.used(used)}{window.resets_at ? `, ${words.renews(ago(window.resets_at))}` : ""}{window.stale ? `, ${words.stale}` : ""}</span></div>
                <div role="meter" aria-label={`${account.name}, ${window.label}`} aria-valuenow={used ?? 0} aria-valuemin={0} aria-valuemax={100} className="mt-1 h-1.5 overflow-hidden rounded-full bg-line">
                  <div className={`h-full ${used !== undefined && used >= 100 - account.reserve ? "bg-wait" : "bg-accent"}`} style={{ width: `${used ?? 0}%` }} />
                </div>
              </div>
            );
          })}
        </div>
      ))}
      {without.length > 0 ? <p className="px-4 py-3 text-sm text-dim">{words.loggedOut(without.map((account) => account.name).join(", "))} <Link to="/accounts" className="text-accent hover:underline">{words.logIn}</Link></p> : null}
    </Card>
  );
}
