// Where decisions are kept until they are sent: in the browser's database, so that a reload or an empty battery loses
// none; in memory where it has none. `claim` is one transaction: of several tabs one gets it.

import { type Decision, isDue } from "./rules";

const NAME = "sidekick";
const STORE = "decisions";

export interface Shelf {
  all(): Promise<Decision[]>;
  put(decision: Decision): Promise<void>;
  remove(key: string): Promise<void>;
  /** Takes a decision to send it, if it is still due; nothing when another tab has it. */
  claim(key: string, now: number): Promise<Decision | undefined>;
  /** Removes it unless somebody sends it; whether it could. */
  takeBack(key: string): Promise<boolean>;
}

export function inMemory(): Shelf {
  const kept = new Map<string, Decision>();
  return {
    all: async () => [...kept.values()],
    put: async (decision) => { kept.set(decision.key, decision); },
    remove: async (key) => { kept.delete(key); },
    claim: async (key, now) => {
      const found = kept.get(key);
      if (!found || !isDue(found, now)) return undefined;
      const sent: Decision = { ...found, state: "sent", due: now };
      kept.set(key, sent);
      return sent;
    },
    takeBack: async (key) => kept.get(key)?.state !== "sent" && kept.delete(key),
  };
}

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's database failed"));
  });
}

function inDatabase(database: IDBDatabase): Shelf {
  const begin = (mode: IDBTransactionMode) => database.transaction(STORE, mode).objectStore(STORE);
  return {
    all: () => asked<Decision[]>(begin("readonly").getAll()),
    put: async (decision) => { await asked(begin("readwrite").put(decision)); },
    remove: async (key) => { await asked(begin("readwrite").delete(key)); },
    claim: async (key, now) => {
      const store = begin("readwrite");
      const found = await asked<Decision | undefined>(store.get(key));
      if (!found || !isDue(found, now)) return undefined;
      const sent: Decision = { ...found, state: "sent", due: now };
      await asked(store.put(sent));
      return sent;
    },
    takeBack: async (key) => {
      const store = begin("readwrite");
      const found = await asked<Decision | undefined>(store.get(key));
      if (!found || found.state === "sent") return false;
      await asked(store.delete(key));
      return true;
    },
  };
}

export async function openShelf(): Promise<Shelf> {
  try {
    const opening = indexedDB.open(NAME, 1);
    opening.onupgradeneeded = () => { opening.result.createObjectStore(STORE, { keyPath: "key" }); };
    return inDatabase(await asked(opening));
  } catch {
    return inMemory();
  }
}
