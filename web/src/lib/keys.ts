// Keys of one letter. They do nothing while somebody types or a dialog is open, and can be switched off (WCAG 2.1.4).

import { useEffect, useRef, useSyncExternalStore } from "react";

export interface Key {
  /** As `KeyboardEvent.key` names it. */
  key: string;
  /** What it does, for the list of keys; without one it is not listed. */
  label?: string;
  run: (event: KeyboardEvent) => void;
}

const OFF = "keys-off";
const layers: { current: readonly Key[] }[] = [];
const listeners = new Set<() => void>();
let version = 0;

function changed() {
  version += 1;
  for (const listener of listeners) listener();
}

export function areKeysOn(): boolean {
  return localStorage.getItem(OFF) === null;
}

export function switchKeys(on: boolean): void {
  if (on) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
  changed();
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input:not([type=checkbox]),textarea,select,[contenteditable],[role=menu]") !== null;
}

function press(event: KeyboardEvent) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !areKeysOn()) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  // A button that has the focus keeps Enter and Space.
  const keeps = (event.key === "Enter" || event.key === " ") && event.target instanceof Element && event.target.closest("button,a,summary");
  if (keeps) return;
  // What was laid on top answers first.
  for (const layer of [...layers].reverse()) {
    const found = layer.current.find((key) => key.key === event.key);
    if (found) { event.preventDefault(); found.run(event); return; }
  }
}

/** These keys, while the component is shown. */
export function useKeys(keys: readonly Key[]): void {
  const layer = useRef(keys);
  layer.current = keys;
  const names = keys.map((key) => key.key).join(" ");
  useEffect(() => {
    if (layers.length === 0) addEventListener("keydown", press);
    layers.push(layer);
    changed();
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      if (layers.length === 0) removeEventListener("keydown", press);
      changed();
    };
  }, [names]);
}

/** The keys that do something now. */
export function useKeyList(): Key[] {
  useSyncExternalStore((listener) => { listeners.add(listener); return () => { listeners.delete(listener); }; }, () => version);
  const seen = new Set<string>();
  return [...layers].reverse().flatMap((layer) => layer.current).filter((key) => key.label && !seen.has(key.key) && seen.add(key.key));
}
