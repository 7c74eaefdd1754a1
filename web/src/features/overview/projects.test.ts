import { expect, test } from "vitest";
import type { Planned, Project } from "../../api/types";
import { standings } from "./projects";

test("each project stands as its worst deadline does, the most urgent first", () => {
  const task = (project: string, rest: Partial<Planned>) => ({ project, state: "queued", verdict: "none", ...rest }) as Planned;
  const found = standings([{ name: "slow", priority: 7 } as Project, { name: "idle", priority: 3 } as Project, { name: "fast", priority: 1 } as Project], [
    task("slow", { deadline: "2026-11-21", verdict: "makes", end_at: "2026-11-20" }),
    task("slow", { deadline: "2026-11-25", verdict: "late", late_seconds: 60, title: "x" }),
    task("slow", { deadline: "2026-11-26", verdict: "late", late_seconds: 600, title: "worst", end_at: "2026-11-27" }),
    task("fast", { state: "running" }), task("fast", { state: "review" }), task("nobody knows", { state: "waiting" }),
  ]);
  expect(found.map((one) => [one.name, one.running, one.coming, one.needs])).toEqual([["fast", 1, 0, 1], ["idle", 0, 0, 0], ["slow", 0, 3, 0], ["nobody knows", 0, 1, 0]]);
  expect([found[2]?.worst?.title, found[2]?.end]).toEqual(["worst", "2026-11-27"]);
});
