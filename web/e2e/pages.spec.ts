// Every page: nothing axe objects to, light and dark; no error in the console; nothing asked of anybody else.

import { expect, open, test, violations } from "./page";
import type { Sidekick } from "./daemon";

const WORK = "- say: I read the shop.\n- write: {path: basket.js, content: \"export const basket = [];\\n\"}\n- usage: {input: 1200, output: 300}\n- say: Baskets are there.\n";

/** Something of everything. */
async function furnish(sidekick: Sidekick) {
  const asks = sidekick.delegate("Ship the spring prices", "- ask: {question: 'Keep the old prices for a month?', choices: [Keep them, Replace at once]}\n- say: I asked.\n");
  const done = sidekick.delegate("Add a basket to the shop", WORK, "--priority", "1", "--deadline", "2030-01-01T00:00:00Z");
  const failed = sidekick.delegate("Upgrade the payment library", "- fail: the registry answered 503 three times\n");
  sidekick.delegate("Show the basket on every page", WORK, "--after", done);
  sidekick.delegate("Translate the shop into French", "- say: I translate the front page.\n- sleep: 10m\n");
  await Promise.all([sidekick.until(asks, "waiting"), sidekick.until(done, "review"), sidekick.until(failed, "failed")]);
  return { asks, done };
}

test.setTimeout(300_000);

test("every page is for everybody", async ({ page, sidekick, watched }) => {
  const { asks, done } = await furnish(sidekick);
  await open(page, sidekick);
  const found: string[] = [];
  const paths = ["/", `/?item=${asks}`, `/?item=${done}`, "/overview", "/board?state=waiting", "/plan", "/accounts", "/chat", "/chat/new", "/costs", "/settings", "/settings/access", "/status", "/more", `/tasks/${done}`, `/tasks/${asks}`];
  for (const theme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme: theme });
    for (const path of paths) {
      await page.goto(sidekick.url + path);
      await expect(page.locator("main").first()).toBeVisible();
      await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
      found.push(...(await violations(page)).map((line) => `${theme} ${path}: ${line}`));
      // Nothing is cut off at the side of a phone.
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) found.push(`${theme} ${path}: ${over} px too wide`);
    }
  }
  expect(found).toEqual([]);
  watched.expectQuiet();
});
