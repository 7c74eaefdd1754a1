// The projects as the plan sees them: pure.

import type { Planned, Project } from "../../api/types";

export interface Standing {
  name: string; priority?: number | undefined; running: number; coming: number; needs: number;
  /** The worst of its deadlines: the one that is missed most, else the next one. */
  worst?: Planned | undefined;
  /** When its last planned task ends. */
  end?: string | undefined;
}

const RANK: Record<string, number> = { late: 0, unknown: 1, tight: 2, makes: 3, none: 4 };

function worse(one: Planned, other: Planned): number {
  return (RANK[one.verdict] ?? 4) - (RANK[other.verdict] ?? 4) || (other.late_seconds ?? 0) - (one.late_seconds ?? 0) || (one.deadline ?? "9").localeCompare(other.deadline ?? "9");
}

/** Every project with tasks or in the configuration; those of most priority first. */
export function standings(projects: readonly Project[], planned: readonly Planned[]): Standing[] {
  const names = new Set([...projects.map((project) => project.name), ...planned.map((task) => task.project)]);
  return [...names].map((name) => {
    const tasks = planned.filter((task) => task.project === name);
    const ends = tasks.flatMap((task) => (task.end_at ? [task.end_at] : []));
    return {
      name,
      priority: projects.find((project) => project.name === name)?.priority,
      running: tasks.filter((task) => task.state === "running").length,
      coming: tasks.filter((task) => task.state === "queued" || task.state === "waiting" || task.state === "landing").length,
      needs: tasks.filter((task) => task.state === "review").length,
      worst: tasks.filter((task) => task.deadline).sort(worse)[0],
      end: ends.sort().at(-1),
    };
  }).sort((one, other) => (one.priority ?? 9) - (other.priority ?? 9) || one.name.localeCompare(other.name));
}
