// What the first page costs: bytes, which are the same on every machine.

import { expect, open, test } from "./page";

const MOST_SCRIPT = 250_000;

test("the first page loads less than 250 kB of script, from the binary alone, and works by keys", async ({ page, sidekick, watched }) => {
  const scripts = new Map<string, number>();
  page.on("response", (response) => {
    if (response.request().resourceType() === "script") scripts.set(response.url(), Number(response.headers()["content-length"] ?? Number.NaN));
    if (/\.js$/.test(response.url())) expect(response.headers()["content-encoding"] ?? "none", response.url()).toMatch(/gzip|none/);
  });
  await open(page, sidekick);
  await expect(page.getByText("Go away. You will be told.")).toBeVisible();
  const bytes = [...scripts.values()].reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeGreaterThan(20_000);
  expect(bytes).toBeLessThan(MOST_SCRIPT);

  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Go to, find, do" }).fill("overv");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Overview");
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
  watched.expectQuiet();
});
