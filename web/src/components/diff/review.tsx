// The review of a change: all files in one list that is as long as it is and drawn where it is looked at, with what people and
// reviewers say at its lines. Shared by the inbox and the page of a task.

import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, Check, ChevronDown, ChevronRight, FolderTree, MessageSquare } from "lucide-react";
import { type PointerEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Finding } from "../../api/types";
import { useKeys } from "../../lib/keys";
import { plain } from "../../lib/words";
import { diff as words } from "../../words/diff";
import { Dialog } from "../ui/dialog";
import { Card, Dim, IconButton, Problem, Skeleton } from "../ui/parts";
import "./diff.css";
import { type Choosing, DiffRow } from "./diff-row";
import { Files } from "./files";
import { type ChangedFile, flatten, type Flat, isImage, partnerOf, type Spot, spotKey, spotOf } from "./flat";
import { FindingCard, RemarkCard, RemarkEditor } from "./notes";
import type { Gap, Line, Side } from "./patch";
import { type Between, useChanges, useColours, useLayout, usePatches, useViewed } from "./use-changes";
import { drafts, useRemarks } from "./use-remarks";

interface Props {
  task: string;
  /** What a second model remarked, and who it is. */
  findings?: Finding[];
  reviewer?: string;
  canRemark: boolean;
  /** The commits of attempts, to compare them. */
  attempts?: { attempt: number; commit: string }[];
}

/** Lines that are fetched at once around a hunk. */
const STEP = 20;

export function Review({ task, findings = [], reviewer = "", canRemark, attempts = [] }: Props) {
  const [between, setBetween] = useState<Between>({});
  const changes = useChanges(task, between);
  return (
    <section aria-label={words.label} className="space-y-3">
      {attempts.length > 1 ? <Compare attempts={attempts} between={between} onChoose={setBetween} /> : null}
      {changes.isError ? <Problem error={changes.error} /> : !changes.data ? <Skeleton /> : changes.data.files.length === 0 ? <Card className="p-6 text-sm"><Dim>{between.from ? words.same : words.none}</Dim></Card> : (
        <List key={`${changes.data.base}${changes.data.commit}`} task={task} files={changes.data.files} base={changes.data.base} commit={changes.data.commit} findings={between.from ? [] : findings} reviewer={reviewer} canRemark={canRemark && !between.from} />
      )}
    </section>
  );
}

function Compare({ attempts, between, onChoose }: { attempts: NonNullable<Props["attempts"]>; between: Between; onChoose: (between: Between) => void }) {
  const sorted = [...attempts].sort((a, b) => a.attempt - b.attempt);
  const pairs = sorted.slice(1).map((to, n) => ({ from: sorted[n]!, to })).filter(({ from, to }) => from.commit !== to.commit).reverse();
  return (
    <label className="flex flex-wrap items-center gap-2 text-sm"><Dim>{words.compare}</Dim>
      <select className="min-h-11 rounded-lg bg-surface px-2 text-base ring-1 ring-edge sm:min-h-9 sm:text-sm" value={between.from ? `${between.from} ${between.to}` : ""}
        onChange={(event) => { const [from, to] = event.target.value.split(" "); onChoose(from && to ? { from, to } : {}); }}>
        <option value="">{words.all}</option>
        {pairs.map(({ from, to }) => <option key={`${from.commit}${to.commit}`} value={`${from.commit} ${to.commit}`}>{words.since(from.attempt, to.attempt)}</option>)}
      </select>
    </label>
  );
}

interface ListProps extends Required<Pick<Props, "task" | "findings" | "reviewer" | "canRemark">> { files: ChangedFile[]; base: string; commit: string }

function List({ task, files, base, commit, findings, reviewer, canRemark }: ListProps) {
  const remarks = useRemarks(task);
  const { loaded, want, expand } = usePatches(task, base, commit, files);
  const colour = useColours(loaded);
  const viewed = useViewed(task);
  const layout = useLayout();
  const [turned, setTurned] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [editing, setEditing] = useState<Spot[]>(() => (canRemark ? drafts.places(task).flatMap((place) => spotOf(place) ?? []) : []));
  const [fresh, setFresh] = useState<string>();
  const [showing, setShowing] = useState(false);
  const folded = useCallback((file: ChangedFile) => turned.get(file.path) ?? viewed.is(file), [turned, viewed]);
  const flat = useMemo(() => flatten({ files, loaded, folded, split: layout.split, commit, remarks: remarks.items.filter((remark) => remark.side !== "plan"), findings, editing: canRemark ? editing : [] }),
    [files, loaded, folded, layout.split, commit, remarks.items, findings, editing, canRemark]);

  const list = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setTop((list.current?.getBoundingClientRect().top ?? 0) + scrollY);
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(document.body);
    return () => watch.disconnect();
  }, []);
  const virtual = useWindowVirtualizer({
    count: flat.length, estimateSize: (index) => height(flat[index]), overscan: 15, scrollMargin: top, scrollPaddingStart: 56,
    getItemKey: (index) => keyOf(flat[index], index),
  });
  const items = virtual.getVirtualItems();
  const first = items.find((item) => item.end - top > (virtual.scrollOffset ?? 0) - top + 52) ?? items[0];
  const current = useMemo(() => fileAt(flat, first?.index ?? 0), [flat, first?.index]);

  // What comes near is fetched.
  useEffect(() => {
    for (const item of items) {
      const row = flat[item.index];
      if (row?.type === "pending") want(row.file.path);
    }
  });

  const choosing = useChoosing((spot) => {
    const key = spotKey(spot);
    setFresh(key);
    setEditing((known) => (known.some((one) => spotKey(one) === key) ? known : [...known, spot]));
  });
  const go = useCallback((index: number) => { if (index >= 0) virtual.scrollToIndex(index, { align: "start" }); }, [virtual]);
  const goFile = (path: string) => { setShowing(false); want(path); go(flat.findIndex((row) => row.type === "file" && row.file.path === path)); };
  const jump = useCallback((what: "file" | "said", by: 1 | -1) => {
    const at = first?.index ?? 0;
    const fits = (row: Flat) => (what === "file" ? row.type === "file" : ["remark", "finding", "editor"].includes(row.type));
    for (let n = at + by; n >= 0 && n < flat.length; n += by) if (fits(flat[n]!)) return go(n);
    if (by < 0 && fits(flat[at]!)) go(at);
  }, [first?.index, flat, go]);
  const view = (file: ChangedFile, on: boolean) => {
    viewed.set(file, on);
    setTurned((known) => { const next = new Map(known); next.delete(file.path); return next; });
  };
  useKeys([
    { key: "n", label: words.nextFile, run: () => jump("file", 1) }, { key: "p", label: words.previousFile, run: () => jump("file", -1) },
    { key: "j", label: words.nextRemark, run: () => jump("said", 1) }, { key: "k", label: words.previousRemark, run: () => jump("said", -1) },
    { key: "v", label: words.viewed, run: () => { if (current) view(current, !viewed.is(current)); } },
  ]);

  const marks = useMemo(() => {
    const count = new Map<string, number>();
    const add = (path: string | null | undefined) => { if (path) count.set(path, (count.get(path) ?? 0) + 1); };
    for (const remark of remarks.items) if (remark.sent === undefined || remark.sent === null) add(remark.file);
    for (const finding of findings) add(finding.file);
    return count;
  }, [remarks.items, findings]);
  const seen = files.filter((file) => viewed.is(file)).length;
  const said = [...marks.values()].reduce((sum, n) => sum + n, 0);
  const tree = <Files files={files} viewed={viewed.is} marks={marks} shown={current?.path} onGo={goFile} />;
  const paths = new Set(files.flatMap((file) => [file.path, file.old_path ?? ""]));
  const lost = remarks.items.filter((remark) => remark.side !== "plan" && !paths.has(remark.file));
  const orphans = findings.filter((finding) => finding.file && !paths.has(finding.file));

  return (
    <div className="xl:grid xl:grid-cols-[15rem_minmax(0,1fr)] xl:gap-4">
      <aside className="sticky top-2 hidden max-h-[calc(100dvh-7rem)] overflow-y-auto self-start xl:block" aria-label={words.tree}>{tree}</aside>
      <div className="min-w-0">
        <div className="sticky top-0 z-10 -mx-4 flex min-h-12 items-center gap-1 border-b border-line bg-canvas/95 px-4 text-sm backdrop-blur sm:mx-0 sm:rounded-t-xl sm:px-2">
          <span className="xl:hidden"><IconButton label={words.tree} onClick={() => setShowing(true)}><FolderTree size={17} aria-hidden /></IconButton></span>
          <span className="min-w-0 flex-1 truncate" title={current?.path}>{current ? <span dir="rtl" className="block truncate text-left font-medium"><bdi>{plain(current.path)}</bdi></span> : null}</span>
          <span className="hidden text-xs text-dim sm:block">{words.viewedOf(seen, files.length)}</span>
          {layout.wide ? (
            <span role="group" aria-label={words.layout} className="ml-2 hidden rounded-lg ring-1 ring-line sm:flex">
              {([[false, words.unified], [true, words.split]] as const).map(([split, label]) => <button key={label} type="button" aria-pressed={layout.split === split} onClick={() => layout.choose(split)} className={`min-h-8 px-2.5 text-xs first:rounded-l-lg last:rounded-r-lg ${layout.split === split ? "bg-sunken font-medium" : "text-dim hover:text-ink"}`}>{label}</button>)}
            </span>
          ) : null}
          {said > 0 ? <IconButton label={words.nextRemark} onClick={() => jump("said", 1)}><MessageSquare size={17} aria-hidden /></IconButton> : null}
          <IconButton label={words.previousFile} onClick={() => jump("file", -1)}><ArrowUp size={17} aria-hidden /></IconButton>
          <IconButton label={words.nextFile} onClick={() => jump("file", 1)}><ArrowDown size={17} aria-hidden /></IconButton>
        </div>
        {remarks.error ? <Problem error={remarks.error} /> : null}
        {lost.length + orphans.length > 0 ? <div className="space-y-2 py-3"><p className="text-xs text-dim">{words.gone}</p>{lost.map((remark) => <RemarkCard key={remark.id} remark={remark} remarks={remarks} outdated canChange={canRemark} />)}{orphans.map((finding, n) => <FindingCard key={n} finding={finding} reviewer={reviewer} />)}</div> : null}
        <div ref={list} className="relative -mx-4 sm:mx-0" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = flat[item.index]!;
            return (
              <div key={item.key} data-index={item.index} ref={virtual.measureElement} className="absolute inset-x-0 top-0 bg-surface sm:border-x sm:border-line" style={{ transform: `translateY(${item.start - top}px)` }}>
                <Item row={row} {...{ task, base, commit, remarks, reviewer, canRemark, folded, viewed: viewed.is, fresh, expand, colour, loaded, choosing }}
                  onFold={(file) => setTurned((known) => new Map(known).set(file.path, !folded(file)))} onView={view}
                  onClose={(spot) => setEditing((known) => known.filter((one) => spotKey(one) !== spotKey(spot)))} />
              </div>
            );
          })}
        </div>
        <p className="border-t border-line px-2 py-3 text-xs text-dim">{canRemark ? `${words.hint} ` : ""}{words.keys}.</p>
      </div>
      <Dialog open={showing} onClose={() => setShowing(false)} title={words.tree}>{tree}</Dialog>
    </div>
  );
}

interface ItemProps {
  row: Flat; task: string; base: string; commit: string; remarks: ReturnType<typeof useRemarks>; reviewer: string; canRemark: boolean; fresh: string | undefined;
  folded: (file: ChangedFile) => boolean; viewed: (file: ChangedFile) => boolean; onFold: (file: ChangedFile) => void; onView: (file: ChangedFile, on: boolean) => void; onClose: (spot: Spot) => void;
  expand: (path: string, gap: Gap, first: number, limit: number) => Promise<void>; loaded: ReturnType<typeof usePatches>["loaded"]; colour: ReturnType<typeof useColours>; choosing: ReturnType<typeof useChoosing>;
}

function Item(props: ItemProps) {
  const { row, task, base, commit, remarks } = props;
  switch (row.type) {
    case "file": return <FileHead {...props} file={row.file} />;
    case "gap": return <GapRow gap={row.gap} heading={row.heading} expand={(first, limit) => props.expand(row.file.path, row.gap, first, limit)} />;
    case "row": {
      const loaded = props.loaded.get(row.file.path)!;
      return <DiffRow row={row.row as never} choosing={props.canRemark ? props.choosing.of(row.file.path) : undefined} tokens={(side: Side, line: number) => props.colour(loaded, side, line)} partner={(line: Line) => partnerOf(loaded, line)} />;
    }
    case "remark": return <div className="bg-sunken p-2"><RemarkCard remark={row.remark} remarks={remarks} outdated={row.outdated} canChange={props.canRemark} /></div>;
    case "finding": return <div className="bg-sunken p-2"><FindingCard finding={row.finding} reviewer={props.reviewer} /></div>;
    case "editor": {
      const { spot } = row;
      const place = spotKey(spot);
      return <div className="bg-sunken p-2"><RemarkEditor task={task} place={place} label={words.commentLines(spot.line, spot.end)} remarks={remarks} fresh={props.fresh === place} onClose={() => props.onClose(spot)} body={{ commit, file: spot.path, side: spot.side, line: spot.line, end: spot.end }} /></div>;
    }
    case "pending": return <p className="p-4 text-sm" style={{ minHeight: height(row) }} role="status"><Dim>{words.loading}</Dim></p>;
    case "message": return row.what === "image" ? <Images task={task} base={base} commit={commit} file={row.file} /> : <p className="p-4 text-sm"><Dim>{words[row.what]}</Dim></p>;
  }
}

function FileHead({ file, folded, viewed, onFold, onView }: ItemProps & { file: ChangedFile }) {
  const closed = folded(file);
  return (
    <h2 className="flex min-h-12 items-center gap-2 border-y border-line bg-sunken px-2 text-sm">
      <IconButton label={closed ? words.show(file.path) : words.fold(file.path)} aria-expanded={!closed} onClick={() => onFold(file)}>{closed ? <ChevronRight size={17} aria-hidden /> : <ChevronDown size={17} aria-hidden />}</IconButton>
      <span className="min-w-0 flex-1 font-medium break-all">{file.old_path ? <Dim>{plain(file.old_path)} → </Dim> : null}{plain(file.path)}</span>
      <span className="hidden text-xs text-dim sm:inline">{words.states[file.status]}</span>
      {file.binary ? null : <span className="text-xs whitespace-nowrap"><span className="text-good">+{file.insertions}</span> <span className="text-bad">−{file.deletions}</span></span>}
      <button type="button" aria-pressed={viewed(file)} onClick={() => onView(file, !viewed(file))} className={`flex min-h-11 items-center gap-1 rounded-md px-2 text-xs sm:min-h-8 ${viewed(file) ? "bg-accent-soft font-medium text-accent" : "text-dim hover:text-ink"}`}>
        <Check size={14} aria-hidden className={viewed(file) ? "" : "opacity-40"} />{words.viewed}
      </button>
    </h2>
  );
}

function GapRow({ gap, heading, expand }: { gap: Gap; heading: string; expand: (first: number, limit: number) => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  const get = (first: number, limit: number) => { setBusy(true); void expand(first, limit).finally(() => setBusy(false)); };
  const look = "min-h-8 rounded px-2 hover:bg-surface hover:text-ink disabled:opacity-50";
  return (
    <div className="flex min-h-8 flex-wrap items-center gap-x-1 bg-sunken px-2 font-mono text-xs text-dim">
      {gap.count === undefined ? <button type="button" className={look} disabled={busy} onClick={() => get(gap.new, STEP)}>{words.showRest}</button>
        : gap.count === 0 ? null : gap.count <= STEP * 2 ? <button type="button" className={look} disabled={busy} onClick={() => get(gap.new, gap.count!)}>{words.showMore(gap.count)}</button> : <>
          {gap.new > 1 ? <button type="button" className={look} disabled={busy} onClick={() => get(gap.new, STEP)}>↓ {words.showMore(STEP)}</button> : null}
          <button type="button" className={look} disabled={busy} onClick={() => get(gap.new + gap.count! - STEP, STEP)}>↑ {words.showMore(STEP)}</button>
          <span>{words.hidden(gap.count)}</span></>}
      <span className="min-w-0 truncate">{plain(heading)}</span>
    </div>
  );
}

function Images({ task, base, commit, file }: { task: string; base: string; commit: string; file: ChangedFile }) {
  const at = (of: string, path: string) => `/api/tasks/${task}/image?commit=${of}&path=${encodeURIComponent(path)}`;
  const shown = [
    ...(file.status === "added" ? [] : [{ label: words.before, src: at(base, file.old_path ?? file.path) }]),
    ...(file.status === "deleted" ? [] : [{ label: words.after, src: at(commit, file.path) }]),
  ];
  return (
    <div className="flex flex-wrap gap-4 p-4">
      {isImage(file.path) ? shown.map(({ label, src }) => (
        <figure key={label} className="min-w-0 space-y-1"><figcaption className="text-xs text-dim">{label}</figcaption>
          <img src={src} alt={`${plain(file.path)}, ${label.toLowerCase()}`} loading="lazy" className="max-h-96 min-h-4 max-w-full min-w-4 rounded bg-[repeating-conic-gradient(var(--sunken)_0_25%,var(--surface)_0_50%)] bg-[length:16px_16px] ring-1 ring-line" /></figure>
      )) : null}
    </div>
  );
}

/** Choosing lines: a click is one, with Shift up to there, and dragging over numbers is all between. */
function useChoosing(open: (spot: Spot) => void) {
  const [drag, setDrag] = useState<{ path: string; side: Side; from: number; to: number }>();
  const held = useRef(false);
  const anchor = useRef<{ path: string; side: Side; line: number }>(undefined);
  const opened = useRef(open);
  opened.current = open;
  useEffect(() => {
    const up = () => {
      if (!held.current) return;
      held.current = false;
      setDrag((now) => {
        if (now && now.from !== now.to) queueMicrotask(() => opened.current(spotFrom(now.path, now.side, now.from, now.to)));
        return undefined;
      });
    };
    addEventListener("pointerup", up);
    return () => removeEventListener("pointerup", up);
  }, []);
  return {
    of: (path: string): Choosing => ({
      chosen: drag?.path === path && drag.from !== drag.to ? { side: drag.side, line: Math.min(drag.from, drag.to), end: Math.max(drag.from, drag.to) } : undefined,
      press: (side, line, event: PointerEvent) => {
        if (event.pointerType !== "mouse" || event.button !== 0 || event.shiftKey) return;
        held.current = true;
        setDrag({ path, side, from: line, to: line });
      },
      enter: (side, line) => { if (held.current) setDrag((now) => (now && now.path === path && now.side === side ? { ...now, to: line } : now)); },
      open: (side, line, extend) => {
        const from = extend && anchor.current?.path === path && anchor.current.side === side ? anchor.current.line : line;
        anchor.current = { path, side, line };
        open(spotFrom(path, side, from, line));
      },
    }),
  };
}

function spotFrom(path: string, side: Side, from: number, to: number): Spot {
  return { path, side, line: Math.min(from, to), end: Math.max(from, to) };
}

function fileAt(flat: Flat[], index: number): ChangedFile | undefined {
  for (let n = Math.min(index, flat.length - 1); n >= 0; n--) {
    const row = flat[n]!;
    if (row.type === "file") return row.file;
  }
  return undefined;
}

function height(row: Flat | undefined): number {
  switch (row?.type) {
    case "file": return 50;
    case "gap": return 32;
    case "remark": case "finding": return 120;
    case "editor": return 190;
    case "pending": return Math.min(Math.max((row.file.insertions + row.file.deletions) * 20, 60), 2_000);
    case "message": return row.what === "image" ? 260 : 54;
    default: return 20;
  }
}

function keyOf(row: Flat | undefined, index: number): string | number {
  switch (row?.type) {
    case "file": return `f${row.file.path}`;
    case "remark": return `r${row.remark.id}`;
    case "editor": return `e${spotKey(row.spot)}`;
    case "row": {
      const [left, right] = row.row.kind === "one" ? [row.row.line, row.row.line] : row.row.kind === "pair" ? [row.row.left, row.row.right] : [];
      return `l${row.file.path}:${left?.old ?? ""}:${right?.new ?? ""}:${row.row.kind}`;
    }
    default: return index;
  }
}
