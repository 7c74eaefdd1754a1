// What is about to change: tried as it is typed, shown as a difference of the file, saved.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Problem as Refused, request } from "../../api/client";
import type { Changed, DiffLine } from "../../api/types";
import { Dialog } from "../../components/ui/dialog";
import { Button, Dim, Problem } from "../../components/ui/parts";
import { toast } from "../../components/ui/toast";
import { plain } from "../../lib/words";
import { settings as words } from "../../words/settings";

/** Typing settles before it is tried. */
const SETTLES = 400;
/** Lines around what differs. */
const AROUND = 2;

interface Props { method: "PATCH" | "PUT"; path: string; body: unknown; count: number; tag: string; onDone: () => void; onDrop: () => void }

export function SaveBar({ method, path, body, count, tag, onDone, onDrop }: Props) {
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const text = JSON.stringify(body);
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), SETTLES);
    return () => clearTimeout(timer);
  }, [text]);
  const headers = { "if-match": `"${tag}"` };
  const trial = useQuery({
    queryKey: ["settings-trial", tag, settled], retry: false, gcTime: 0,
    queryFn: () => request<Changed>(method, `${path}?dry_run=true`, JSON.parse(settled), headers),
  });
  const save = useMutation({
    mutationFn: () => request<Changed>(method, path, body, headers),
    onSuccess: (done) => {
      setOpen(false);
      toast(done.taken.restart?.length ? words.savedLater : words.saved);
      onDone();
      void queries.invalidateQueries();
    },
    onError: (error) => {
      if (error instanceof Refused && error.status === 412) {
        setOpen(false);
        toast(words.stale, { tone: "bad" });
        void queries.invalidateQueries({ queryKey: ["settings"] });
      }
    },
  });
  const waits = settled !== text || trial.isPending;
  const fine = !waits && trial.isSuccess;
  return (
    <div role="region" aria-label={words.changes(count)} className="sticky bottom-[calc(4.5rem+env(safe-area-inset-bottom))] z-20 space-y-2 rounded-xl bg-surface p-3 shadow-lg ring-1 ring-line lg:bottom-4">
      {!waits && trial.isError ? <Mistakes error={trial.error} /> : null}
      <div className="flex flex-wrap items-center gap-2">
        <p role="status" className="min-w-0 flex-1 text-sm"><span className="font-medium">{words.changes(count)}.</span> <Dim>{waits ? words.checking : fine ? words.fine : ""}</Dim></p>
        <Button look="quiet" onClick={onDrop}>{words.drop}</Button>
        <Button look="main" disabled={!fine} onClick={() => setOpen(true)}>{words.look}</Button>
      </div>
      <Dialog open={open} onClose={() => setOpen(false)} title={words.diffTitle} className="max-w-2xl">
        <Difference lines={trial.data?.lines ?? []} />
        {save.isError ? <Mistakes error={save.error} /> : null}
        <div className="flex flex-wrap justify-end gap-2">
          <Button look="quiet" onClick={() => setOpen(false)}>{words.back}</Button>
          <Button look="main" disabled={save.isPending || !fine} onClick={() => save.mutate()}>{words.save}</Button>
        </div>
      </Dialog>
    </div>
  );
}

/** What the rules say, with its line. */
function Mistakes({ error }: { error: unknown }) {
  const at = error instanceof Refused ? error.errors : [];
  if (at.length === 0) return <Problem error={error} />;
  return (
    <ul role="alert" className="space-y-1 rounded-lg bg-bad-soft px-3 py-2 text-sm text-bad">
      {at.slice(0, 5).map((one, n) => (
        <li key={n}>{one.line && !one.detail.includes(`line ${one.line}`) ? words.line(one.line) : ""}{one.pointer ? <code className="break-all">{one.pointer.slice(1).replaceAll("/", ".")}: </code> : null}{plain(one.detail)}</li>
      ))}
    </ul>
  );
}

const LOOKS: Record<string, string> = { added: "bg-good-soft text-good", removed: "bg-bad-soft text-bad", same: "text-dim" };
const MARKS: Record<string, string> = { added: "+", removed: "-", same: " " };

/** What differs, with a little around it. */
function Difference({ lines }: { lines: DiffLine[] }) {
  const near = lines.map((_, n) => lines.slice(Math.max(0, n - AROUND), n + AROUND + 1).some((line) => line.kind !== "same"));
  if (!near.some(Boolean)) return <p className="text-sm"><Dim>{words.nothing}</Dim></p>;
  return (
    <pre tabIndex={0} aria-label={words.diffTitle} className="max-h-[50vh] overflow-auto rounded-lg bg-sunken py-2 text-xs leading-5 ring-1 ring-line">
      {lines.map((line, n) => (near[n] ? <div key={n} className={`w-max min-w-full px-3 ${LOOKS[line.kind] ?? ""}`}>{MARKS[line.kind] ?? " "} {line.text}</div> : near[n - 1] ? <div key={n} className="px-3 text-dim">…</div> : null))}
    </pre>
  );
}
