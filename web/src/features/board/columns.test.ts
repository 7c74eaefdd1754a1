import { expect, test } from "vitest";
import { type Card, filterOf, moved } from "./columns";

const card = (id: string, priority: number) => ({ id, priority }) as Card;
const pages = { pageParams: [undefined, "x"], pages: [{ total: 4, items: [card("a", 1), card("b", 3)] }, { total: 4, items: [card("c", 5), card("d", 5)] }] };
const order = (of: typeof pages) => of.pages.map((page) => page.items.map((one) => `${one.id}${one.priority}`).join(" "));

test("a card goes where its priority belongs, over the edges of pages; pages keep their size", () => {
  expect(order(moved(pages, "d", 2))).toEqual(["a1 d2", "b3 c5"]);
  expect(order(moved(pages, "a", 9))).toEqual(["b3 c5", "d5 a9"]);
  expect(order(moved(pages, "b", 5))).toEqual(["a1 b5", "c5 d5"]);
  expect(moved(pages, "unknown", 1)).toBe(pages);
});

test("the address gives the filter, and nothing else of it", () => {
  expect(filterOf({ project: "shop", agent: "", item: "7" })).toEqual({ project: "shop", agent: undefined, kind: undefined, text: undefined });
});
