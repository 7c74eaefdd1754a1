// What a program printed, coloured as it meant to; text only.

import { memo, useMemo } from "react";
import { ansi } from "../lib/ansi";
import "./ansi.css";

export const Ansi = memo(function Ansi({ text, className = "" }: { text: string; className?: string }) {
  const lines = useMemo(() => ansi(text.replace(/\n$/, "")), [text]);
  return (
    <pre className={`font-mono text-xs leading-5 break-words whitespace-pre-wrap ${className}`}>
      {lines.map((line, n) => <AnsiLine key={n} pieces={line} />)}
    </pre>
  );
});

export function AnsiLine({ pieces }: { pieces: ReturnType<typeof ansi>[number] }) {
  return <div>{pieces.length === 0 ? "\u200b" : pieces.map((piece, n) => (piece.classes || piece.colour ? <span key={n} className={piece.classes} style={piece.colour ? { color: piece.colour } : undefined}>{piece.text}</span> : piece.text))}</div>;
}
