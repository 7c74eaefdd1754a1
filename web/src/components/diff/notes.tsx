// What is said beside lines: by people, who may still change it; by a second model, which may not; and the field for more.

import { useRef, useState } from "react";
import type { Finding } from "../../api/types";
import { newId } from "../../lib/ids";
import { ago, plain } from "../../lib/words";
import { diff as words } from "../../words/diff";
import { Badge, Button, Problem } from "../ui/parts";
import { toast } from "../ui/toast";
import { drafts, type Remark, type useRemarks, type WriteRemark } from "./use-remarks";

type Remarks = ReturnType<typeof useRemarks>;

const CARD = "rounded-lg bg-surface p-3 text-sm ring-1 ring-line max-w-2xl font-sans";

export function RemarkCard({ remark, remarks, outdated, canChange }: { remark: Remark; remarks: Remarks; outdated: boolean; canChange: boolean }) {
  const [text, setText] = useState<string>();
  const who = remark.actor.replace(/^person:/, "");
  const open = remark.sent === undefined || remark.sent === null;
  return (
    <article className={`${CARD} ${open ? "border-l-4 border-l-accent" : "opacity-90"}`} aria-label={words.comment(remark.line)}>
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-dim">
        <span className="font-medium text-ink">{plain(who)}</span><span>{ago(remark.changed_at)}</span>
        {remark.side === "old" ? <span>{words.old}</span> : null}{remark.end > remark.line ? <span>{words.commentLines(remark.line, remark.end)}</span> : null}
        {open ? <Badge state="waiting" label={words.open} /> : <Badge state="queued" label={words.sent(remark.sent!)} />}
        {outdated ? <Badge state="cancelled" label={words.outdated} /> : null}
      </p>
      {outdated && remark.quote ? <pre className="mt-2 overflow-x-auto rounded bg-sunken p-2 text-xs">{plain(remark.quote)}</pre> : null}
      {text === undefined ? <p className="mt-1.5 break-words whitespace-pre-wrap">{plain(remark.text)}</p> : (
        <textarea aria-label={words.place} value={text} rows={3} autoFocus onChange={(event) => setText(event.target.value)}
          className="mt-2 w-full rounded-lg bg-surface p-2 text-base ring-1 ring-edge sm:text-sm" />
      )}
      {open && canChange ? (
        <p className="mt-2 flex gap-1">
          {text === undefined ? <>
            <Button look="quiet" onClick={() => setText(remark.text)}>{words.edit}</Button>
            <Button look="quiet" disabled={remarks.remove.isPending} onClick={() => remarks.remove.mutate(remark.id, { onSuccess: () => toast(words.removed, { undo: () => remarks.write.mutate({ ...spotOfRemark(remark), text: remark.text, idempotency: newId() }) }) })}>{words.remove}</Button>
          </> : <>
            <Button look="main" disabled={!text.trim() || remarks.change.isPending} onClick={() => remarks.change.mutate({ remark: remark.id, text }, { onSuccess: () => setText(undefined) })}>{words.update}</Button>
            <Button look="quiet" onClick={() => setText(undefined)}>{words.cancel}</Button>
          </>}
        </p>
      ) : null}
      {remarks.change.isError && text !== undefined ? <Problem error={remarks.change.error} /> : null}
    </article>
  );
}

function spotOfRemark(remark: Remark): Omit<WriteRemark, "text"> {
  const { commit, file, side, line, end, quote } = remark;
  return { ...(commit ? { commit } : {}), ...(file ? { file } : {}), side, line, end, ...(side === "plan" ? { quote } : {}) };
}

const TONE: Record<string, string> = { serious: "failed", warning: "review" };

export function FindingCard({ finding, reviewer }: { finding: Finding; reviewer: string }) {
  return (
    <article className={`${CARD} border-l-4 border-l-note`}>
      <p className="flex flex-wrap items-center gap-2 text-xs text-dim"><span className="font-medium text-ink">{words.reviewer(plain(reviewer))}</span><Badge state={TONE[finding.severity] ?? "queued"} label={words.severity(finding.severity)} />{finding.line ? <span>{words.commentLines(finding.line, finding.line)}</span> : null}</p>
      <p className="mt-1.5 break-words whitespace-pre-wrap">{plain(finding.text)}</p>
    </article>
  );
}

interface EditorProps { task: string; place: string; label: string; body: Omit<WriteRemark, "text">; remarks: Remarks; onClose: () => void; fresh: boolean }

/** Where a new remark is typed. What is typed outlives the page; what is saved twice is kept once. */
export function RemarkEditor({ task, place, label, body, remarks, onClose, fresh }: EditorProps) {
  const [text, setText] = useState(() => drafts.read(task, place));
  const [failed, setFailed] = useState<unknown>();
  const [saving, setSaving] = useState(false);
  const key = useRef<string>(undefined);
  const save = () => {
    if (!text.trim() || saving) return;
    // The same words again are the same remark, even when the answer to the first was lost.
    key.current ??= newId();
    setSaving(true);
    remarks.write.mutateAsync({ ...body, text, idempotency: key.current }).then(() => {
      drafts.write(task, place, "");
      onClose();
    }, (error: unknown) => { setFailed(error); setSaving(false); });
  };
  return (
    <div className={`${CARD} border-l-4 border-l-accent`}>
      <label className="block text-xs text-dim" htmlFor={`remark-${place}`}>{label}</label>
      <textarea id={`remark-${place}`} autoFocus={fresh} rows={3} value={text} placeholder={words.place}
        onChange={(event) => { setText(event.target.value); key.current = undefined; drafts.write(task, place, event.target.value); }}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); save(); }
          if (event.key === "Escape") { event.stopPropagation(); onClose(); }
        }}
        className="mt-1 w-full rounded-lg bg-surface p-2 text-base ring-1 ring-edge sm:text-sm" />
      {failed ? <Problem error={failed} /> : null}
      <p className="mt-2 flex gap-1">
        <Button look="main" disabled={!text.trim() || saving} onClick={save}>{words.save}</Button>
        <Button look="quiet" onClick={() => { drafts.write(task, place, ""); onClose(); }}>{words.cancel}</Button>
      </p>
    </div>
  );
}
