// Where a moment stands between now and the end of the plan.

export interface Scale { place: (at: string | null | undefined) => number | undefined }

/** Percent of the way from `now` to the last end or deadline; what is past is at 0. */
export function scale(tasks: { end_at?: string | null; deadline?: string | null }[], now: number): Scale {
  const ends = tasks.flatMap((task) => [task.end_at, task.deadline]).filter((at) => at != null).map((at) => Date.parse(at));
  const last = Math.max(now + 60_000, ...ends);
  return {
    place: (at) => at == null ? undefined : Math.min(100, Math.max(0, (100 * (Date.parse(at) - now)) / (last - now))),
  };
}
