import { useQuery } from "@tanstack/react-query";
import { get } from "../../api/client";
import type { Status } from "../../api/types";
import { Badge, Card, Dim, PageBody, Problem, Skeleton } from "../../components/ui/parts";
import { shell } from "../../words/shell";
import { ago } from "../../lib/words";

export function StatusPage() {
  const status = useQuery({ queryKey: ["status"], queryFn: () => get<Status>("/api/status") });
  if (!status.data) return <PageBody title={shell.pages.machine}>{status.isError ? <Problem error={status.error} /> : <Skeleton />}</PageBody>;
  const { sandbox, agents, version, started_at } = status.data;
  return (
    <PageBody title={shell.pages.machine}>
      <section>
        <h2 className="mb-2 text-sm font-semibold">Agents</h2>
        <Card className="divide-y divide-stone-200 dark:divide-stone-800">
          {agents.map((agent) => (
            <div key={agent.name} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-3 text-sm">
              <span className="w-24 font-medium">{agent.name}</span>
              <Badge state={agent.state === "ready" ? "completed" : "failed"} /><span>{agent.state.replace("_", " ")}</span>
              <Dim>{agent.version} {agent.billing && agent.billing !== "none" ? `billed by ${agent.billing}` : ""}</Dim>
              <span className="basis-full text-stone-500 dark:text-stone-400">{agent.detail}</span>
            </div>
          ))}
        </Card>
      </section>
      <section>
        <h2 className="mb-2 text-sm font-semibold">Sandbox</h2>
        <Card className="px-4 py-3 text-sm">
          <p>{sandbox.summary}</p>
          <ul className="mt-3 space-y-1.5">
            {sandbox.details.map((part) => (
              <li key={part.name} className="flex gap-3"><span aria-hidden>{part.ok ? "✓" : "✕"}</span><span className="w-28 shrink-0">{part.name}</span><Dim>{part.text}</Dim></li>
            ))}
          </ul>
        </Card>
      </section>
      <p className="text-xs text-stone-500 dark:text-stone-400">Sidekick {version}, started {ago(started_at)}</p>
    </PageBody>
  );
}
