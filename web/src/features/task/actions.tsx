// What a person can do with a task now, at the thumb. What cannot be undone says what it does before it does it; decisions on
// work name the commit that was seen, so that a second click or another tab decides nothing about other work.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useRef, useState } from "react";
import { answer, api } from "../../api/client";
import type { Task } from "../../api/types";
import { DecisionNote } from "../../components/decision";
import { useRemarks } from "../../components/diff/use-remarks";
import { Dialog } from "../../components/ui/dialog";
import { Menu } from "../../components/ui/menu";
import { Button, control, Field, Problem } from "../../components/ui/parts";
import { toast } from "../../components/ui/toast";
import { decide, useDecisions, type Verb } from "../../lib/decisions";
import { useDraft } from "../../lib/drafts";
import { newId } from "../../lib/ids";
import { useKeys } from "../../lib/keys";
import { plain } from "../../lib/words";
import { task as all } from "../../words/task";

const words = all.actions;

type Asked = "stop" | "retry" | "fork" | "takeover" | "discard" | "revert";

/** What may be done in this state; the daemon has the last word. */
export function possible(task: Task) {
  const { state } = task;
  const landing = state === "waiting" && task.waiting?.for === "landing";
  return {
    approve: state === "review" && Boolean(task.commit),
    back: state === "review" || state === "failed",
    stop: !task.stopping && (state === "queued" || state === "running" || state === "waiting"),
    now: state === "waiting" && !landing && task.waiting?.for !== "breakpoint",
    retry: ["failed", "cancelled", "review"].includes(state) || (state === "waiting" && task.waiting?.for === "breakpoint"),
    takeover: !landing && !["completed", "cancelled"].includes(state) && !task.hands_on,
    discard: state === "review" || state === "failed" || (state === "waiting" && task.waiting?.for === "breakpoint"),
    fork: Boolean(task.commit ?? task.base_commit),
    revert: state === "completed" && Boolean(task.commit) && task.commit !== task.base_commit,
    landing,
  };
}

export function Actions({ task, onSent }: { task: Task; onSent: () => void }) {
  const can = possible(task);
  const remarks = useRemarks(task.id);
  const open = remarks.items.filter((remark) => remark.sent == null).length;
  const [text, setText] = useDraft(`send-back:${task.id}`, "");
  const [writing, setWriting] = useState(false);
  const [asked, setAsked] = useState<Asked>();
  const field = useRef<HTMLTextAreaElement>(null);
  const decision = useDecisions().find((one) => one.task === task.id);
  const act = (verb: Verb, body: Record<string, unknown> = {}) => { setAsked(undefined); void decide(verb, task, body); };
  const seen = task.commit ? { seen: task.commit } : {};
  const write = () => { setWriting(true); requestAnimationFrame(() => field.current?.focus()); };
  const sendBack = () => {
    if (!text.trim() && open === 0) return write();
    act("send-back", { comment: text.trim(), ...seen });
    setText("");
    setWriting(false);
    onSent();
  };
  useKeys([
    ...(can.approve ? [{ key: "a", label: words.approve, run: () => { if (!decision) act("approve", seen); } }] : []),
    ...(can.back ? [{ key: "r", label: words.back, run: write }] : []),
    ...(can.fork ? [{ key: "f", label: words.fork, run: () => setAsked("fork") }] : []),
  ]);
  const more = [
    ...(can.retry ? [{ label: words.retry, onChoose: () => setAsked("retry") }] : []),
    ...(can.fork ? [{ label: words.fork, onChoose: () => setAsked("fork") }] : []),
    ...(can.takeover ? [{ label: words.takeover, onChoose: () => setAsked("takeover") }] : []),
    ...(can.revert ? [{ label: words.revert, onChoose: () => setAsked("revert") }] : []),
    ...(can.discard ? [{ label: words.discard, onChoose: () => setAsked("discard"), danger: true }] : []),
  ];
  if (!can.approve && !can.back && !can.stop && !can.now && more.length === 0 && !decision) return null;
  return (
    <section aria-label={words.label} className="fixed inset-x-0 bottom-[calc(3.5rem+env(safe-area-inset-bottom))] z-20 border-t border-line bg-surface lg:bottom-0 lg:left-52">
      <div className="mx-auto max-w-7xl space-y-2 px-4 py-2.5 sm:px-6">
        {decision ? <DecisionNote decision={decision} /> : <>
          {writing || text ? (
            <textarea ref={field} aria-label={words.backField} rows={Math.min(6, Math.max(2, text.split("\n").length))} value={text} onChange={(event) => setText(event.target.value)} placeholder={words.backPlace}
              onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) sendBack(); if (event.key === "Escape") { field.current?.blur(); setWriting(false); } }} className={`${control} py-2`} />
          ) : null}
          <div className="flex flex-wrap items-center gap-2">
            {can.approve ? <Button look="main" onClick={() => act("approve", seen)}>{words.approve}</Button> : null}
            {can.back ? <Button onClick={sendBack}>{text.trim() && open === 0 ? words.back : words.backMore(open)}</Button> : null}
            {can.now ? <Button onClick={() => act("retry")}>{words.retryNow}</Button> : null}
            {can.stop ? <Button look="danger" onClick={() => setAsked("stop")}>{can.landing ? words.withdraw : words.stop}</Button> : null}
            {more.length > 0 ? <span className="ml-auto"><Menu label={words.more} choices={more} up /></span> : null}
          </div>
        </>}
      </div>
      <Ask open={asked === "stop"} title={task.state === "running" ? words.stopTitle : can.landing ? words.withdraw : words.cancelTitle} text={task.state === "running" ? words.stopText : can.landing ? words.withdrawText : words.cancelText} yes={can.landing ? words.withdraw : words.stop} onYes={() => act("stop")} onClose={() => setAsked(undefined)} />
      <Ask open={asked === "discard"} title={words.discardTitle} text={words.discardText} yes={words.discard.replace("…", "")} onYes={() => act("reject", seen)} onClose={() => setAsked(undefined)} />
      {asked === "retry" ? <Retry task={task} onYes={(agent) => act("retry", agent ? { agent } : {})} onClose={() => setAsked(undefined)} /> : null}
      {asked === "fork" ? <Fork task={task} onClose={() => setAsked(undefined)} /> : null}
      {asked === "revert" ? <Revert task={task} onClose={() => setAsked(undefined)} /> : null}
      <Dialog open={asked === "takeover"} onClose={() => setAsked(undefined)} title={words.takeoverTitle}><TakeOver task={task} /></Dialog>
    </section>
  );
}

function Ask({ open, title, text, yes, onYes, onClose, children }: { open: boolean; title: string; text: string; yes: string; onYes: () => void; onClose: () => void; children?: ReactNode }) {
  return (
    <Dialog open={open} onClose={onClose} title={title}>
      <p className="text-sm">{text}</p>
      {children}
      <div className="flex gap-2"><Button look="main" onClick={onYes}>{yes}</Button><Button onClick={onClose}>{words.cancel}</Button></div>
    </Dialog>
  );
}

function useAgents() {
  const status = useQuery({ queryKey: ["status"], queryFn: () => answer(api.GET("/api/status")) });
  return (status.data?.agents ?? []).filter((agent) => agent.state === "ready").map((agent) => agent.name);
}

function AgentField({ value, onChange }: { value: string; onChange: (agent: string) => void }) {
  const agents = useAgents();
  return (
    <Field label={words.retryAgent}>
      <select className={control} value={value} onChange={(event) => onChange(event.target.value)}><option value="">{words.same}</option>{agents.map((name) => <option key={name} value={name}>{name}</option>)}</select>
    </Field>
  );
}

function Retry({ task, onYes, onClose }: { task: Task; onYes: (agent: string) => void; onClose: () => void }) {
  const [agent, setAgent] = useState("");
  return <Ask open title={words.retryTitle} text={words.retryText} yes={words.retry.replace("…", "")} onYes={() => onYes(agent === task.agent ? "" : agent)} onClose={onClose}><AgentField value={agent} onChange={setAgent} /></Ask>;
}

function Fork({ task, onClose }: { task: Task; onClose: () => void }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [text, setText] = useDraft(`fork:${task.id}`, "");
  const [agent, setAgent] = useState("");
  const [checkpoint, setCheckpoint] = useState("");
  const key = useRef(newId());
  const points = useQuery({ queryKey: ["checkpoints", task.id], queryFn: () => answer(api.GET("/api/tasks/{id}/checkpoints", { params: { path: { id: task.id } } })) });
  const fork = useMutation({
    mutationFn: () => answer(api.POST("/api/tasks/{id}/fork", { params: { path: { id: task.id } }, headers: { "idempotency-key": key.current }, body: { text, ...(agent ? { agent } : {}), ...(checkpoint ? { checkpoint } : {}) } })),
    onSuccess: (made) => { setText(""); onClose(); toast(words.forked); void queries.invalidateQueries(); void navigate({ to: "/tasks/$id", params: { id: made.id } }); },
  });
  return (
    <Dialog open onClose={onClose} title={words.forkTitle}>
      <p className="text-sm text-dim">{words.forkText}</p>
      <Field label={words.forkField}><textarea rows={4} autoFocus className={`${control} py-2`} value={text} onChange={(event) => { setText(event.target.value); key.current = newId(); }} /></Field>
      <Field label={words.forkFrom}>
        <select className={control} value={checkpoint} onChange={(event) => setCheckpoint(event.target.value)}><option value="">{words.forkLatest}</option>{(points.data?.items ?? []).map((point) => <option key={point.name} value={point.name}>{plain(point.name)}</option>)}</select>
      </Field>
      <AgentField value={agent} onChange={setAgent} />
      {fork.isError ? <Problem error={fork.error} /> : null}
      <Button look="main" disabled={!text.trim() || fork.isPending} onClick={() => fork.mutate()}>{words.fork.replace("…", "")}</Button>
    </Dialog>
  );
}

function Revert({ task, onClose }: { task: Task; onClose: () => void }) {
  const queries = useQueryClient();
  const [message, setMessage] = useState("");
  const revert = useMutation({
    mutationFn: () => answer(api.POST("/api/tasks/{id}/reverted", { params: { path: { id: task.id } }, body: { message } })),
    onSuccess: () => { onClose(); toast(words.reverted); return queries.invalidateQueries(); },
  });
  return (
    <Dialog open onClose={onClose} title={words.revertTitle}>
      <p className="text-sm">{words.revertText}</p>
      <Field label={words.revertField}><textarea rows={3} className={`${control} py-2`} value={message} onChange={(event) => setMessage(event.target.value)} /></Field>
      {revert.isError ? <Problem error={revert.error} /> : null}
      <div className="flex gap-2"><Button look="main" disabled={!message.trim() || revert.isPending} onClick={() => revert.mutate()}>{words.revert.replace("…", "")}</Button><Button onClick={onClose}>{words.cancel}</Button></div>
    </Dialog>
  );
}

function TakeOver({ task }: { task: Task }) {
  const command = `sidekick takeover ${task.short}`;
  const copy = () => { void navigator.clipboard?.writeText(command).then(() => toast(words.copied)); };
  return (
    <>
      <p className="text-sm">{words.takeoverText}</p>
      <div className="flex items-center gap-2"><code className="min-w-0 flex-1 rounded-lg bg-sunken px-3 py-2 break-all select-all">{command}</code><Button onClick={copy}>{words.copy}</Button></div>
    </>
  );
}
