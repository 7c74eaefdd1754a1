import type { Finding, Task } from "../../api/types";
import { Card, Dim } from "../../components/ui/parts";
import { plain } from "../../lib/words";

const TONE: Record<string, string> = { serious: "text-rose-700 dark:text-rose-300", warning: "text-amber-800 dark:text-amber-200" };

/** What supervision made of the latest run: the decision, how sure it is and why, what was found. */
export function Verdict({ task }: { task: Task }) {
  const verdict = task.verdict;
  if (!verdict) return null;
  const { opinion } = verdict;
  return (
    <section aria-label="Verdict">
      <Card className="space-y-2 p-4 text-sm">
        <p><span className="font-medium">Verdict: {verdict.decision}.</span> {plain(verdict.reason)}</p>
        <p><Dim>Confidence {plain(verdict.confidence_words)}. The agent is {verdict.tier} here{verdict.retries > 0 ? `; sent back by itself ${verdict.retries === 1 ? "once" : `${verdict.retries} times`}` : ""}.</Dim></p>
        <Findings of={verdict.findings} />
        {opinion ? (
          <div>
            <p>{opinion.without ? `${opinion.agent} gave no opinion that counts: ${plain(opinion.without)}` : `${opinion.agent} ${opinion.objects ? "wants it changed" : "would merge it"}${opinion.score == null ? "" : `, ${opinion.score.toFixed(2)}`}`}</p>
            <Findings of={opinion.remarks} />
          </div>
        ) : null}
        <details>
          <summary className="text-stone-500 dark:text-stone-400">What the confidence is made of</summary>
          <ul className="mt-1">{verdict.factors.map((factor) => <li key={factor.text}><code>{factor.weight > 0 ? "+" : "−"}{Math.abs(factor.weight).toFixed(2)}</code> {plain(factor.text)}</li>)}</ul>
        </details>
      </Card>
    </section>
  );
}

function Findings({ of }: { of: Finding[] }) {
  if (of.length === 0) return null;
  return (
    <ul className="list-disc pl-5">
      {of.map((finding, n) => (
        <li key={n}><span className={`font-medium ${TONE[finding.severity] ?? ""}`}>{finding.severity}</span>: {plain(finding.text)}{finding.file ? <> <Dim>{plain(finding.file)}{finding.line === undefined ? "" : `:${finding.line}`}</Dim></> : null}</li>
      ))}
    </ul>
  );
}
