// The whole story: delegate, watch, comment on a line, send back, approve, merge. On a phone and on a screen.

import { execFileSync } from "node:child_process";
import { expect, isPhone, open, test } from "./page";

/** The first part works; the second, after what was sent back, does as told. */
const SCENARIO = `parts:
  - - say: I look at the shop first.
    - plan: [{text: Read the shop, status: completed}, {text: Write the basket, status: in_progress}]
    - write: {path: basket.js, content: "export function add(basket, item) {\\n  basket.push(item);\\n  return basket;\\n}\\n"}
    - usage: {input: 1200, output: 340}
    - say: Baskets are there.
  - - say: A new list, as you wish.
    - write: {path: basket.js, content: "export function add(basket, item) {\\n  return [...basket, item];\\n}\\n"}
    - say: Adding makes a new basket now.
`;

test("from the wish to the merge", async ({ page, sidekick, watched }) => {
  await open(page, sidekick);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Nothing needs you");
  await expect(page.getByText("Go away. You will be told.")).toBeVisible();

  // Delegated elsewhere, it comes by itself.
  const id = sidekick.delegate("Add a basket to the shop", SCENARIO);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("One thing needs you");
  if (isPhone(page)) await page.getByRole("button", { name: "Look at it" }).click();
  await expect(page.getByText("Baskets are there.").last()).toBeVisible();
  await expect(page.getByText("basket.push(item);")).toBeVisible();

  // A remark on a line, and one line of words.
  await page.getByRole("button", { name: "Comment on line 2", exact: true }).last().click();
  await page.locator("textarea:focus").fill("do not change the basket that was given");
  await page.getByRole("button", { name: "Save comment" }).click();
  await page.getByRole("textbox", { name: "What should change?" }).fill("Return a new list.");
  await page.getByRole("button", { name: "Send back" }).click();

  // It goes on in the same session and comes back with what was asked for.
  await expect(page.getByText("return [...basket, item];")).toBeVisible();
  const sent = sidekick.show(id);
  expect(sent.attempt ?? 2).toBe(2);

  await page.getByRole("button", { name: "Approve and merge" }).first().click();
  await expect(page.getByText("Approved. It is sent in a moment.")).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Nothing needs you");
  await sidekick.until(id, "completed");
  expect(execFileSync("git", ["show", "main:basket.js"], { cwd: sidekick.repo, encoding: "utf8" })).toContain("[...basket, item]");
  watched.expectQuiet();
});
