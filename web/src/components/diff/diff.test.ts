import { expect, test } from "vitest";
import { languageOf } from "./highlight";
import { expanded, hunks, paired, rows, sides } from "./patch";
import { changed, pieces } from "./words";

const PATCH = `diff --git a/a.rs b/a.rs
index 1..2 100644
--- a/a.rs
+++ b/a.rs
@@ -3,4 +3,5 @@ fn main() {
 same
--- looks like a head
+++ and this, too
+new
 end
 
@@ -20 +21 @@
-old
\\ No newline at end of file
+now
`;

test("lines have their numbers, and text that looks like a head is text", () => {
  const [first, second] = hunks(PATCH);
  expect(first!.heading).toBe("fn main() {");
  expect(first!.lines.map((line) => [line.kind, line.old, line.new, line.text])).toEqual([
    ["same", 3, 3, "same"], ["del", 4, undefined, "-- looks like a head"], ["add", undefined, 4, "++ and this, too"], ["add", undefined, 5, "new"], ["same", 5, 6, "end"], ["same", 6, 7, ""],
  ]);
  expect(second!.lines).toEqual([{ kind: "del", old: 20, text: "old", bare: true }, { kind: "add", new: 21, text: "now" }]);
  expect(hunks("Binary files a and b differ")).toEqual([]);
});

test("side by side, what replaces stands beside what it replaces", () => {
  const pairs = paired(hunks(PATCH)[0]!.lines).map((row) => (row.kind === "pair" ? [row.left?.text, row.right?.text] : []));
  expect(pairs).toEqual([["same", "same"], ["-- looks like a head", "++ and this, too"], [undefined, "new"], ["end", "end"], ["", ""]]);
});

test("gaps say what is left out, and vanish when they are filled", () => {
  const all = hunks(PATCH);
  const gaps = (of: typeof all, ends: boolean) => rows(of, false, ends).flatMap((row) => (row.kind === "gap" ? [row.gap] : []));
  expect(gaps(all, false)).toEqual([{ old: 1, new: 1, count: 2 }, { old: 7, new: 8, count: 13 }, { old: 21, new: 22, count: undefined }]);
  const filled = expanded(all, gaps(all, true)[1]!, 8, Array.from({ length: 13 }, (_, n) => `x${n}`));
  expect(filled).toHaveLength(1);
  expect(gaps(filled, true)).toEqual([{ old: 1, new: 1, count: 2 }]);
  const line = filled[0]!.lines.find((one) => one.text === "x0")!;
  expect([line.old, line.new]).toEqual([7, 8]);
});

test("a file that is new has no gap before it", () => {
  const all = hunks("@@ -0,0 +1,2 @@\n+a\n+b\n");
  expect(rows(all, true, true).map((row) => row.kind)).toEqual(["pair", "pair"]);
  expect(sides(all).new).toEqual({ text: "a\nb", numbers: [1, 2] });
});

test("the words that changed are marked, and nothing where lines are unlike", () => {
  const cut = (text: string, spans: readonly (readonly [number, number])[]) => spans.map(([from, to]) => text.slice(from, to));
  const [before, after] = ["let total = price * 2;", "let sum = price * 3;"];
  const found = changed(before, after);
  expect(cut(before, found.old)).toEqual(["total", "2"]);
  expect(cut(after, found.new)).toEqual(["sum", "3"]);
  expect(changed("fn main() {", "import os")).toEqual({ old: [], new: [] });
  expect(changed("a".repeat(700), "b")).toEqual({ old: [], new: [] });
});

test("colours and changes lie over each other", () => {
  expect(pieces("let a", [[3, "k"], [2]], [[2, 5]])).toEqual([
    { text: "le", tone: "k", changed: false }, { text: "t", tone: "k", changed: true }, { text: " a", tone: undefined, changed: true },
  ]);
  expect(pieces("", undefined, [])).toEqual([]);
  expect(pieces("plain", undefined, []).map((piece) => piece.text).join("")).toBe("plain");
});

test("languages are known by name and ending", () => {
  expect(["a/b.rs", "Dockerfile", "x.test.tsx", "none"].map(languageOf)).toEqual(["rust", "dockerfile", "typescript", undefined]);
});
