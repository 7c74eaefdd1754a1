import { Link } from "@tanstack/react-router";
import { ArrowUpRight } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { DecisionNote } from "../../components/decision";
import { Review } from "../../components/diff/review";
import { useRemarks } from "../../components/diff/use-remarks";
import { Badge, Button, Card, control } from "../../components/ui/parts";
import { decide, useDecisions } from "../../lib/decisions";
import { useDraft } from "../../lib/drafts";
import { useKeys } from "../../lib/keys";
import { plain } from "../../lib/words";
import { inbox as words } from "../../words/inbox";
import { facts, Reasons, Sign } from "./facts";
import type { Need } from "./needs";

/** One thing with all that it takes to decide it. */
export function Focus({ need }: { need: Need }) {
  const { task } = need;
  const failed = task.checks.filter((check) => check.status !== "passed");
  const opinion = task.verdict?.opinion;
  const says = need.need === "question" ? undefined : (task.reason ?? task.summary);
  return (
    <article aria-label={plain(task.title)} className="space-y-4 pb-32 lg:pb-0">
      <header className="space-y-1.5">
        <div className="flex items-start gap-3">
          <Sign need={need.need} />
          <h2 className="min-w-0 flex-1 text-lg font-semibold tracking-tight break-words">{plain(task.title)} <span className="font-normal text-dim">{words.about[need.need]}</span></h2>
          <Link to="/tasks/$id" params={{ id: task.id }} className="inline-flex min-h-9 shrink-0 items-center gap-1 text-sm text-dim hover:text-ink">{words.open}<ArrowUpRight size={15} aria-hidden /></Link>
        </div>
        <p className="text-sm text-dim">{facts(need)}</p>
        <Reasons need={need} />
      </header>
      {need.need === "question" ? <Questions need={need} /> : null}
      <Card className="divide-y divide-line empty:hidden">
      {says ? <Part title={need.need === "review" ? words.summary : undefined}><p className="line-clamp-[12] whitespace-pre-wrap break-words">{plain(says)}</p></Part> : null}
      {task.verdict ? <Part title={words.verdict}><p>{plain(task.verdict.reason)}</p><p className="text-dim">{plain(task.verdict.confidence_words)}</p></Part> : null}
      {opinion && opinion.remarks.length > 0 ? (
        <Part title={words.remarks}><ul className="list-disc space-y-1 pl-5">{opinion.remarks.map((remark, n) => <li key={n}>{plain(remark.text)}{remark.file ? <span className="text-dim"> {plain(remark.file)}{remark.line == null ? "" : `:${remark.line}`}</span> : null}</li>)}</ul></Part>
      ) : null}
      {failed.length > 0 ? (
        <Part title={words.failedChecks}>{failed.map((check) => (
          <details key={check.name}><summary className="py-1"><Badge state="failed" label={check.status} /> {plain(check.name)} <code className="text-dim">{plain(check.command)}</code></summary>
            <pre tabIndex={0} className="mt-2 max-h-72 overflow-auto rounded-lg bg-sunken p-3 text-xs">{plain(check.output)}</pre></details>
        ))}</Part>
      ) : null}
      {task.warnings.length > 0 ? <Part title={words.warnings}><ul className="list-disc pl-5">{task.warnings.map((warning, n) => <li key={n}>{plain(warning)}</li>)}</ul></Part> : null}
      </Card>
      {need.need === "review" || (need.need === "failure" && task.commit) ? (
        <section aria-label={words.change}><Review task={task.id} findings={opinion?.remarks ?? []} reviewer={opinion?.agent ?? ""} canRemark /></section>
      ) : null}
      {need.need === "question" ? null : <Decide need={need} />}
    </article>
  );
}

function Part({ title, children }: { title?: string | undefined; children: ReactNode }) {
  return <section className="space-y-1.5 p-4 text-sm">{title ? <h3 className="font-medium">{title}</h3> : null}{children}</section>;
}

/** What is asked, one card each; a choice is one tap, or its number on the keyboard. */
function Questions({ need: { task } }: { need: Need }) {
  const open = (task.questions ?? []).filter((question) => question.answer == null);
  const decision = useDecisions().find((one) => one.task === task.id);
  const give = (question: string, text: string) => void decide("answer", task, { question, text });
  useKeys((open[0]?.choices ?? []).slice(0, 9).map((_, n) => ({ key: String(n + 1), label: words.keys.answer, run: () => { if (open[0] && !decision) give(open[0].id, String(n + 1)); } })));
  return (
    <>
      {decision ? <DecisionNote decision={decision} /> : null}
      {open.map((question) => (
        <Card key={question.id} className="space-y-3 p-4">
          <p className="max-w-prose font-medium whitespace-pre-wrap break-words">{plain(question.text)}</p>
          {question.evidence?.length ? <ul className="list-disc space-y-1 pl-5 text-sm">{question.evidence.map((seen, n) => <li key={n} className="whitespace-pre-wrap break-words">{plain(seen)}</li>)}</ul> : null}
          {/* By number: a choice may itself read like the number of another. */}
          <div className="flex flex-wrap gap-2 empty:hidden">
            {question.choices.map((choice, n) => <Button key={n} look={n === 0 ? "main" : "plain"} disabled={decision !== undefined} onClick={() => give(question.id, String(n + 1))}>{plain(choice)}</Button>)}
          </div>
          <Say disabled={decision !== undefined} choices={question.choices.length > 0} name={`answer:${task.id}:${question.id}`} onSay={(text) => give(question.id, text)} />
        </Card>
      ))}
    </>
  );
}

function Say({ name, choices, disabled, onSay }: { name: string; choices: boolean; disabled: boolean; onSay: (text: string) => void }) {
  const [text, setText] = useDraft(name, "");
  const send = () => { if (text.trim()) { onSay(text.trim()); setText(""); } };
  return (
    <form className="flex gap-2" onSubmit={(event) => { event.preventDefault(); send(); }}>
      <input aria-label="Your answer" placeholder={choices ? "Or say it in your own words" : "Your answer"} maxLength={4000} value={text} disabled={disabled} onChange={(event) => setText(event.target.value)} className={control} />
      <Button type="submit" disabled={disabled || !text.trim()}>Answer</Button>
    </form>
  );
}

/** The decision on work that is done, or on a failure: at the thumb on a phone, below everything on a screen. */
function Decide({ need: { need, task } }: { need: Need }) {
  // What was said of lines is kept by the daemon, and goes back with the work.
  const open = useRemarks(task.id).items.filter((remark) => remark.sent == null).length;
  const [text, setText] = useDraft(`send-back:${task.id}`, "");
  const field = useRef<HTMLTextAreaElement>(null);
  const decision = useDecisions().find((one) => one.task === task.id);
  const whole = text.trim() || open > 0;
  const seen = { seen: task.commit ?? undefined };
  const can = { approve: need === "review", back: need === "review" || need === "failure", retry: need !== "review" };
  const sendBack = () => {
    if (!whole) return;
    void decide("send-back", task, { comment: text.trim(), ...seen });
    setText("");
  };
  useKeys([
    { key: "a", label: words.keys.approve, run: () => { if (can.approve && !decision) void decide("approve", task, seen); } },
    { key: "r", label: words.keys.back, run: () => field.current?.focus() },
    { key: "x", label: words.keys.discard, run: () => { if (!decision) void decide("reject", task, seen); } },
  ]);
  return (
    <div className="fixed inset-x-0 bottom-[calc(3.5rem+env(safe-area-inset-bottom))] z-10 border-t border-line bg-surface px-4 py-2.5 lg:sticky lg:bottom-4 lg:rounded-xl lg:border-0 lg:p-3 lg:shadow-lg lg:ring-1 lg:ring-line">
      {decision ? <DecisionNote decision={decision} /> : (
        <div className="space-y-2 lg:flex lg:items-end lg:gap-2 lg:space-y-0">
          {can.back ? (
            <form className="flex min-w-0 flex-1 items-end gap-2" onSubmit={(event) => { event.preventDefault(); sendBack(); }}>
              <textarea ref={field} aria-label={words.comment} placeholder={open > 0 ? words.commentLong : words.comment} rows={Math.min(5, Math.max(1, text.split("\n").length))} value={text} onChange={(event) => setText(event.target.value)}
                onKeyDown={(event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) sendBack(); if (event.key === "Escape") field.current?.blur(); }} className={`${control} resize-none py-2`} />
              <Button type="submit" disabled={!whole}>{words.sendBack}</Button>
            </form>
          ) : null}
          <div className="flex gap-2">
            {can.approve ? <Button look="main" className="flex-1 lg:flex-none" onClick={() => void decide("approve", task, seen)}>{words.approve}</Button> : null}
            {can.retry ? <Button look="main" className="flex-1 lg:flex-none" onClick={() => void decide("retry", task)}>{words.retry}</Button> : null}
            <Button look="danger" onClick={() => void decide("reject", task, seen)}>{words.discard}</Button>
          </div>
        </div>
      )}
    </div>
  );
}
