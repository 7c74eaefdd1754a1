import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { get } from "../../api/client";
import type { Diff, FileDiff, Finding } from "../../api/types";
import { Card, Dim, Problem } from "../../components/ui/parts";
import { plain } from "../../lib/words";
import { lines } from "./patch";

/** Files with more lines are folded until they are asked for. */
const FOLD = 800;

interface Props { id: string; remarks: Finding[]; comments: Record<string, string>; onComment: (comments: Record<string, string>) => void; canComment: boolean }

export function DiffView({ id, ...rest }: Props) {
  const diff = useQuery({ queryKey: ["diff", id], queryFn: () => get<Diff>(`/api/tasks/${id}/diff`) });
  if (diff.isError) return <Problem error={diff.error} />;
  if (!diff.data) return null;
  if (diff.data.files.length === 0) return <Dim>Nothing was changed.</Dim>;
  return (
    <div className="space-y-4">
      <ul className="text-sm">{diff.data.files.map((file) => <li key={file.path} className="flex gap-3"><a href={`#${encodeURIComponent(file.path)}`} className="min-w-0 truncate underline decoration-stone-300 dark:decoration-stone-600">{plain(file.path)}</a><Dim>{file.status} +{file.insertions} −{file.deletions}</Dim></li>)}</ul>
      {diff.data.files.map((file) => <File key={file.path} file={file} {...rest} />)}
      {diff.data.truncated ? <Dim>Some patches are too large to be shown here; look at the branch.</Dim> : null}
    </div>
  );
}

function File({ file, remarks, comments, onComment, canComment }: { file: FileDiff } & Omit<Props, "id">) {
  const rows = lines(file.patch);
  const [open, setOpen] = useState(rows.length <= FOLD);
  const [editing, setEditing] = useState<string>();
  const tone = { add: "bg-emerald-50 dark:bg-emerald-400/10", del: "bg-rose-50 dark:bg-rose-400/10", same: "", hunk: "bg-stone-100 text-stone-600 dark:bg-stone-800/60 dark:text-stone-400" };
  const mark = { add: "+", del: "−", same: " ", hunk: "" };
  return (
    <Card className="overflow-hidden">
      <div id={encodeURIComponent(file.path)} className="scroll-mt-14 border-b border-stone-200 px-4 py-2 text-sm font-medium break-all dark:border-stone-800">{file.old_path ? `${plain(file.old_path)} → ` : ""}{plain(file.path)} <Dim>{file.status}</Dim></div>
      {file.binary ? <p className="p-4 text-sm"><Dim>Not text.</Dim></p> : null}
      {!open ? <button type="button" onClick={() => setOpen(true)} className="p-4 text-sm underline">Show {rows.length} lines</button> : (
        <div className="overflow-x-auto"><table className="w-full border-collapse font-mono text-xs leading-5"><tbody>
          {rows.map((row, n) => {
            const place = `${file.path}:${row.new ?? row.old ?? n}`;
            const note = comments[place];
            const said = row.new === undefined ? [] : remarks.filter((remark) => remark.file === file.path && remark.line === row.new);
            return [
              <tr key={n} className={tone[row.kind]}>
                <td className="w-10 pr-2 text-right align-top text-stone-400 select-none">{row.old}</td>
                <td className="w-10 pr-2 text-right align-top text-stone-400 select-none">
                  {canComment && row.kind !== "hunk" ? <button type="button" aria-label={`Comment on line ${row.new ?? row.old}`} className="w-full text-right hover:text-teal-700" onClick={() => setEditing(place)}>{row.new ?? "·"}</button> : row.new}
                </td>
                <td className="w-4 select-none">{mark[row.kind]}</td>
                <td className="pr-4 whitespace-pre">{plain(row.text)}</td>
              </tr>,
              ...said.map((remark, m) => (
                <tr key={`${n}r${m}`}><td colSpan={4} className="p-2"><p className="max-w-xl rounded-lg bg-stone-100 p-2 font-sans text-sm whitespace-pre-wrap dark:bg-stone-800">Reviewer, {remark.severity}: {plain(remark.text)}</p></td></tr>
              )),
              editing === place || note ? (
                <tr key={`${n}c`}><td colSpan={4} className="p-2"><textarea aria-label={`Comment on ${place}`} rows={2} autoFocus={editing === place} value={note ?? ""} placeholder="What should change here?"
                  onChange={(event) => onComment({ ...comments, [place]: event.target.value })} onBlur={() => setEditing(undefined)}
                  className="w-full max-w-xl rounded-lg bg-amber-50 p-2 font-sans text-sm ring-1 ring-amber-300 dark:bg-amber-400/10 dark:ring-amber-700" /></td></tr>
              ) : null,
            ];
          })}
        </tbody></table></div>
      )}
    </Card>
  );
}
