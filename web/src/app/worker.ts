// The service worker: registered once the page rests, and replaced when a person says so.

import { useSyncExternalStore } from "react";

let waiting: ServiceWorker | undefined;
const listeners = new Set<() => void>();

function offer(worker: ServiceWorker | null) {
  if (!worker) return;
  waiting = worker;
  for (const listener of listeners) listener();
}

/** Keeps the shell; where the browser has no workers (not served from this machine or over TLS) nothing is kept. */
export function startWorker(): void {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  const { serviceWorker } = navigator;
  addEventListener("load", () => {
    void serviceWorker.register("/sw.js").then((registration) => {
      if (serviceWorker.controller) offer(registration.waiting);
      registration.addEventListener("updatefound", () => {
        const worker = registration.installing;
        worker?.addEventListener("statechange", () => {
          if (worker.state === "installed" && serviceWorker.controller) offer(worker);
        });
      });
      // A tab that stays open for days still hears of new versions.
      document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") void registration.update().catch(() => undefined); });
    }, () => undefined);
  });
}

/** Whether there is a newer version. */
export function useNewVersion(): boolean {
  return useSyncExternalStore((listener) => { listeners.add(listener); return () => { listeners.delete(listener); }; }, () => waiting !== undefined);
}

export function takeNewVersion(): void {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting?.postMessage("take over");
}
