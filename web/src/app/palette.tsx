// One place to go anywhere, find a task, or do something: Ctrl or ⌘ with K.

import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useEffect, useId, useState } from "react";
import { answer, api } from "../api/client";
import { Dialog } from "../components/ui/dialog";
import { fits } from "../lib/fits";
import { plain } from "../lib/words";
import { palette as words } from "../words/palette";
import { states } from "../words/states";
import { PAGES } from "./pages";
import { chooseTheme } from "./theme";

interface Entry { id: string; label: string; about: string; go: () => void }

const SEARCHED = ["running", "review", "waiting", "queued", "failed", "completed"] as const;
const OF_EACH = 5;
const MOST = 12;

function useTasks(typed: string) {
  const [text, setText] = useState("");
  useEffect(() => { const timer = setTimeout(() => setText(typed.trim()), 150); return () => clearTimeout(timer); }, [typed]);
  return useQuery({
    queryKey: ["palette", text], enabled: text.length > 1, staleTime: 5_000, placeholderData: (before) => before,
    queryFn: async () => (await Promise.all(SEARCHED.map((state) => answer(api.GET("/api/board", { params: { query: { state, text, limit: OF_EACH } } }))))).flatMap((column) => column.items),
  });
}

export default function Palette({ onClose, onKeys }: { onClose: () => void; onKeys: () => void }) {
  const navigate = useNavigate();
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const list = useId();
  const projects = useQuery({ queryKey: ["projects"], queryFn: () => answer(api.GET("/api/projects")), staleTime: 60_000 });
  const tasks = useTasks(typed);
  const fixed: Entry[] = [
    ...PAGES.filter((page) => page.place !== "links").map((page) => ({ id: `page ${page.path}`, label: page.label, about: words.page, go: () => void navigate({ to: page.path }) })),
    ...(projects.data?.items ?? []).map((project) => ({ id: `project ${project.name}`, label: project.name, about: words.project, go: () => void navigate({ to: "/board", search: { project: project.name } }) })),
    { id: "keys", label: words.actions.keys, about: words.action, go: onKeys },
    ...(["light", "dark", "system"] as const).map((theme) => ({ id: theme, label: words.actions[theme], about: words.action, go: () => chooseTheme(theme) })),
  ];
  const found: Entry[] = typed.trim().length > 1 ? (tasks.data ?? []).map((card) => ({ id: card.id, label: plain(card.title), about: `${card.project} · ${states[card.state] ?? card.state}`, go: () => void navigate({ to: "/tasks/$id", params: { id: card.id } }) })) : [];
  const entries = [...fixed.filter((entry) => fits(typed, entry.label)), ...found].slice(0, MOST);
  const chosen = Math.min(at, entries.length - 1);
  const go = (entry: Entry | undefined) => { if (entry) { onClose(); entry.go(); } };
  const press = (event: KeyboardEvent) => {
    const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1 }[event.key];
    if (to !== undefined && entries.length > 0) { event.preventDefault(); setAt((to + entries.length) % entries.length); }
    if (event.key === "Enter") { event.preventDefault(); go(entries[chosen]); }
  };
  return (
    <Dialog open onClose={onClose} title={words.title} bare className="mt-[12vh] max-w-xl">
      <input autoFocus role="combobox" aria-label={words.title} aria-expanded aria-controls={list} aria-activedescendant={entries[chosen] ? `${list}-${chosen}` : undefined} autoComplete="off"
        placeholder={words.placeholder} value={typed} onChange={(event) => { setTyped(event.target.value); setAt(0); }} onKeyDown={press}
        className="w-full border-b border-line bg-surface px-4 py-3.5 text-base outline-none" />
      <ul id={list} role="listbox" aria-label={words.results} className="max-h-[50vh] overflow-y-auto p-1.5">
        {entries.map((entry, n) => (
          <li key={entry.id} id={`${list}-${n}`} role="option" aria-selected={n === chosen} onPointerMove={() => setAt(n)} onClick={() => go(entry)}
            className={`flex min-h-11 cursor-pointer items-center gap-3 rounded-lg px-3 text-sm ${n === chosen ? "bg-sunken" : ""}`}>
            <span className="min-w-0 flex-1 truncate">{entry.label}</span><span className="shrink-0 text-xs text-dim">{entry.about}</span>
          </li>
        ))}
      </ul>
      <p className="border-t border-line px-4 py-2 text-xs text-dim">{entries.length === 0 ? words.nothing : words.hint}</p>
    </Dialog>
  );
}
