import { expect, test } from "vitest";
import { count, share, usd } from "./amounts";

test("amounts are short and say something", () => {
  expect([0, 0.0042, 0.5, 12.345, 1234.5].map(usd)).toEqual(["$0.00", "$0.0042", "$0.50", "$12.35", "$1,234.50"]);
  expect([0, 999, 1234, 45_678, 1_200_000, 3e9].map(count)).toEqual(["0", "999", "1.2 k", "46 k", "1.2 M", "3.0 G"]);
  expect([share(1, 4), share(1, 0), share(9, 3)]).toEqual([25, 0, 100]);
});
