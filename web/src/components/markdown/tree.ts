// Markdown as a small tree of what may be shown: an allow-list. Whatever is not in it (HTML, images, addresses of other
// kinds) becomes text. `marked` only reads; it renders nothing here.

import { Lexer, type MarkedToken, type Token, type Tokens } from "marked";
import { plain } from "../../lib/words";
import { markdown as words } from "../../words/markdown";

export type Inline =
  | { is: "text"; text: string }
  | { is: "strong" | "em" | "del"; inside: Inline[] }
  | { is: "code"; text: string }
  | { is: "link"; href: string; ours: boolean; /** Where it leads, when its words do not say so. */ to: string; inside: Inline[] }
  | { is: "break" };

export type Block =
  | { is: "paragraph"; inside: Inline[] }
  | { is: "heading"; depth: number; inside: Inline[] }
  | { is: "code"; lang: string; text: string }
  | { is: "quote"; inside: Block[] }
  | { is: "list"; start: number | undefined; items: { checked: boolean | undefined; inside: Block[] }[] }
  | { is: "table"; head: Inline[][]; rows: Inline[][][] }
  | { is: "rule" };

/** Characters that are read as Markdown; what is longer is shown as it is. */
export const MOST = 64 * 1024;
/** Marks of emphasis that are matched with each other; looking for pairs among more takes too long. */
const MOST_MARKS = 4_000;
/** What is nested deeper is shown as text. */
const DEEPEST = 10;
/** Cells of a table; a larger one is shown as text. */
const MOST_CELLS = 4_000;

/** Pages of ours that a text may lead to: nothing that acts, nothing that answers for us. */
const OURS = /^\/(?!(?:api|ws|answer|assets)(?:[/?#]|$))(?:[a-z0-9][\w\-./?=&%#:,]*)?$/i;

/** A harmless address, or nothing. */
export function address(href: string): { href: string; ours: boolean } | undefined {
  if (OURS.test(href) && !href.includes("..")) return { href, ours: true };
  if (!/^https?:\/\//i.test(href)) return undefined;
  try {
    const url = new URL(href);
    // Names before an @ are there to be taken for the host.
    if ((url.protocol !== "https:" && url.protocol !== "http:") || url.username || url.password) return undefined;
    return { href: url.href, ours: false };
  } catch {
    return undefined;
  }
}

/** The tree of a text; never fails, whatever the text is. */
export function tree(source: string): Block[] {
  const whole = plain(source);
  if (whole.length > MOST || (whole.match(/[*_~]+/g)?.length ?? 0) > MOST_MARKS) return [{ is: "paragraph", inside: [text(whole)] }];
  try {
    return blocks(new Lexer({ gfm: true, breaks: false }).lex(whole), 0);
  } catch {
    return [{ is: "paragraph", inside: [text(whole)] }];
  }
}

const text = (said: string): Inline => ({ is: "text", text: plain(said) });

function blocks(tokens: Token[], depth: number): Block[] {
  return tokens.flatMap((token) => block(token as MarkedToken, depth));
}

function block(token: MarkedToken, depth: number): Block[] {
  if (depth > DEEPEST) return [{ is: "paragraph", inside: [text(token.raw)] }];
  switch (token.type) {
    case "space":
    case "def":
      return [];
    case "heading":
      return [{ is: "heading", depth: token.depth, inside: inlines(token.tokens, depth) }];
    case "paragraph":
    case "text":
      return [{ is: "paragraph", inside: token.tokens ? inlines(token.tokens, depth) : [text(decoded(token.text))] }];
    case "code":
      return [{ is: "code", lang: (token.lang ?? "").slice(0, 32), text: token.text }];
    case "blockquote":
      return [{ is: "quote", inside: blocks(token.tokens, depth + 1) }];
    case "list":
      return [{
        is: "list",
        start: token.ordered ? Number(token.start) || 0 : undefined,
        items: token.items.map((item) => ({ checked: item.task ? Boolean(item.checked) : undefined, inside: blocks(item.tokens.filter((part) => part.type !== "checkbox"), depth + 1) })),
      }];
    case "table":
      return table(token, depth);
    case "hr":
      return [{ is: "rule" }];
    default:
      return [{ is: "paragraph", inside: [text(token.raw.trimEnd())] }];
  }
}

function table(token: Tokens.Table, depth: number): Block[] {
  if (token.header.length * (token.rows.length + 1) > MOST_CELLS) return [{ is: "code", lang: "", text: token.raw }];
  const row = (cells: Tokens.TableCell[]) => cells.map((cell) => inlines(cell.tokens, depth));
  return [{ is: "table", head: row(token.header), rows: token.rows.map(row) }];
}

function inlines(tokens: Token[], depth: number): Inline[] {
  return tokens.flatMap((token) => inline(token as MarkedToken, depth));
}

function inline(token: MarkedToken, depth: number): Inline[] {
  if (depth > DEEPEST) return [text(token.raw)];
  switch (token.type) {
    case "strong":
    case "em":
    case "del":
      return [{ is: token.type, inside: inlines(token.tokens, depth + 1) }];
    case "codespan":
      return [{ is: "code", text: token.text }];
    case "br":
      return [{ is: "break" }];
    case "escape":
      return [text(token.text)];
    case "text":
      return token.tokens ? inlines(token.tokens, depth + 1) : [text(decoded(token.text))];
    case "link":
      return link(token, depth);
    case "image":
      return [text(words.image(token.text, token.href))];
    case "checkbox":
      return [];
    default:
      return [text(token.raw)];
  }
}

/** A link whose words are another address than where it leads shows where it leads. */
function link(token: Tokens.Link, depth: number): Inline[] {
  const inside = inlines(token.tokens, depth + 1).flatMap(unlinked);
  const found = address(token.href);
  if (!found) return [...inside, ...(said(inside) === token.href ? [] : [text(` (${token.href})`)])];
  const to = found.ours || new RegExp(`^(https?://)?${escaped(new URL(found.href).host)}`, "i").test(said(inside)) ? "" : new URL(found.href).host;
  return [{ is: "link", ...found, to, inside }];
}

/** Links do not contain links. */
function unlinked(part: Inline): Inline[] {
  return part.is === "link" ? part.inside : [part];
}

const said = (parts: Inline[]): string => parts.map((part) => ("text" in part ? part.text : "inside" in part ? said(part.inside) : " ")).join("");
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

const NAMED: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'", nbsp: "\u00a0", hellip: "…", mdash: "—", ndash: "–", rarr: "→", larr: "←", times: "×", copy: "©" };

/** Character references, as text: what they stand for is shown and never read again. */
function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w{2,8}));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name) return NAMED[name.toLowerCase()] ?? whole;
    const code = decimal ? Number(decimal) : Number.parseInt(hex ?? "", 16);
    return code > 31 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : "\ufffd";
  });
}
