// What agents and the brain write in Markdown, as React elements and never as HTML: see tree.ts for what may be shown.

import { useRouter } from "@tanstack/react-router";
import { Check, Copy } from "lucide-react";
import { memo, type MouseEvent, type ReactNode, useEffect, useMemo, useState } from "react";
import { markdown as words } from "../../words/markdown";
import { type Block, type Inline, tree } from "./tree";

/** `text` may come from anybody. It may grow: only what changed is drawn anew. */
export const Markdown = memo(function Markdown({ text, className = "" }: { text: string; className?: string }) {
  const blocks = useMemo(() => tree(text), [text]);
  return <div className={`min-w-0 space-y-3 break-words ${className}`}>{blocks.map(drawn)}</div>;
});

function drawn(block: Block, key: number): ReactNode {
  switch (block.is) {
    case "paragraph":
      return <p key={key} className="whitespace-pre-wrap">{block.inside.map(within)}</p>;
    case "heading":
      return <h3 key={key} className={block.depth === 1 ? "pt-1 text-lg font-semibold" : block.depth === 2 ? "pt-1 text-base font-semibold" : "font-semibold"}>{block.inside.map(within)}</h3>;
    case "code":
      return <CodeBlock key={key} lang={block.lang} text={block.text} />;
    case "quote":
      return <blockquote key={key} className="space-y-2 border-l-2 border-line pl-3 text-dim">{block.inside.map(drawn)}</blockquote>;
    case "list": {
      const items = block.items.map((item, n) => (
        <li key={n} className="space-y-1 pl-1 marker:text-dim">
          {item.checked === undefined ? null : <span className="mr-1.5" role="img" aria-label={item.checked ? words.done : words.open}>{item.checked ? "☑" : "☐"}</span>}
          {item.inside.length === 1 && item.inside[0]?.is === "paragraph" ? item.inside[0].inside.map(within) : item.inside.map(drawn)}
        </li>
      ));
      return block.start === undefined ? <ul key={key} className="list-disc space-y-1 pl-5">{items}</ul> : <ol key={key} start={block.start} className="list-decimal space-y-1 pl-6">{items}</ol>;
    }
    case "table":
      return (
        <div key={key} role="region" aria-label={words.table} tabIndex={0} className="overflow-x-auto rounded-lg ring-1 ring-line">
          <table className="w-full border-collapse text-left text-sm">
            <thead className="bg-sunken"><tr>{block.head.map((cell, n) => <th key={n} scope="col" className="px-3 py-1.5 font-medium">{cell.map(within)}</th>)}</tr></thead>
            <tbody>{block.rows.map((row, n) => <tr key={n} className="border-t border-line">{row.map((cell, m) => <td key={m} className="px-3 py-1.5 align-top">{cell.map(within)}</td>)}</tr>)}</tbody>
          </table>
        </div>
      );
    case "rule":
      return <hr key={key} className="border-line" />;
  }
}

function within(part: Inline, key: number): ReactNode {
  switch (part.is) {
    case "text":
      return part.text;
    case "strong":
      return <strong key={key} className="font-semibold">{part.inside.map(within)}</strong>;
    case "em":
      return <em key={key}>{part.inside.map(within)}</em>;
    case "del":
      return <del key={key}>{part.inside.map(within)}</del>;
    case "code":
      return <code key={key} className="rounded bg-sunken px-1 py-0.5 font-mono text-[0.85em] ring-1 ring-line ring-inset">{part.text}</code>;
    case "break":
      return <br key={key} />;
    case "link":
      return <Address key={key} {...part} />;
  }
}

function Address({ href, ours, to, inside }: Extract<Inline, { is: "link" }>) {
  const router = useRouter({ warn: false }) as ReturnType<typeof useRouter> | undefined;
  const look = "text-accent underline underline-offset-2";
  if (!ours) return <><a href={href} target="_blank" rel="noopener noreferrer nofollow" className={look}>{inside.map(within)}</a>{to ? <span className="text-dim"> ({to})</span> : null}</>;
  const go = (event: MouseEvent) => {
    if (!router || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    router.history.push(href);
  };
  return <a href={href} rel="noopener" onClick={go} className={look}>{inside.map(within)}</a>;
}

function CodeBlock({ lang, text }: { lang: string; text: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2_000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = () => void navigator.clipboard.writeText(text).then(() => setCopied(true), () => setCopied(false));
  return (
    <figure className="overflow-hidden rounded-lg bg-sunken ring-1 ring-line">
      <figcaption className="flex items-center justify-between gap-2 border-b border-line pl-3 text-xs text-dim">
        <span className="truncate font-mono">{lang || words.code.toLowerCase()}</span>
        <button type="button" aria-label={copied ? words.copied : words.copyLabel} onClick={copy} className="inline-flex min-h-9 items-center gap-1.5 px-3 hover:text-ink sm:min-h-8">
          {copied ? <Check size={13} aria-hidden /> : <Copy size={13} aria-hidden />}<span aria-live="polite">{copied ? words.copied : words.copy}</span>
        </button>
      </figcaption>
      <pre role="region" aria-label={words.code} tabIndex={0} className="overflow-x-auto p-3 font-mono text-[0.8125rem] leading-relaxed"><code>{text}</code></pre>
    </figure>
  );
}
