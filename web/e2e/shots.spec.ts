// Pictures of the pages as they are, for the documentation and for a look at them: `make screenshots`. Not a test of anything.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { isPhone, open, test } from "./page";
import type { Sidekick } from "./daemon";

const OUT = join(import.meta.dirname, "../../docs/images");
const BASKET = `parts:
  - - say: I look at the shop first.
    - plan: [{text: Read the shop, status: completed}, {text: Write the basket, status: completed}]
    - write: {path: basket.js, content: "// What a customer wants to buy.\\nexport function add(basket, item) {\\n  basket.push(item);\\n  return basket;\\n}\\n\\nexport const total = (basket) => basket.reduce((sum, item) => sum + item.price, 0);\\n"}
    - shell: "sed -i 's/price3 = 30/price3 = 35/' prices.js"
    - usage: {input: 18200, output: 2340, cost_usd: 0.31}
    - say: Baskets are there, and one price was wrong.
`;

async function furnish(sidekick: Sidekick) {
  const asks = sidekick.delegate("Ship the spring prices", "- ask: {question: 'Keep the old prices for a month?', choices: [Keep them, Replace at once]}\n- say: I asked.\n");
  const done = sidekick.delegate("Add a basket to the shop", BASKET, "--priority", "2", "--deadline", "2030-01-01T00:00:00Z");
  const failed = sidekick.delegate("Upgrade the payment library", "- fail: the registry answered 503 three times\n");
  sidekick.delegate("Show the basket on every page", BASKET, "--after", done);
  sidekick.delegate("Translate the shop into French", "- say: I translate the front page.\n- sleep: 10m\n");
  await Promise.all([sidekick.until(asks, "waiting"), sidekick.until(done, "review"), sidekick.until(failed, "failed")]);
  return done;
}

test("pictures", async ({ page, sidekick }) => {
  test.setTimeout(120_000);
  mkdirSync(OUT, { recursive: true });
  const done = await furnish(sidekick);
  await open(page, sidekick);
  const size = isPhone(page) ? "phone" : "screen";
  const shots: [string, string][] = [
    ["inbox", "/"], ["overview", "/overview"], ["board", "/board"], ["plan", "/plan"], ["task", `/tasks/${done}`], ["review", `/tasks/${done}?tab=changes`],
    ["costs", "/costs"], ["settings", "/settings"], ["access", "/settings/access"],
  ];
  for (const [name, path] of shots) {
    await page.goto(sidekick.url + path);
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: join(OUT, `${name}-${size}.png`), scale: "css" });
  }
  await page.goto(`${sidekick.url}/chat/new`);
  await page.getByRole("textbox").last().fill("why does the basket on every page wait?");
  await page.keyboard.press("Enter");
  await page.getByText("waits").last().waitFor();
  await page.screenshot({ path: join(OUT, `chat-${size}.png`), scale: "css" });
});
