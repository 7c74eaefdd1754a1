import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { answer, api } from "../../api/client";
import { Review } from "../../components/diff/review";
import { Problem, Skeleton } from "../../components/ui/parts";
import { Tabs } from "../../components/ui/tabs";
import { useRefresh } from "../../lib/refresh";
import { task as words } from "../../words/task";
import { Actions } from "./actions";
import { Changing } from "./changing";
import { Checks } from "./checks";
import { Conversation } from "./conversation-view";
import { Head } from "./head";
import { History } from "./history";
import { Questions } from "./questions";
import { Terminal } from "./terminal";
import { useEvents } from "./use-events";
import { Verdict } from "./verdict";

const KEYS = ["task", "runs", "checkpoints", "continuation", "race", "route"] as const;

export function TaskPage({ id }: { id: string }) {
  const task = useQuery({ queryKey: ["task", id], queryFn: () => answer(api.GET("/api/tasks/{id}", { params: { path: { id } } })) });
  const whole = task.data?.id ?? id;
  const runs = useQuery({ queryKey: ["runs", id], queryFn: () => answer(api.GET("/api/tasks/{id}/runs", { params: { path: { id } } })) });
  const events = useEvents(whole);
  const [tab, setTab] = useState<string>();
  const [terminal, setTerminal] = useState(false);
  const moves = (event: { task: string; type: string }) => event.task === whole && /^(task|run|check|diff|checkpoint|question|landing|step|race|collision|usage)\./.test(event.type) && event.type !== "task.output";
  for (const key of KEYS) useRefresh([key, id], moves);
  useEffect(() => setTab(undefined), [id]);
  if (task.isError) return <main className="mx-auto max-w-7xl p-4 sm:p-6"><Problem error={task.error} /></main>;
  if (!task.data) return <main className="mx-auto max-w-7xl p-4 sm:p-6"><Skeleton /></main>;
  const { state, commit, verdict, checks } = task.data;
  const shown = tab ?? (state === "review" || (state === "failed" && commit) ? "changes" : "conversation");
  const live = state === "running";
  const canRemark = state === "review" || state === "failed";
  const attempts = (runs.data?.items ?? []).flatMap((run) => (run.commit ? [{ attempt: run.attempt, commit: run.commit }] : []));
  const tabs = [
    { id: "conversation", label: words.tabs.conversation }, { id: "changes", label: words.tabs.changes, count: task.data.diff?.files },
    { id: "checks", label: words.tabs.checks, count: checks.filter((check) => check.status !== "passed").length }, { id: "history", label: words.tabs.history },
  ];
  return (
    <main className="mx-auto max-w-7xl space-y-4 px-4 pt-4 pb-40 sm:px-6 sm:pt-6">
      <Head task={task.data} />
      <Questions task={task.data} />
      <Tabs tabs={tabs} shown={shown} onShow={setTab} label={words.label}>
        <div className="pt-4">
          {shown === "conversation" ? (
            <div className="space-y-3">
              <div className="flex flex-wrap items-center gap-3">
                <div role="group" aria-label={words.conversation.view} className="flex rounded-lg ring-1 ring-line">
                  {([[false, words.conversation.talk], [true, words.conversation.terminal]] as const).map(([which, label]) => <button key={label} type="button" aria-pressed={terminal === which} onClick={() => setTerminal(which)} className={`min-h-11 px-3 text-sm first:rounded-l-lg last:rounded-r-lg sm:min-h-8 ${terminal === which ? "bg-sunken font-medium" : "text-dim hover:text-ink"}`}>{label}</button>)}
                </div>
              </div>
              {live ? <Changing id={whole} /> : null}
              {terminal ? <Terminal events={events} live={live} /> : <Conversation task={whole} events={events} live={live} canRemark={canRemark} />}
            </div>
          ) : shown === "changes" ? <Review task={whole} findings={verdict?.opinion?.remarks ?? []} reviewer={verdict?.opinion?.agent ?? ""} canRemark={canRemark} attempts={attempts} />
            : shown === "checks" ? <div className="grid gap-4 lg:grid-cols-2"><div className="min-w-0"><Checks task={task.data} /></div><div className="min-w-0"><Verdict task={task.data} /></div></div>
              : <History task={task.data} runs={runs.data?.items ?? []} events={events} />}
        </div>
      </Tabs>
      <Actions task={task.data} onSent={() => setTab("conversation")} />
    </main>
  );
}
