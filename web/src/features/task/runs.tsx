import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, post } from "../../api/client";
import type { Checkpoint, Page, Run } from "../../api/types";
import { Badge, Button, Card, Dim, Problem } from "../../components/ui/parts";
import { ago, plain } from "../../lib/words";

export function Runs({ id }: { id: string }) {
  const queries = useQueryClient();
  const runs = useQuery({ queryKey: ["runs", id], queryFn: () => get<Page<Run>>(`/api/tasks/${id}/runs`) });
  const points = useQuery({ queryKey: ["checkpoints", id], queryFn: () => get<Page<Checkpoint>>(`/api/tasks/${id}/checkpoints`) });
  const back = useMutation({ mutationFn: (checkpoint: string) => post(`/api/tasks/${id}/rollback`, { checkpoint }), onSuccess: () => queries.invalidateQueries() });
  return (
    <div className="space-y-4 text-sm">
      <Card className="divide-y divide-stone-200 dark:divide-stone-800">
        {runs.data?.items.map((run) => (
          <div key={run.id} className="space-y-1 px-4 py-3">
            <div className="flex flex-wrap gap-3"><span className="font-medium">Run {run.attempt}</span><Badge state={run.outcome === "succeeded" ? "completed" : run.outcome ? "failed" : "running"} /><span>{run.outcome?.replace("_", " ") ?? run.state}</span><Dim>{run.agent} · {ago(run.started_at)}</Dim></div>
            {run.feedback ? <p>Answers: {plain(run.feedback)}</p> : null}
            {run.reason ? <p><Dim>{plain(run.reason)}</Dim></p> : null}
          </div>
        ))}
      </Card>
      <h3 className="font-semibold">Checkpoints</h3>
      <Card className="divide-y divide-stone-200 dark:divide-stone-800">
        {points.data?.items.map((point) => (
          <div key={point.name} className="flex items-center gap-3 px-4 py-2"><span>{point.name}</span><code className="text-xs">{point.commit.slice(0, 12)}</code><Dim>{ago(point.at)}</Dim>
            <Button className="ml-auto" disabled={back.isPending} onClick={() => back.mutate(point.name)}>Roll back</Button></div>
        ))}
      </Card>
      {back.isError ? <Problem error={back.error} /> : null}
    </div>
  );
}
