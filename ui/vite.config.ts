/// <reference types="vitest/config" />
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const testing = Boolean(process.env["VITEST"]);

export default defineConfig({
  plugins: [svelte()],
  clearScreen: false,
  server: { port: 5173, strictPort: true },
  build: { target: "es2022", sourcemap: false, chunkSizeWarningLimit: 650 },
  // Svelte's client build, and one copy of it, where tests run without a browser.
  ...(testing ? { resolve: { conditions: ["browser"] } } : {}),
  test: {
    env: { TZ: "UTC", LANG: "en_US.UTF-8" },
    environment: "jsdom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["src/test/setup.ts"],
    restoreMocks: true,
    // Accessibility scans are slow where every core is busy.
    testTimeout: 30_000,
  },
});
