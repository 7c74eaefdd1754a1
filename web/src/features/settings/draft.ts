// What was changed and not saved yet: a value for each setting, null where it is taken out.

import { useCallback, useMemo, useState } from "react";

export type Value = string | number | boolean | null | Value[] | { [name: string]: Value };
export type Path = readonly string[];
export interface Change { path: string[]; to: Value }

/** The value at a path; undefined when there is none. */
export function at(values: unknown, path: Path): Value | undefined {
  let value = values;
  for (const name of path) {
    if (value === null || typeof value !== "object") return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value as Value | undefined;
}

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
const key = (path: Path) => JSON.stringify(path);

export interface Draft {
  changes: Change[];
  get: (path: Path) => Value | undefined;
  set: (path: Path, to: Value) => void;
  drop: () => void;
}

/** Changes on values that were read; what is set back to what it was is no change. */
export function useDraft(values: unknown): Draft {
  const [changed, setChanged] = useState<ReadonlyMap<string, Value>>(new Map());
  const get = useCallback((path: Path) => {
    // A whole project that is added or taken out covers what is in it.
    for (let n = path.length; n > 0; n -= 1) {
      const outer = changed.get(key(path.slice(0, n)));
      if (outer !== undefined) return n === path.length ? (outer === null ? undefined : outer) : at(outer, path.slice(n));
    }
    return at(values, path);
  }, [changed, values]);
  const set = useCallback((path: Path, to: Value) => setChanged((before) => {
    const after = new Map(before);
    const was = at(values, path);
    if (same(was, to) || (was === undefined && to === null)) after.delete(key(path));
    else after.set(key(path), to);
    return after;
  }), [values]);
  const drop = useCallback(() => setChanged(new Map()), []);
  const changes = useMemo(() => [...changed].map(([path, to]) => ({ path: JSON.parse(path) as string[], to })), [changed]);
  return { changes, get, set, drop };
}

/** Lines as a list, and back; what is empty is no setting. */
export function lines(text: string): Value {
  const list = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return list.length === 0 ? null : list;
}

/** `name: command` on each line; undefined while a line is not like that. */
export function pairs(text: string): Value | undefined {
  const found: Record<string, string> = {};
  for (const line of text.split("\n").filter((one) => one.trim())) {
    const colon = line.indexOf(":");
    const [name, command] = [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
    if (colon < 1 || !name || !command) return undefined;
    found[name] = command;
  }
  return Object.keys(found).length === 0 ? null : found;
}
