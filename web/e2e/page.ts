// A page of the dashboard under watch: what the console says, what the policy stops, what leaves the machine.

import AxeBuilder from "@axe-core/playwright";
import { type Browser, expect, type Page, test as base } from "@playwright/test";
import { Sidekick } from "./daemon";

/** Collects everything that must not happen; `expectQuiet` says what did. */
export class Watched {
  readonly complaints: string[] = [];
  constructor(readonly page: Page, private readonly origin: () => string) {
    page.on("console", (message) => {
      // A daemon that is away makes the browser complain of requests; tests that stop it say so.
      if (message.type() === "error" && !(this.mayFail && /Failed to load resource|ERR_|WebSocket connection/.test(message.text()))) this.complaints.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.complaints.push(`error: ${error.message}`));
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol !== "data:" && url.protocol !== "blob:" && url.origin !== this.origin() && url.origin.replace(/^ws/, "http") !== this.origin()) this.complaints.push(`outside: ${request.url()}`);
    });
  }
  /** While the daemon is away on purpose. */
  mayFail = false;

  expectQuiet(): void {
    expect(this.complaints).toEqual([]);
  }
}

export const test = base.extend<{ sidekick: Sidekick; watched: Watched }>({
  sidekick: async ({}, use) => {
    const sidekick = new Sidekick();
    await sidekick.start();
    await use(sidekick);
    await sidekick.dispose();
  },
  watched: async ({ page, sidekick }, use) => {
    const watched = new Watched(page, () => sidekick.url);
    await use(watched);
    watched.expectQuiet();
  },
});

export { expect };

/** Signs a page in and shows a path. */
export async function open(page: Page, sidekick: Sidekick, path = "/"): Promise<void> {
  await page.goto(sidekick.link(path));
  await expect(page.locator("#content")).toBeVisible();
}

/** Another person on another device. */
export async function another(browser: Browser, sidekick: Sidekick, path = "/"): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await open(page, sidekick, path);
  return page;
}

/** What axe finds, as lines that say where. */
export async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]).analyze();
  return found.flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.target.join(" ")}: ${node.failureSummary?.split("\n").slice(1).join("; ") ?? ""}`));
}

export const isPhone = (page: Page) => (page.viewportSize()?.width ?? 0) < 1024;
