import { expect, test } from "vitest";
import { lines } from "./patch";

test("lines have their numbers on both sides", () => {
  const found = lines("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,3 @@\n one\n-two\n+2\n+3\n\\ No newline at end of file\n");
  expect(found.map((line) => [line.kind, line.old, line.new])).toEqual([
    ["hunk", undefined, undefined], ["same", 1, 1], ["del", 2, undefined], ["add", undefined, 2], ["add", undefined, 3], ["hunk", undefined, undefined],
  ]);
});
