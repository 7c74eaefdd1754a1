import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react(), tailwind()],
  // The bound is for broken code, not for a busy machine.
  test: { include: ["src/**/*.test.{ts,tsx}"], testTimeout: 30_000 },
  build: { modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
});
