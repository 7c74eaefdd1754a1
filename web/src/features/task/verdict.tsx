import type { Finding, Task } from "../../api/types";
import { Badge, Card, Dim } from "../../components/ui/parts";
import { plain } from "../../lib/words";
import { task as all } from "../../words/task";

const words = all.verdict;
const TONE: Record<string, string> = { serious: "failed", warning: "review" };

/** What supervision made of the latest run: the decision, how sure it is and why, what was found. */
export function Verdict({ task }: { task: Task }) {
  const verdict = task.verdict;
  if (!verdict) return <Card className="p-6 text-sm"><Dim>{words.none}</Dim></Card>;
  const { opinion } = verdict;
  const heaviest = Math.max(...verdict.factors.map((factor) => Math.abs(factor.weight)), 0.01);
  return (
    <section aria-label={words.title} className="space-y-3 text-sm">
      <Card className="space-y-3 p-4">
        <h2 className="font-medium">{words.title}: {words.decision[verdict.decision] ?? plain(verdict.decision)}</h2>
        <p>{plain(verdict.reason)}</p>
        <p className="flex flex-wrap items-center gap-3"><span className="text-2xl font-semibold tabular-nums">{verdict.confidence.toFixed(2)}</span><span className="text-dim">{words.confidence} {plain(verdict.confidence_words)}. {words.tier(verdict.tier)}{verdict.retries > 0 ? `; ${words.retries(verdict.retries)}` : ""}.</span></p>
        <div>
          <h3 className="mb-1 text-xs text-dim">{words.factors}</h3>
          <ul className="space-y-1">
            {verdict.factors.map((factor) => (
              <li key={factor.text} className="grid grid-cols-[3.5rem_4rem_minmax(0,1fr)] items-center gap-2">
                <code className="text-right text-xs tabular-nums">{factor.weight > 0 ? "+" : "−"}{Math.abs(factor.weight).toFixed(2)}</code>
                <span aria-hidden className={`h-1.5 rounded-full ${factor.weight > 0 ? "bg-good" : "bg-bad"}`} style={{ width: `${Math.max(4, (Math.abs(factor.weight) / heaviest) * 100)}%` }} />
                <span className="break-words">{plain(factor.text)}</span>
              </li>
            ))}
          </ul>
        </div>
      </Card>
      {verdict.findings.length > 0 ? <Findings title={words.findings} of={verdict.findings} /> : null}
      {opinion ? <Findings title={words.opinion} lead={opinion.without ? words.noOpinion(opinion.agent, plain(opinion.without)) : `${opinion.objects ? words.objects(opinion.agent) : words.agrees(opinion.agent)}${opinion.score == null ? "" : `, ${opinion.score.toFixed(2)}`}`} of={opinion.remarks} /> : null}
    </section>
  );
}

function Findings({ title, lead, of }: { title: string; lead?: string; of: Finding[] }) {
  return (
    <Card className="space-y-2 p-4">
      <h2 className="font-medium">{title}</h2>
      {lead ? <p>{plain(lead)}</p> : null}
      <ul className="space-y-2">
        {of.map((finding, n) => (
          <li key={n} className="flex flex-wrap items-start gap-2"><Badge state={TONE[finding.severity] ?? "queued"} label={finding.severity} /><span className="min-w-0 flex-1 basis-60 break-words whitespace-pre-wrap">{plain(finding.text)}{finding.file ? <span className="text-dim"> {plain(finding.file)}{finding.line == null ? "" : `:${finding.line}`}</span> : null}</span></li>
        ))}
      </ul>
    </Card>
  );
}
