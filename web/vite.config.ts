import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react(), tailwind()],
  test: { include: ["src/**/*.test.{ts,tsx}"] },
  build: { modulePreload: { polyfill: false }, assetsInlineLimit: 0 },
});
