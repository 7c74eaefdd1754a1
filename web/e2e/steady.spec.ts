// Nothing is lost and nothing is done twice: two tabs, two people, a reload, a daemon that restarts, a network that is gone.

import { another, expect, isPhone, open, test } from "./page";

const WORK = "- say: I read the shop.\n- write: {path: basket.js, content: \"export const basket = [];\\n\"}\n- say: Baskets are there.\n";

test.beforeEach(({ page }, info) => { test.skip(isPhone(page), `once is enough, not on the ${info.project.name}`); });

test("two who decide at once: one is heard, the other is told", async ({ page, sidekick, browser, watched }) => {
  const id = sidekick.delegate("Add a basket to the shop", WORK);
  await sidekick.until(id, "review");
  await open(page, sidekick);
  const other = await another(browser, sidekick);
  await expect(page.getByText("basket = []")).toBeVisible();
  await expect(other.getByText("basket = []")).toBeVisible();
  watched.mayFail = true;
  await other.getByRole("textbox", { name: "What should change?" }).fill("Not like this.");
  await page.getByRole("textbox", { name: "What should change?" }).fill("Rather like that.");
  await Promise.all([page.getByRole("button", { name: "Send back" }).click(), other.getByRole("button", { name: "Send back" }).click()]);
  // Whoever came second still has the words, and reads why they were not taken.
  await expect.poll(async () => (await page.getByText(/This was not done/).count()) + (await other.getByText(/This was not done/).count())).toBe(1);
  await sidekick.until(id, "review");
  expect(JSON.stringify(sidekick.runs(id)).match(/"feedback":/g)?.length).toBe(1);
  await other.context().close();
});

test("what was written is there after a reload, and a restart of the daemon is not noticed", async ({ page, sidekick, watched }) => {
  const id = sidekick.delegate("Add a basket to the shop", WORK);
  await sidekick.until(id, "review");
  await open(page, sidekick);
  await page.getByRole("textbox", { name: "What should change?" }).fill("Call it a cart.");
  await page.reload();
  await expect(page.getByRole("textbox", { name: "What should change?" })).toHaveValue("Call it a cart.");

  watched.mayFail = true;
  await sidekick.stop();
  await page.getByRole("button", { name: "Send back" }).click();
  await expect(page.getByText("It waits for the network", { exact: false })).toBeVisible();
  // It outlives the page.
  await page.reload();
  await expect(page.getByText("Call it a cart.")).toBeVisible();
  await sidekick.start();
  await expect(page.getByText("It waits for the network", { exact: false })).toHaveCount(0, { timeout: 40_000 });
  await sidekick.until(id, "review");
  expect(JSON.stringify(sidekick.runs(id)).match(/Call it a cart/g)?.length).toBe(1);
});

test("an approval can be taken back for a moment", async ({ page, sidekick }) => {
  const id = sidekick.delegate("Add a basket to the shop", WORK);
  await sidekick.until(id, "review");
  await open(page, sidekick);
  await expect(page.getByText("basket = []")).toBeVisible();
  await page.keyboard.press("a");
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("button", { name: "Approve and merge" })).toBeVisible();
  await sidekick.until(id, "review");
});
