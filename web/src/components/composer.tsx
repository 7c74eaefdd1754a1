import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useRef, useState } from "react";
import { get, post } from "../api/client";
import type { Status, Task } from "../api/types";
import { newId } from "../lib/ids";
import { Button, Card, Problem } from "./ui/parts";

/** A new task. `bare` where it is in a card already. */
export function Composer({ bare = false }: { bare?: boolean }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [repo, setRepo] = useState(() => localStorage.getItem("repo") ?? "");
  const [agent, setAgent] = useState("");
  // One key a draft: sending it twice makes one task.
  const key = useRef(newId());
  const status = useQuery({ queryKey: ["status"], queryFn: () => get<Status>("/api/status") });
  const send = useMutation({
    mutationFn: () => post<Task>("/api/tasks", { text, repo, agent: agent || undefined }, key.current),
    onSuccess: (task) => {
      key.current = newId();
      localStorage.setItem("repo", repo);
      setText("");
      void queries.invalidateQueries({ queryKey: ["tasks"] });
      void navigate({ to: "/tasks/$id", params: { id: task.id } });
    },
  });
  const ready = text.trim() !== "" && repo.trim() !== "";
  const field = "rounded-lg bg-stone-50 px-3 py-2 text-sm ring-1 ring-stone-300 dark:bg-stone-950 dark:ring-stone-700";
  return (
    <Frame bare={bare}>
      <textarea aria-label="What is to be done" placeholder="What is to be done?" rows={2} value={text} className={`${field} w-full text-base`}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && ready) send.mutate(); }} />
      <div className="flex flex-wrap gap-2">
        <input aria-label="Repository" placeholder="Repository: path or URL" value={repo} onChange={(event) => setRepo(event.target.value)} className={`${field} min-w-0 flex-1 basis-60`} />
        <select aria-label="Agent" value={agent} onChange={(event) => setAgent(event.target.value)} className={field}>
          <option value="">Choose the agent for me</option>
          {status.data?.agents.map((found) => (
            <option key={found.name} value={found.name} disabled={found.state !== "ready"}>{found.name}{found.name === "rehearsal" ? " (no model)" : ""}{found.state === "ready" ? "" : `: ${found.state.replace("_", " ")}`}</option>
          ))}
        </select>
        <Button look="main" disabled={!ready || send.isPending} onClick={() => send.mutate()}>Delegate</Button>
      </div>
      {send.isError ? <Problem error={send.error} /> : null}
    </Frame>
  );
}

function Frame({ bare, children }: { bare: boolean; children: ReactNode }) {
  return bare ? <div className="space-y-3">{children}</div> : <Card className="space-y-3 p-4">{children}</Card>;
}
