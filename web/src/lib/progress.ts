// What running agents do now, in a line each, from the stream of events.

import { useEffect, useState } from "react";
import type { LogEvent } from "../api/types";
import { listen } from "./live";
import { plain } from "./words";

/** The line that an event is worth, if any. */
export function lineOf(event: LogEvent): string | undefined {
  const { data } = event;
  const text = event.type === "agent.text" ? data["text"]
    : event.type === "tool.started" ? `${String(data["name"] ?? "")} ${String(data["summary"] ?? "")}`
    : event.type === "agent.progress" || event.type === "progress.reported" ? data["text"] : undefined;
  return plain(text).split("\n").map((line) => line.trim()).filter(Boolean)[0]?.slice(0, 300);
}

/** By task. However fast events come, the page is drawn once a frame. */
export function useProgress(): ReadonlyMap<string, { text: string; at: string }> {
  const [lines, setLines] = useState<ReadonlyMap<string, { text: string; at: string }>>(new Map());
  useEffect(() => {
    const fresh = new Map<string, { text: string; at: string }>();
    let frame = 0;
    const draw = () => {
      frame = 0;
      setLines((known) => new Map([...known, ...fresh]));
      fresh.clear();
    };
    const stop = listen((event) => {
      const text = lineOf(event);
      if (!text) return;
      fresh.set(event.task, { text, at: event.at });
      frame ||= requestAnimationFrame(draw);
    });
    return () => { stop(); cancelAnimationFrame(frame); };
  }, []);
  return lines;
}
