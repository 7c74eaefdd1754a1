import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { createRef, useCallback, useMemo, useRef, useState } from "react";
import { answer, api } from "../../api/client";
import { Composer } from "../../components/composer";
import { Dialog } from "../../components/ui/dialog";
import { Button } from "../../components/ui/parts";
import { toast } from "../../components/ui/toast";
import { decide } from "../../lib/decisions";
import { useKeys } from "../../lib/keys";
import { useProgress } from "../../lib/progress";
import { movesTasks, useRefresh } from "../../lib/refresh";
import { useWide } from "../../lib/wide";
import { plain } from "../../lib/words";
import { board as words } from "../../words/board";
import { ColumnOf, type Handle } from "./column";
import { type BoardState, type Card, type Filter, filterOf, MOVABLE, prioritise, STATES } from "./columns";
import { useDrag } from "./drag";
import { Filters } from "./filters";

interface Selected { state: BoardState; at: number }

/** All tasks, by state. */
export function BoardPage() {
  useRefresh(["board"], (event) => movesTasks(event) || event.type.startsWith("collision."), 1_500);
  const queries = useQueryClient();
  const navigate = useNavigate();
  const search = useSearch({ strict: false }) as Record<string, string | undefined>;
  const filter = useMemo(() => filterOf(search), [search.project, search.agent, search.kind, search.text]);
  const wide = useWide();
  const counts = useQuery({ queryKey: ["status"], queryFn: () => answer(api.GET("/api/status")) }).data?.counts;
  // On a phone one column is shown: the one that is asked for, or the first that has something.
  const shown = STATES.find((state) => state === search.state) ?? STATES.find((state) => counts?.[state]) ?? "queued";
  const [pointed, setPointed] = useState<Card>();
  const [selected, setSelected] = useState<Selected>();
  const [composing, setComposing] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const handles = useMemo(() => Object.fromEntries(STATES.map((state) => [state, createRef<Handle>()])) as Record<BoardState, React.RefObject<Handle | null>>, []);
  const lines = useProgress();
  const onFilter = useCallback((to: Filter) => void navigate({ to: "/board", search: { ...to, state: search.state }, replace: true }), [navigate, search.state]);
  const onPriority = useCallback((card: Card, priority: number) => {
    const change = (to: number) => prioritise(queries, card, to).catch((error: Error) => toast(error.message, { tone: "bad" }));
    void change(priority);
    toast(words.moved(plain(card.title), priority), { undo: () => void change(card.priority) });
  }, [queries]);
  const onAct = useCallback((card: Card, verb: "stop" | "retry") => void decide(verb, card), []);
  const drag = useDrag(onPriority);
  const lit = useMemo(() => related(pointed, handles), [pointed, handles]);
  useBoardKeys({ wide, shown, selected, handles, onSelect: setSelected, onPriority, onSearch: () => field.current?.focus() });
  const column = (state: BoardState) => (
    <ColumnOf key={state} state={state} filter={filter} lit={lit} pointed={pointed?.id} lines={state === "running" ? lines : NO_LINES} handle={handles[state]}
      selected={selected?.state === state ? selected.at : undefined} onPriority={onPriority} onDrag={drag.begin} onPoint={setPointed} onAct={onAct} />
  );
  return (
    <main className="flex h-[calc(100dvh-4rem-env(safe-area-inset-bottom))] flex-col gap-3 px-4 pt-4 pb-3 sm:px-6 lg:h-dvh lg:pt-6">
      <div className="flex flex-wrap items-center gap-3">
        <h1 className="text-xl font-semibold tracking-tight">{words.title}</h1>
        <Button look="main" className="ml-auto lg:order-last" onClick={() => setComposing(true)}><Plus size={16} aria-hidden />{words.add}</Button>
        <div className="w-full lg:w-auto lg:flex-1"><Filters filter={filter} onFilter={onFilter} field={field} /></div>
      </div>
      {wide ? (
        <div className="flex min-h-0 flex-1 gap-3 overflow-x-auto pb-1">{STATES.map((state) => <div key={state} className="flex min-h-0 min-w-60 flex-1">{column(state)}</div>)}</div>
      ) : (
        <>
          <Switch shown={shown} counts={counts ?? {}} onShow={(state) => void navigate({ to: "/board", search: { ...search, state }, replace: true })} />
          <div className="flex min-h-0 flex-1">{column(shown)}</div>
        </>
      )}
      {drag.shown}
      <Dialog open={composing} onClose={() => setComposing(false)} title={words.composer} className="max-w-2xl"><Composer bare /></Dialog>
    </main>
  );
}

const NO_LINES: ReadonlyMap<string, { text: string }> = new Map();

/** On a phone one column at a time. */
function Switch({ shown, counts, onShow }: { shown: BoardState; counts: Record<string, number>; onShow: (state: BoardState) => void }) {
  return (
    <div role="group" aria-label={words.columns[shown] ?? shown} className="-mx-4 flex shrink-0 gap-1.5 overflow-x-auto px-4">
      {STATES.map((state) => (
        <button key={state} type="button" aria-pressed={state === shown} onClick={() => onShow(state)}
          className={`min-h-11 shrink-0 rounded-full px-3.5 text-sm ${state === shown ? "bg-ink font-medium text-canvas" : "bg-surface ring-1 ring-line"}`}>
          {words.columns[state]} <span className="tabular-nums opacity-80">{counts[state] ?? ""}</span>
        </button>
      ))}
    </div>
  );
}

/** What comes before or after the one that is pointed at, and what collides with it. */
function related(card: Card | undefined, handles: Record<BoardState, React.RefObject<Handle | null>>): ReadonlySet<string> {
  if (!card) return new Set();
  const found = new Set([...(card.after ?? []), ...(card.collisions ?? []).map((one) => one.task)]);
  for (const state of STATES) {
    const handle = handles[state].current;
    for (let at = 0; at < Math.min(handle?.count ?? 0, 1_000); at++) {
      const other = handle?.card(at);
      if (other?.after?.includes(card.id)) found.add(other.id);
    }
  }
  return found;
}

function useBoardKeys({ wide, shown, selected, handles, onSelect, onPriority, onSearch }: {
  wide: boolean; shown: BoardState; selected: Selected | undefined; handles: Record<BoardState, React.RefObject<Handle | null>>;
  onSelect: (to: Selected) => void; onPriority: (card: Card, priority: number) => void; onSearch: () => void;
}) {
  const navigate = useNavigate();
  const select = (state: BoardState, at: number) => {
    const count = handles[state].current?.count ?? 0;
    if (count === 0) return;
    const to = Math.max(0, Math.min(at, count - 1));
    handles[state].current?.show(to);
    onSelect({ state, at: to });
  };
  const step = (by: number) => { if (selected) select(selected.state, selected.at + by); else select(wide ? (STATES.find((state) => (handles[state].current?.count ?? 0) > 0) ?? "queued") : shown, 0); };
  const across = (by: number) => {
    if (!wide || !selected) return step(0);
    for (let to = STATES.indexOf(selected.state) + by; to >= 0 && to < STATES.length; to += by) {
      const state = STATES[to]!;
      if ((handles[state].current?.count ?? 0) > 0) return select(state, selected.at);
    }
  };
  const card = selected ? handles[selected.state].current?.card(selected.at) : undefined;
  const urgent = (by: number) => {
    const to = card ? card.priority + by : 0;
    if (card && MOVABLE.includes(card.state) && to >= 1 && to <= 9) onPriority(card, to);
  };
  useKeys([
    { key: "j", label: words.keys.down, run: () => step(1) }, { key: "k", label: words.keys.up, run: () => step(-1) },
    { key: "l", label: words.keys.right, run: () => across(1) }, { key: "h", label: words.keys.left, run: () => across(-1) },
    { key: "+", label: words.keys.more, run: () => urgent(-1) }, { key: "-", label: words.keys.less, run: () => urgent(1) },
    { key: "Enter", label: words.keys.open, run: () => { if (card) void navigate({ to: "/tasks/$id", params: { id: card.id } }); } },
    { key: "/", label: words.keys.search, run: onSearch },
  ]);
}
