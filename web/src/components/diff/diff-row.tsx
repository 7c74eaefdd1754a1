// One line of a change, or two beside each other. Numbers are buttons: they open the field for a comment.

import { memo, type PointerEvent, type ReactNode } from "react";
import { plain } from "../../lib/words";
import { diff as words } from "../../words/diff";
import type { Line, Row, Side } from "./patch";
import { changed, pieces, type Token } from "./words";

export interface Choosing {
  /** The lines that are chosen now, of this file. */
  chosen: { side: Side; line: number; end: number } | undefined;
  press: (side: Side, line: number, event: PointerEvent) => void;
  enter: (side: Side, line: number) => void;
  open: (side: Side, line: number, extend: boolean) => void;
}

interface Shared { choosing: Choosing | undefined; tokens: (side: Side, line: number) => readonly Token[] | undefined; partner: (line: Line) => Line | undefined }

const within = (choosing: Choosing | undefined, side: Side, line: number | undefined) =>
  line !== undefined && choosing?.chosen?.side === side && line >= choosing.chosen.line && line <= choosing.chosen.end;

function Num({ side, line, choosing, sign }: { side: Side; line: number | undefined; choosing: Choosing | undefined; sign: string }) {
  const look = "block w-full select-none px-1 text-right text-[0.6875rem] leading-[inherit] text-dim";
  if (line === undefined) return <span className={look} />;
  if (!choosing) return <span className={look}>{line}</span>;
  return (
    <button type="button" aria-label={`${words.comment(line)}${sign === "−" ? `, ${words.old}` : ""}`} className={`${look} hover:bg-accent hover:text-on-accent`}
      onPointerDown={(event) => choosing.press(side, line, event)} onPointerEnter={() => choosing.enter(side, line)} onClick={(event) => choosing.open(side, line, event.shiftKey)}>{line}</button>
  );
}

function Text({ line, side, tokens, partner }: { line: Line; side: Side } & Pick<Shared, "tokens" | "partner">): ReactNode {
  const other = line.kind === "same" ? undefined : partner(line);
  const spans = other ? changed(line.kind === "del" ? line.text : other.text, line.kind === "del" ? other.text : line.text)[line.kind === "del" ? "old" : "new"] : [];
  const made = pieces(line.text, tokens(side, line[side]!), spans);
  if (made.length === 0) return "\u200b";
  return made.map((piece, n) => {
    const text = plain(piece.text);
    const inner = piece.tone ? <span key={n} className={piece.tone}>{text}</span> : text;
    return piece.changed ? <mark key={n}>{inner}</mark> : inner;
  });
}

const GROUND = { add: "diff-added", del: "diff-removed", same: "" };
const SIGN = { add: "+", del: "−", same: "" };

export const DiffRow = memo(function DiffRow({ row, choosing, tokens, partner }: { row: Exclude<Row, { kind: "gap" }> } & Shared) {
  if (row.kind === "one") {
    const { line } = row;
    const side: Side = line.kind === "del" ? "old" : "new";
    const chosen = within(choosing, side, line[side]);
    return (
      <div className={`flex font-mono text-xs leading-6 sm:leading-5 ${GROUND[line.kind]} ${chosen ? "diff-chosen" : ""}`}>
        <span className="hidden w-11 shrink-0 sm:block"><Num side="old" line={line.old} sign={SIGN[line.kind]} choosing={line.kind === "del" ? choosing : undefined} /></span>
        <span className="w-11 shrink-0"><span className={line.kind === "del" ? "sm:hidden" : "hidden"}><Num side="old" line={line.old} sign="−" choosing={choosing} /></span>{line.kind === "del" ? null : <Num side="new" line={line.new} sign={SIGN[line.kind]} choosing={choosing} />}</span>
        <span className="w-5 shrink-0 text-center text-dim select-none" aria-hidden={line.kind === "same"}>{SIGN[line.kind]}</span>
        <span className="diff-text min-w-0 flex-1 pr-2"><Text line={line} side={side} tokens={tokens} partner={partner} /></span>
      </div>
    );
  }
  return (
    <div className="grid grid-cols-2 font-mono text-xs leading-5">
      {(["left", "right"] as const).map((at) => {
        const line = row[at];
        const side: Side = at === "left" ? "old" : "new";
        if (!line) return <div key={at} className={`bg-sunken ${at === "right" ? "border-l border-line" : ""}`} />;
        return (
          <div key={at} className={`flex min-w-0 ${GROUND[line.kind]} ${within(choosing, side, line[side]) ? "diff-chosen" : ""} ${at === "right" ? "border-l border-line" : ""}`}>
            <span className="w-11 shrink-0"><Num side={side} line={line[side]} sign={SIGN[line.kind]} choosing={choosing} /></span>
            <span className="w-5 shrink-0 text-center text-dim select-none" aria-hidden={line.kind === "same"}>{SIGN[line.kind]}</span>
            <span className="diff-text min-w-0 flex-1 pr-2"><Text line={line} side={side} tokens={tokens} partner={partner} /></span>
          </div>
        );
      })}
    </div>
  );
});
