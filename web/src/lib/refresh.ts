// Queries that follow the log: an event that concerns them has them fetched again, at most so often.

import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { LogEvent } from "../api/types";
import { listen } from "./live";

/** Fetches `key` again when `concerns` says that an event changes it; at most once in `pause` milliseconds. */
export function useRefresh(key: QueryKey, concerns: (event: LogEvent) => boolean, pause = 400): void {
  const queries = useQueryClient();
  const name = JSON.stringify(key);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    const fetchAgain = () => {
      timer = undefined;
      last = Date.now();
      void queries.invalidateQueries({ queryKey: JSON.parse(name) as QueryKey });
    };
    const stop = listen((event) => {
      if (timer === undefined && concerns(event)) timer = setTimeout(fetchAgain, Math.max(0, last + pause - Date.now()));
    });
    return () => { stop(); clearTimeout(timer); };
    // `concerns` is a constant of the module that asks.
  }, [queries, name, pause]);
}

/** What changes where a task stands, and not only what its agent says. */
export function movesTasks(event: LogEvent): boolean {
  return /^(task|run|question|race|landing|check)\./.test(event.type) && event.type !== "task.output";
}
