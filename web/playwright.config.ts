import { defineConfig } from "@playwright/test";
import { CHROMIUM, CHROMIUM_FLAGS } from "./e2e/daemon";

// Drives the built binary in Debian's Chromium: `make e2e-web`. Nothing is downloaded, nothing but the binary is asked.
const browser = { launchOptions: { executablePath: CHROMIUM, args: CHROMIUM_FLAGS }, contextOptions: { reducedMotion: "reduce" as const } };

export default defineConfig({
  testDir: "e2e",
  outputDir: "node_modules/.cache/playwright",
  timeout: 240_000,
  expect: { timeout: 15_000 },
  workers: 2,
  fullyParallel: true,
  forbidOnly: process.env["CI"] !== undefined,
  reporter: [["list"]],
  projects: [
    { name: "phone", testIgnore: /bench|shots/, use: { ...browser, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 } },
    { name: "desktop", testIgnore: /bench|shots/, use: { ...browser, viewport: { width: 1440, height: 900 } } },
    { name: "shots-phone", testMatch: /shots/, use: { ...browser, viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } },
    { name: "shots-screen", testMatch: /shots/, use: { ...browser, viewport: { width: 1440, height: 900 } } },
    { name: "bench", testMatch: /bench/, use: { ...browser, viewport: { width: 1440, height: 900 } }, timeout: 900_000 },
  ],
});
