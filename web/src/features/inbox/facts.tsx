import { CircleHelp, CircleX, Coins, GitPullRequestArrow } from "lucide-react";
import { ago, size } from "../../lib/words";
import { inbox as words } from "../../words/inbox";
import type { Need } from "./needs";

const ICONS = { question: CircleHelp, review: GitPullRequestArrow, budget: Coins, failure: CircleX } as const;
const TONES: Record<string, string> = { question: "text-wait", review: "text-accent", budget: "text-wait", failure: "text-bad" };

/** What it needs, as a sign; the words are beside it. */
export function Sign({ need }: { need: string }) {
  const Icon = ICONS[need as keyof typeof ICONS] ?? CircleHelp;
  return <Icon size={18} aria-hidden className={`mt-0.5 shrink-0 ${TONES[need] ?? "text-dim"}`} />;
}

/** What the work is, in a line. */
export function facts({ task }: Need): string {
  const passed = task.checks.filter((check) => check.status === "passed").length;
  return [
    task.project, task.agent, size(task.diff), task.checks.length > 0 ? words.checks(passed, task.checks.length) : "",
    task.verdict ? words.confidence(task.verdict.confidence.toFixed(2)) : "", ago(task.updated_at),
  ].filter(Boolean).join(" · ");
}

/** Why it stands where it stands. */
export function Reasons({ need }: { need: Need }) {
  const reasons = [
    need.unblocks > 0 ? words.unblocks(need.unblocks) : "",
    need.until ? words.until(ago(need.until)) : "",
    need.task.deadline ? words.due(ago(need.task.deadline)) : "",
  ].filter(Boolean);
  if (reasons.length === 0) return null;
  return <span className="block text-sm font-medium text-wait">{reasons.join(" · ")}</span>;
}
