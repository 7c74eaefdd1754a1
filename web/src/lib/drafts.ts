// What somebody began to write: kept in the browser until it is sent, so that a reload loses nothing.

import { useCallback, useState } from "react";

const PREFIX = "draft:";
/** Older drafts make room. */
const MOST = 50;

function read<T>(name: string, empty: T): T {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? "") as T;
  } catch {
    return empty;
  }
}

function write(name: string, text: string | undefined): void {
  try {
    if (text === undefined) return localStorage.removeItem(PREFIX + name);
    const names = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    for (const old of names.slice(0, Math.max(0, names.length - MOST))) localStorage.removeItem(old);
    localStorage.setItem(PREFIX + name, text);
  } catch {
    // A full or forbidden storage: the draft lives as long as the page.
  }
}

/** A value that outlives the page under this name; setting what is empty forgets it. */
export function useDraft<T>(name: string, empty: T): [T, (value: T) => void] {
  const [held, setHeld] = useState<{ name: string; value: T }>({ name, value: read(name, empty) });
  // Another name, another draft: read in the same rendering, so that none is ever shown under the wrong name.
  const value = held.name === name ? held.value : read(name, empty);
  const set = useCallback((to: T) => {
    setHeld({ name, value: to });
    const text = JSON.stringify(to);
    write(name, text === JSON.stringify(empty) ? undefined : text);
    // `empty` is a constant for each name.
  }, [name]);
  return [value, set];
}
