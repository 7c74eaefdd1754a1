// Which words of a line changed into which: so that a reader sees the word and not the line. Pure, and bounded.

/** From here to there, in characters. */
export type Span = readonly [number, number];

/** Longer lines are shown as changed as a whole. */
const MOST_CHARS = 600;
const MOST_TOKENS = 160;
/** When less than this share is the same, the lines have nothing to do with each other. */
const LEAST_ALIKE = 0.25;

function tokens(text: string): string[] {
  return text.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];
}

/** Spans of `before` that are gone and of `after` that are new; none when that tells nothing. */
export function changed(before: string, after: string): { old: Span[]; new: Span[] } {
  const none = { old: [], new: [] };
  if (before === after || before.length > MOST_CHARS || after.length > MOST_CHARS) return none;
  const a = tokens(before);
  const b = tokens(after);
  if (a.length > MOST_TOKENS || b.length > MOST_TOKENS) return none;
  // The longest common sequence, from behind, so that it is read forwards.
  const width = b.length + 1;
  const best = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      best[i * width + j] = a[i] === b[j] ? best[(i + 1) * width + j + 1]! + 1 : Math.max(best[(i + 1) * width + j]!, best[i * width + j + 1]!);
    }
  }
  const gone: Span[] = [];
  const come: Span[] = [];
  let [i, j, atOld, atNew, same] = [0, 0, 0, 0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      if (a[i]!.trim() !== "") same += a[i]!.length;
      atOld += a[i++]!.length;
      atNew += b[j++]!.length;
    } else if (j >= b.length || (i < a.length && best[(i + 1) * width + j]! >= best[i * width + j + 1]!)) {
      push(gone, atOld, (atOld += a[i++]!.length));
    } else push(come, atNew, (atNew += b[j++]!.length));
  }
  const whole = Math.max(before.replace(/\s/g, "").length, after.replace(/\s/g, "").length);
  return whole === 0 || same / whole < LEAST_ALIKE ? none : { old: gone, new: come };
}

function push(spans: Span[], from: number, to: number) {
  const last = spans.at(-1);
  if (last && last[1] === from) spans[spans.length - 1] = [last[0], to];
  else spans.push([from, to]);
}

/** A piece of a line: its colour's class, and whether it is among what changed. */
export interface Piece { text: string; tone?: string | undefined; changed: boolean }
/** A coloured part of a line: so many characters of this class. */
export type Token = readonly [length: number, tone?: string];

/** Colours and changes of one line laid over each other. */
export function pieces(text: string, coloured: readonly Token[] | undefined, spans: readonly Span[]): Piece[] {
  const edges = new Set([0, text.length]);
  const tones: [number, number, string | undefined][] = [];
  let at = 0;
  for (const [length, tone] of coloured ?? []) {
    tones.push([at, at + length, tone]);
    edges.add(Math.min(at, text.length));
    at += length;
  }
  for (const [from, to] of spans) edges.add(from).add(to);
  const sorted = [...edges].filter((edge) => edge <= text.length).sort((x, y) => x - y);
  const made: Piece[] = [];
  let tone = 0;
  for (let n = 0; n + 1 < sorted.length; n++) {
    const [from, to] = [sorted[n]!, sorted[n + 1]!];
    while (tone < tones.length && tones[tone]![1] <= from) tone++;
    const inTone = tones[tone] && tones[tone]![0] <= from ? tones[tone]![2] : undefined;
    made.push({ text: text.slice(from, to), tone: inTone, changed: spans.some(([start, end]) => start <= from && to <= end) });
  }
  return made;
}
