// What a live run has changed by now; looked at while somebody looks, at most once a second.

import { useQuery } from "@tanstack/react-query";
import { answer, api } from "../../api/client";
import { Dim } from "../../components/ui/parts";
import { plain } from "../../lib/words";
import { task as words } from "../../words/task";

export function Changing({ id }: { id: string }) {
  const files = useQuery({ queryKey: ["changing", id], refetchInterval: 900, queryFn: () => answer(api.GET("/api/tasks/{id}/changing", { params: { path: { id } } })) });
  const items = files.data?.items ?? [];
  return (
    <details open className="rounded-lg bg-surface px-3 text-sm ring-1 ring-line">
      <summary className="min-h-11 py-2.5 sm:min-h-9 sm:py-2">{words.conversation.changing} <span className="text-xs text-dim">{items.length || ""}</span></summary>
      {items.length === 0 ? <p className="pb-3"><Dim>{words.conversation.noChanging}</Dim></p> : (
        <ul className="max-h-48 overflow-y-auto pb-2">{items.map((file) => (
          <li key={file.path} className="flex gap-3 py-0.5"><span className={`min-w-0 flex-1 truncate ${file.gone ? "line-through" : ""}`} title={file.path}>{plain(file.path)}</span>{file.insertions == null ? null : <span className="text-xs whitespace-nowrap"><span className="text-good">+{file.insertions}</span> <span className="text-bad">−{file.deletions}</span></span>}</li>
        ))}</ul>
      )}
    </details>
  );
}
