// What a change is made of, fetched as it is wanted: the list of files at once, a file's patch when it comes near, its colours
// when it is there.

import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { answer, api } from "../../api/client";
import { listen } from "../../lib/live";
import { type ChangedFile, load, type Loaded } from "./flat";
import { highlight, languageOf } from "./highlight";
import { expanded, type Gap, sides, type Side } from "./patch";
import type { Token } from "./words";

export interface Between { from?: string; to?: string }

/** A change of up to so many lines is fetched whole, so that searching in the page finds all of it. */
const AT_ONCE = 4_000;

export function useChanges(id: string, between: Between) {
  const queries = useQueryClient();
  useEffect(() => listen((event) => {
    if (event.task === id && /^(diff\.captured|task\.rolled_back|task\.completed|landing\.resolved)$/.test(event.type)) void queries.invalidateQueries({ queryKey: ["changes", id] });
  }), [id, queries]);
  return useQuery({
    queryKey: ["changes", id, between.from, between.to],
    queryFn: () => answer(api.GET("/api/tasks/{id}/changes", { params: { path: { id }, query: between } })),
  });
}

export function usePatches(id: string, base: string | undefined, commit: string | undefined, files: ChangedFile[]) {
  const [asked, setAsked] = useState<ReadonlySet<string>>(new Set());
  const [more, setMore] = useState<ReadonlyMap<string, Loaded>>(new Map());
  const small = files.reduce((sum, file) => sum + file.insertions + file.deletions, 0) <= AT_ONCE;
  const wanted = useMemo(() => files.filter((file) => !file.binary && (small || asked.has(file.path))), [files, asked, small]);
  useEffect(() => setMore(new Map()), [base, commit]);
  const loaded = useQueries({
    queries: wanted.map((file) => ({
      // Both commits name it for ever.
      queryKey: ["change", id, base, commit, file.path], staleTime: Infinity,
      queryFn: async () => {
        const query = { path: file.path, ...(file.old_path ? { old_path: file.old_path } : {}), from: base!, to: commit! };
        return load((await answer(api.GET("/api/tasks/{id}/changes/file", { params: { path: { id }, query } }))).patch);
      },
    })),
    combine: (results) => new Map(results.flatMap((result, n) => (result.data ? [[wanted[n]!.path, result.data] as const] : []))),
  });
  const all = useMemo(() => new Map([...loaded, ...more]), [loaded, more]);
  const want = (path: string) => setAsked((known) => (known.has(path) ? known : new Set(known).add(path)));
  const expand = async (path: string, gap: Gap, first: number, limit: number) => {
    const known = all.get(path);
    if (!known || !commit) return;
    const got = await answer(api.GET("/api/tasks/{id}/files", { params: { path: { id }, query: { path, commit, first, limit } } }));
    setMore((now) => {
      const before = now.get(path) ?? known;
      const hunks = got.lines.length > 0 ? expanded(before.hunks, gap, first, got.lines) : before.hunks;
      return new Map(now).set(path, { ...before, hunks, total: got.total });
    });
  };
  return { loaded: all, want, expand };
}

type Colours = Record<Side, ReadonlyMap<number, readonly Token[]>>;

/** Colours of files as they come from the worker. */
export function useColours(loaded: ReadonlyMap<string, Loaded>) {
  const [colours, setColours] = useState<ReadonlyMap<Loaded, Colours>>(new Map());
  const asked = useRef(new WeakSet<Loaded>());
  useEffect(() => {
    for (const [path, file] of loaded) {
      const language = languageOf(path);
      if (!language || asked.current.has(file)) continue;
      asked.current.add(file);
      const both = sides(file.hunks);
      void Promise.all([highlight(language, both.old.text), highlight(language, both.new.text)]).then(([old, now]) => {
        const of = (lines: Token[][], numbers: number[]) => new Map(numbers.flatMap((number, n) => (lines[n] ? [[number, lines[n]] as const] : [])));
        setColours((known) => new Map(known).set(file, { old: of(old, both.old.numbers), new: of(now, both.new.numbers) }));
      });
    }
  }, [loaded]);
  return (file: Loaded | undefined, side: Side, line: number) => (file ? colours.get(file)?.[side].get(line) : undefined);
}

/** Which files somebody has seen: by their content, so that a file which changes is to be seen again. */
export function useViewed(task: string) {
  const name = `sidekick-viewed:${task}`;
  const [marks, setMarks] = useState<Record<string, string>>(() => {
    try { return JSON.parse(localStorage.getItem(name) ?? "{}") as Record<string, string>; } catch { return {}; }
  });
  const is = (file: ChangedFile) => marks[file.path] === file.content;
  const set = (file: ChangedFile, viewed: boolean) => setMarks((known) => {
    const { [file.path]: _, ...rest } = known;
    const next = viewed ? { ...rest, [file.path]: file.content } : rest;
    try { localStorage.setItem(name, JSON.stringify(next)); } catch { /* It holds until the page is closed. */ }
    return next;
  });
  return { is, set };
}

const LAYOUT = "sidekick-diff";

/** Side by side or not, remembered; never on a screen that is too narrow for it. */
export function useLayout(): { split: boolean; wide: boolean; choose: (split: boolean) => void } {
  const query = useMemo(() => matchMedia("(min-width: 900px)"), []);
  const [wide, setWide] = useState(query.matches);
  const [split, setSplit] = useState(() => { try { return localStorage.getItem(LAYOUT) !== "unified"; } catch { return true; } });
  useEffect(() => {
    const change = () => setWide(query.matches);
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, [query]);
  const choose = (to: boolean) => {
    setSplit(to);
    try { localStorage.setItem(LAYOUT, to ? "split" : "unified"); } catch { /* Not remembered. */ }
  };
  return { split: split && wide, wide, choose };
}
