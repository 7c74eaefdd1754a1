// A unified diff as hunks of numbered lines, and those as rows to show: one under the other, or side by side. Pure.

export interface Line { kind: "add" | "del" | "same"; old?: number; new?: number; text: string; bare?: boolean }
export interface Hunk { old: number; new: number; oldCount: number; newCount: number; heading: string; lines: Line[] }

const HEAD = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$/;

/** The hunks of one file's patch. Counts of the head decide where a hunk ends, so that text which looks like a head is text. */
export function hunks(patch: string): Hunk[] {
  const found: Hunk[] = [];
  let hunk: Hunk | undefined;
  let before = 0;
  let after = 0;
  for (const text of patch.split("\n")) {
    const room = hunk !== undefined && (before < hunk.old + hunk.oldCount || after < hunk.new + hunk.newCount);
    if (hunk && room && text.startsWith("+")) hunk.lines.push({ kind: "add", new: after++, text: text.slice(1) });
    else if (hunk && room && text.startsWith("-")) hunk.lines.push({ kind: "del", old: before++, text: text.slice(1) });
    else if (hunk && room && (text.startsWith(" ") || text === "")) hunk.lines.push({ kind: "same", old: before++, new: after++, text: text.slice(1) });
    else if (hunk && text.startsWith("\\")) {
      const last = hunk.lines.at(-1);
      if (last) last.bare = true;
    } else {
      const head = HEAD.exec(text);
      if (!head) continue;
      hunk = { old: Number(head[1]), oldCount: Number(head[2] ?? 1), new: Number(head[3]), newCount: Number(head[4] ?? 1), heading: head[5] ?? "", lines: [] };
      before = hunk.old;
      after = hunk.new;
      found.push(hunk);
    }
  }
  return found;
}

export type Side = "old" | "new";
/** Lines that the patch leaves out: `count` of them from these numbers on; unknown at the end of a file. */
export interface Gap { old: number; new: number; count: number | undefined }
export type Row =
  | { kind: "pair"; left?: Line; right?: Line }
  | { kind: "one"; line: Line }
  | { kind: "gap"; gap: Gap; heading: string };

/** Removed lines and the added ones that take their place stand beside each other. */
export function paired(lines: Line[]): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < lines.length;) {
    const line = lines[at]!;
    if (line.kind === "same") {
      rows.push({ kind: "pair", left: line, right: line });
      at++;
      continue;
    }
    const gone: Line[] = [];
    const come: Line[] = [];
    for (; lines[at]?.kind === "del"; at++) gone.push(lines[at]!);
    for (; lines[at]?.kind === "add"; at++) come.push(lines[at]!);
    for (let n = 0; n < Math.max(gone.length, come.length); n++) {
      rows.push({ kind: "pair", ...(gone[n] ? { left: gone[n]! } : {}), ...(come[n] ? { right: come[n]! } : {}) });
    }
  }
  return rows;
}

/** The gaps before, between and after hunks. `ends` says that nothing comes after the last one. */
export function rows(all: Hunk[], split: boolean, ends: boolean): Row[] {
  const made: Row[] = [];
  let old = 1;
  let now = 1;
  for (const hunk of all) {
    // A hunk without lines on one side is counted from the line before.
    const oldStart = hunk.oldCount === 0 ? hunk.old + 1 : hunk.old;
    const newStart = hunk.newCount === 0 ? hunk.new + 1 : hunk.new;
    const count = newStart - now;
    if (count > 0 || hunk.heading) made.push({ kind: "gap", gap: { old, new: now, count: Math.max(count, 0) }, heading: hunk.heading });
    for (const row of split ? paired(hunk.lines) : hunk.lines.map((line): Row => ({ kind: "one", line }))) made.push(row);
    old = oldStart + hunk.oldCount;
    now = newStart + hunk.newCount;
  }
  if (!ends && all.length > 0) made.push({ kind: "gap", gap: { old, new: now, count: undefined }, heading: "" });
  return made;
}

/** Lines of the file around the hunks, put between them: they are the same on both sides. */
export function expanded(all: Hunk[], gap: Gap, first: number, lines: string[]): Hunk[] {
  const shift = gap.old - gap.new;
  const hunk: Hunk = {
    old: first + shift, new: first, oldCount: lines.length, newCount: lines.length, heading: "",
    lines: lines.map((text, n) => ({ kind: "same", old: first + shift + n, new: first + n, text })),
  };
  const merged: Hunk[] = [];
  for (const next of [...all, hunk].sort((a, b) => a.new - b.new || a.old - b.old)) {
    const last = merged.at(-1);
    // What touches becomes one.
    if (last && last.newCount > 0 && next.newCount > 0 && last.new + last.newCount === next.new) {
      merged[merged.length - 1] = { ...last, oldCount: last.oldCount + next.oldCount, newCount: last.newCount + next.newCount, lines: [...last.lines, ...next.lines] };
    } else merged.push(next);
  }
  return merged;
}

/** The text of each side as far as the patch shows it, with the numbers of its lines. */
export function sides(all: Hunk[]): Record<Side, { text: string; numbers: number[] }> {
  const of = (side: Side) => {
    const shown = all.flatMap((hunk) => hunk.lines).filter((line) => line[side] !== undefined);
    return { text: shown.map((line) => line.text).join("\n"), numbers: shown.map((line) => line[side]!) };
  };
  return { old: of("old"), new: of("new") };
}
