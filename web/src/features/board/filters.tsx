import { useQuery } from "@tanstack/react-query";
import { Search, SlidersHorizontal, X } from "lucide-react";
import { type RefObject, useEffect, useState } from "react";
import { answer, api } from "../../api/client";
import { Button, control } from "../../components/ui/parts";
import { board as words } from "../../words/board";
import type { Filter } from "./columns";

/** After this pause what was typed is looked for. */
const PAUSE = 250;

/** What is shown; all of it is in the address. */
export function Filters({ filter, onFilter, field }: { filter: Filter; onFilter: (filter: Filter) => void; field: RefObject<HTMLInputElement | null> }) {
  const projects = useQuery({ queryKey: ["projects"], queryFn: () => answer(api.GET("/api/projects")), staleTime: 60_000 });
  const status = useQuery({ queryKey: ["status"], queryFn: () => answer(api.GET("/api/status")) });
  const [text, setText] = useState(filter.text ?? "");
  useEffect(() => setText(filter.text ?? ""), [filter.text]);
  useEffect(() => {
    if (text === (filter.text ?? "")) return;
    const timer = setTimeout(() => onFilter({ ...filter, text: text || undefined }), PAUSE);
    return () => clearTimeout(timer);
  }, [text, filter, onFilter]);
  const [open, setOpen] = useState(false);
  const some = Object.values(filter).some(Boolean);
  return (
    <div role="search" aria-label={words.filters} className="flex flex-wrap items-center gap-2">
      <div className="relative min-w-44 flex-1 sm:max-w-64">
        <Search size={16} aria-hidden className="pointer-events-none absolute top-1/2 left-3 -translate-y-1/2 text-dim" />
        <input ref={field} type="search" aria-label={words.search} placeholder={words.search} value={text} onChange={(event) => setText(event.target.value)} className={`${control} pl-9`} />
      </div>
      <Button className="sm:hidden" aria-expanded={open} onClick={() => setOpen(!open)}><SlidersHorizontal size={16} aria-hidden />{words.filters}</Button>
      <div className={`${open ? "flex" : "hidden"} w-full flex-wrap gap-2 sm:flex sm:w-auto`}>
      <Choose label={words.project} any={words.anyProject} value={filter.project} choices={(projects.data?.items ?? []).map((one) => one.name)} onChoose={(project) => onFilter({ ...filter, project })} />
      <Choose label={words.agent} any={words.anyAgent} value={filter.agent} choices={(status.data?.agents ?? []).map((one) => one.name)} onChoose={(agent) => onFilter({ ...filter, agent })} />
      <Choose label={words.kind} any={words.anyKind} value={filter.kind} choices={words.kinds} onChoose={(kind) => onFilter({ ...filter, kind })} />
      </div>
      {some ? <Button look="quiet" onClick={() => onFilter({})}><X size={16} aria-hidden />{words.clear}</Button> : null}
    </div>
  );
}

function Choose({ label, any, value, choices, onChoose }: { label: string; any: string; value: string | undefined; choices: readonly string[]; onChoose: (value: string | undefined) => void }) {
  const known = value === undefined || choices.includes(value) ? choices : [value, ...choices];
  return (
    <select aria-label={label} value={value ?? ""} onChange={(event) => onChoose(event.target.value || undefined)} className={`${control} min-w-0 flex-1 sm:w-40 sm:flex-none ${value ? "font-medium" : "text-dim"}`}>
      <option value="">{any}</option>
      {known.map((choice) => <option key={choice}>{choice}</option>)}
    </select>
  );
}
