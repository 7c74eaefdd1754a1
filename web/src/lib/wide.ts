import { useSyncExternalStore } from "react";

const query = matchMedia("(min-width: 64rem)");

function subscribe(listener: () => void) {
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}

/** Whether there is room for things beside each other: where the sidebar is. */
export function useWide(): boolean {
  return useSyncExternalStore(subscribe, () => query.matches);
}
