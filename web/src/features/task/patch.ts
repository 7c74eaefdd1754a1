// A unified diff as lines with their numbers. Pure.

export interface Line { kind: "add" | "del" | "same" | "hunk"; old?: number; new?: number; text: string }

export function lines(patch: string): Line[] {
  const found: Line[] = [];
  let before = 0;
  let after = 0;
  let inside = false;
  for (const text of patch.split("\n")) {
    const hunk = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(text);
    if (hunk) {
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      inside = true;
      found.push({ kind: "hunk", text });
    } else if (inside && text.startsWith("+")) found.push({ kind: "add", new: after++, text: text.slice(1) });
    else if (inside && text.startsWith("-")) found.push({ kind: "del", old: before++, text: text.slice(1) });
    else if (inside && text.startsWith(" ")) found.push({ kind: "same", old: before++, new: after++, text: text.slice(1) });
    else if (inside && text.startsWith("\\")) found.push({ kind: "hunk", text });
  }
  return found;
}
