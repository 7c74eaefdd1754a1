import { Link } from "@tanstack/react-router";
import { GripVertical, Link2, TriangleAlert } from "lucide-react";
import { memo, type PointerEvent, type ReactNode } from "react";
import { type Choice, Menu } from "../../components/ui/menu";
import { ago, plain } from "../../lib/words";
import { board as words } from "../../words/board";
import { type Card, MOVABLE } from "./columns";

/** All cards are of one height: thousands are laid out without measuring one. */
export const HEIGHT = 116;

interface Props {
  card: Card; line: string | undefined; lit: boolean; selected: boolean;
  onPriority: (card: Card, priority: number) => void; onDrag: (event: PointerEvent, card: Card) => void; onPoint: (card: Card | undefined) => void;
  onAct: (card: Card, verb: "stop" | "retry") => void;
}

export const CardOf = memo(function CardOf({ card, line, lit, selected, onPriority, onDrag, onPoint, onAct }: Props) {
  const title = plain(card.title);
  const movable = MOVABLE.includes(card.state);
  const collision = card.collisions?.find((one) => one.kind === "hot") ?? card.collisions?.[0];
  const about = card.state === "running" ? (line ?? card.stage ?? "") : plain(card.reason);
  return (
    <div data-card={card.id} onPointerEnter={() => onPoint(card)} onPointerLeave={() => onPoint(undefined)} style={{ height: HEIGHT - 8 }}
      className={`group relative flex gap-1 rounded-xl bg-surface p-3 pr-1 ring-1 ${selected ? "ring-2 ring-accent" : lit ? "ring-2 ring-note" : "ring-line"}`}>
      <div className="flex min-w-0 flex-1 flex-col">
        <Link to="/tasks/$id" params={{ id: card.id }} preload={false} onFocus={() => onPoint(card)} onBlur={() => onPoint(undefined)}
          className="line-clamp-2 text-sm leading-snug font-medium break-words after:absolute after:inset-0 after:rounded-xl">{title}</Link>
        <p className="mt-0.5 truncate text-xs text-dim">{about || `${card.project} · ${card.agent}`}</p>
        <div className="mt-auto flex items-center gap-1.5 overflow-hidden text-xs whitespace-nowrap text-dim">
          <Chip title={words.priority(card.priority)} tone={card.priority === 1 ? "text-wait bg-wait-soft" : ""}>{words.priorityShort(card.priority)}</Chip>
          {collision ? <Chip title={words.collides(plain(collision.title), collision.kind === "hot")} tone={collision.kind === "hot" ? "text-bad bg-bad-soft" : "text-wait bg-wait-soft"}><TriangleAlert size={12} aria-hidden />{collision.kind === "hot" ? words.hot : words.soft}</Chip> : null}
          {card.asks ? <Chip tone="text-wait bg-wait-soft">{words.asks}</Chip> : null}
          {card.after?.length ? <Chip title={words.afterLong(card.after.length)}><Link2 size={12} aria-hidden />{words.after(card.after.length)}</Chip> : null}
          {card.behind ? <Chip title={words.behindLong(card.behind)}><Link2 size={12} aria-hidden />{words.behind(card.behind)}</Chip> : null}
          <span className="truncate">{[about ? card.project : "", card.deadline ? words.due(ago(card.deadline)) : "", card.attempt > 1 ? words.attempt(card.attempt) : ""].filter(Boolean).join(" · ")}</span>
        </div>
      </div>
      <div className="relative z-10 flex flex-col">
        <Menu label={words.menu(title)} choices={choices(card, onPriority, onAct)} />
        {movable ? (
          <span role="presentation" title={words.drag(title)} onPointerDown={(event) => onDrag(event, card)} className="flex size-11 cursor-grab touch-none items-center justify-center text-dim opacity-60 group-hover:opacity-100 sm:size-9"><GripVertical size={16} aria-hidden /></span>
        ) : null}
      </div>
    </div>
  );
});

function choices(card: Card, onPriority: Props["onPriority"], onAct: Props["onAct"]): Choice[] {
  const to = (label: string, priority: number, hint?: string): Choice => ({ label, ...(hint ? { hint } : {}), disabled: priority < 1 || priority > 9 || priority === card.priority, onChoose: () => onPriority(card, priority) });
  const moves = MOVABLE.includes(card.state) ? [to(words.most, 1), to(words.more, card.priority - 1, "+"), to(words.less, card.priority + 1, "−"), to(words.least, 9)] : [];
  const stops = ["queued", "running", "waiting"].includes(card.state) ? [{ label: words.stop, danger: true, onChoose: () => onAct(card, "stop") }] : [];
  const tries = ["failed", "cancelled"].includes(card.state) ? [{ label: words.retry, onChoose: () => onAct(card, "retry") }] : [];
  return [...moves, ...tries, ...stops];
}

function Chip({ children, title, tone = "" }: { children: ReactNode; title?: string; tone?: string }) {
  return <span title={title} className={`relative z-10 inline-flex shrink-0 items-center gap-1 rounded-md px-1.5 py-0.5 ${tone || "bg-sunken"}`}>{children}{title ? <span className="sr-only">: {title}</span> : null}</span>;
}
