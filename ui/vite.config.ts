/// <reference types="vitest/config" />
import { readFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const tauri = JSON.parse(readFileSync(new URL("../src-tauri/tauri.conf.json", import.meta.url), "utf8"));

export default defineConfig({
  base: "./",
  plugins: [svelte()],
  // Component tests mount the browser build of Svelte, not the server's.
  resolve: process.env.VITEST ? { conditions: ["browser"] } : {},
  build: {
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { input: { main: "index.html", prompt: "prompt.html" } },
  },
  // The preview obeys the same policy as the windows, so that a breach shows before Tauri runs.
  preview: { headers: { "Content-Security-Policy": tauri.app.security.csp } },
  test: { environment: "happy-dom", include: ["src/**/*.test.ts"], testTimeout: 30_000 },
});
