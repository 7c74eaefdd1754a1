// The files of a change as a tree, with a field to find one.

import { useMemo, useState } from "react";
import { plain } from "../../lib/words";
import { diff as words } from "../../words/diff";
import { Input } from "../ui/parts";
import { type ChangedFile, type Folder, tree } from "./flat";

interface Props { files: ChangedFile[]; viewed: (file: ChangedFile) => boolean; marks: ReadonlyMap<string, number>; shown: string | undefined; onGo: (path: string) => void }

const MARK: Record<string, string> = { added: "text-good", deleted: "text-bad", renamed: "text-note", modified: "text-wait" };

export function Files({ files, viewed, marks, shown, onGo }: Props) {
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const root = useMemo(() => tree(wanted ? files.filter((file) => file.path.toLowerCase().includes(wanted)) : files), [files, wanted]);
  const Level = ({ folder, depth }: { folder: Folder; depth: number }) => (
    <ul className={depth > 0 ? "pl-3" : ""}>
      {folder.folders.map((inner) => <li key={`d${inner.name}`}><p className="truncate px-2 py-1 text-xs text-dim" title={inner.name}>{plain(inner.name)}/</p><Level folder={inner} depth={depth + 1} /></li>)}
      {folder.files.map((file) => (
        <li key={file.path}>
          <button type="button" onClick={() => onGo(file.path)} aria-current={shown === file.path}
            className={`flex min-h-11 w-full items-center gap-2 rounded-md px-2 text-left text-sm hover:bg-sunken sm:min-h-7 ${shown === file.path ? "bg-sunken font-medium" : ""} ${viewed(file) ? "text-dim line-through decoration-line" : ""}`}>
            <span className={`w-3 shrink-0 text-xs font-semibold ${MARK[file.status] ?? ""}`} aria-label={words.states[file.status]}>{(words.states[file.status] ?? "?").charAt(0).toUpperCase()}</span>
            <span className="min-w-0 flex-1 truncate">{plain(file.path.split("/").at(-1))}</span>
            {marks.get(file.path) ? <span className="text-xs text-accent" aria-label={words.remarks(marks.get(file.path)!)}>{marks.get(file.path)}</span> : null}
            <span className="text-xs text-dim">{file.binary ? "" : `+${file.insertions} −${file.deletions}`}</span>
          </button>
        </li>
      ))}
    </ul>
  );
  return (
    <div className="space-y-2 p-px">
      <Input type="search" aria-label={words.search} placeholder={words.search} value={search} onChange={(event) => setSearch(event.target.value)} />
      {root.files.length + root.folders.length === 0 ? <p className="px-2 text-sm text-dim">{words.noFile}</p> : <Level folder={root} depth={0} />}
    </div>
  );
}
