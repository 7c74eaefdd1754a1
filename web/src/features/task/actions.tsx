import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { post } from "../../api/client";
import type { Task } from "../../api/types";
import { Button, Problem } from "../../components/ui/parts";

interface Props { task: Task; comments: Record<string, string>; onSent: () => void }

/** The comment that is sent back: what was typed, and the remarks on lines. */
export function message(text: string, comments: Record<string, string>): string {
  const remarks = Object.entries(comments).filter(([, remark]) => remark.trim() !== "").map(([place, remark]) => `${place}: ${remark.trim()}`);
  return [text.trim(), ...remarks].filter(Boolean).join("\n");
}

export function Actions({ task, comments, onSent }: Props) {
  const queries = useQueryClient();
  const [writing, setWriting] = useState(false);
  const [text, setText] = useState("");
  const act = useMutation({
    mutationFn: ({ verb, body }: { verb: string; body?: unknown }) => post<Task>(`/api/tasks/${task.id}/${verb}`, body),
    onSuccess: (_, { verb }) => {
      if (verb === "send-back") { setText(""); setWriting(false); onSent(); }
      return queries.invalidateQueries();
    },
  });
  const can = {
    approve: task.state === "review", back: task.state === "review" || task.state === "failed",
    discard: task.state === "review" || task.state === "failed" || task.waiting?.for === "breakpoint", stop: !task.stopping && (["queued", "running"].includes(task.state) || (task.state === "waiting" && task.waiting?.for !== "landing")),
    retry: ["failed", "cancelled"].includes(task.state) || (task.state === "waiting" && task.waiting?.for !== "landing"),
  };
  const whole = message(text, comments);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if ((event.target as HTMLElement).closest("input,textarea,select") || event.ctrlKey || event.metaKey) return;
      if (event.key === "a" && can.approve && !act.isPending) act.mutate({ verb: "approve" });
      if (event.key === "r" && can.back) { event.preventDefault(); setWriting(true); }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  });
  if (!Object.values(can).some(Boolean)) return act.isError ? <Problem error={act.error} /> : null;
  return (
    <div className="fixed inset-x-0 bottom-0 z-10 border-t border-stone-200 bg-white/95 pb-[env(safe-area-inset-bottom)] backdrop-blur dark:border-stone-800 dark:bg-stone-900/95">
      <div className="mx-auto max-w-6xl space-y-2 px-4 py-3">
        {act.isError ? <Problem error={act.error} /> : null}
        {writing ? (
          <textarea aria-label="What should change" autoFocus rows={3} value={text} onChange={(event) => setText(event.target.value)} placeholder="What should change? Remarks on lines are sent along."
            className="w-full rounded-lg bg-stone-50 p-2 text-sm ring-1 ring-stone-300 dark:bg-stone-950 dark:ring-stone-700" />
        ) : null}
        <div className="flex flex-wrap gap-2">
          {can.approve ? <Button look="main" disabled={act.isPending} onClick={() => act.mutate({ verb: "approve" })}>Approve and merge</Button> : null}
          {can.back ? (writing || whole
            ? <Button disabled={act.isPending || !whole} onClick={() => act.mutate({ verb: "send-back", body: { comment: whole } })}>Send back</Button>
            : <Button onClick={() => setWriting(true)}>Send back…</Button>) : null}
          {can.stop ? <Button look="danger" disabled={act.isPending} onClick={() => act.mutate({ verb: "stop" })}>Stop</Button> : null}
          {can.retry ? <Button disabled={act.isPending} onClick={() => act.mutate({ verb: "retry", body: {} })}>{task.state === "waiting" && task.waiting?.for !== "breakpoint" ? "Do not wait" : "Try again"}</Button> : null}
          {can.discard ? <Button look="danger" className="ml-auto" disabled={act.isPending} onClick={() => act.mutate({ verb: "reject", body: {} })}>Discard</Button> : null}
        </div>
      </div>
    </div>
  );
}
