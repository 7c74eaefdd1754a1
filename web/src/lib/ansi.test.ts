import { expect, test } from "vitest";
import { ansi } from "./ansi";

const text = (output: string) => ansi(output).map((line) => line.map((piece) => piece.text).join(""));

test("colours and weights become classes, over the ends of lines", () => {
  expect(ansi("\u001b[1;31mfail\nstill\u001b[0m ok")).toEqual([
    [{ text: "fail", classes: "ansi-red font-semibold" }], [{ text: "still", classes: "ansi-red font-semibold" }, { text: " ok", classes: "" }],
  ]);
  expect(ansi("\u001b[38;5;196mx\u001b[38;2;1;2;300my\u001b[39mz")[0]!.map((piece) => piece.colour)).toEqual(["rgb(255 0 0)", "rgb(1 2 255)", undefined]);
});

test("what else a terminal would obey is taken out", () => {
  expect(text("a\u001b]0;title\u0007b\u001b[2Jc\u001b[10;10Hd\u202e\u0007e")).toEqual(["abcde"]);
  expect(text("<script>alert(1)</script>")).toEqual(["<script>alert(1)</script>"]);
  expect(text("\u001b]8;;javascript:alert(1)\u001b\\link\u001b]8;;\u001b\\")).toEqual(["link"]);
});

test("a progress bar is its last state", () => {
  expect(text("10%\r50%\r100%\r\ndone")).toEqual(["100%", "done"]);
  expect(text("10%\u001b[2Kdone")).toEqual(["done"]);
  expect(text("")).toEqual([""]);
});
