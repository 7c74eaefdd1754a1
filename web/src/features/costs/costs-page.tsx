import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { answer, api } from "../../api/client";
import type { Costs, Spent } from "../../api/types";
import { Button, Card, Dim, EmptyState, PageBody, Problem, Skeleton } from "../../components/ui/parts";
import { plain } from "../../lib/words";
import { costs as words } from "../../words/costs";
import { count, share, usd } from "./amounts";

const SPANS = [7, 30, 90];
/** Rows of a list before the rest is folded away. */
const SHOWN = 6;

/** What was spent, on what, and what an accepted change costs. */
export function CostsPage() {
  const [days, setDays] = useState(30);
  const read = useQuery({ queryKey: ["costs", days], queryFn: () => answer(api.GET("/api/costs", { params: { query: { days } } })), placeholderData: (before) => before });
  const spans = (
    <div role="group" aria-label={words.span} className="flex gap-1">
      {SPANS.map((span) => <Button key={span} look={span === days ? "plain" : "quiet"} aria-pressed={span === days} onClick={() => setDays(span)}>{words.days(span)}</Button>)}
    </div>
  );
  return (
    <PageBody title={words.title} actions={spans}>
      {read.isError ? <Problem error={read.error} /> : null}
      {read.data ? <Shown costs={read.data} /> : read.isError ? null : <Skeleton />}
    </PageBody>
  );
}

function Shown({ costs }: { costs: Costs }) {
  const { total } = costs;
  if (total.runs === 0 && total.cost_usd === 0) return <EmptyState title={words.none}>{words.noneHint}</EmptyState>;
  return (
    <>
      <dl className="grid grid-cols-2 gap-3 sm:grid-cols-4">
        <Figure name={words.listPrice}>{usd(total.cost_usd)}</Figure>
        <Figure name={words.charged}>{usd(total.charged_usd)}</Figure>
        <Figure name={words.perAccepted}>{total.usd_per_accepted == null ? words.nothingYet : usd(total.usd_per_accepted)}</Figure>
        <Figure name={words.tokens}>{count(total.tokens.input + total.tokens.output)}</Figure>
      </dl>
      <p className="text-sm"><Dim>{words.runs(total.runs, total.accepted)} {words.meaning}</Dim></p>
      <Days days={costs.by_day} />
      <Shares title={words.byProject} of={costs.by_project} />
      <Shares title={words.byAgent} of={costs.by_agent} />
      <Shares title={words.byKind} of={costs.by_kind} />
    </>
  );
}

function Figure({ name, children }: { name: string; children: ReactNode }) {
  return <Card className="px-4 py-3"><dt className="text-sm text-dim">{name}</dt><dd className="mt-0.5 text-xl font-semibold tabular-nums">{children}</dd></Card>;
}

/** A bar for each day; the table below says the same to who cannot see bars. */
function Days({ days }: { days: Spent[] }) {
  const most = Math.max(...days.map((day) => day.cost_usd), 0);
  return (
    <section aria-label={words.byDay}>
      <h2 className="mb-2 text-sm font-semibold">{words.byDay}</h2>
      <Card className="p-4">
        <div aria-hidden className="flex h-36 items-end gap-px sm:gap-0.5">
          {days.map((day) => (
            <div key={day.name} title={`${day.name}: ${usd(day.cost_usd)}`} className="flex h-full min-w-0 flex-1 items-end">
              <div className={`w-full rounded-t-sm ${day.cost_usd > 0 ? "bg-accent" : "bg-line"}`} style={{ height: day.cost_usd > 0 ? `max(3px, ${share(day.cost_usd, most)}%)` : "1px" }} />
            </div>
          ))}
        </div>
        <div aria-hidden className="mt-1.5 flex justify-between text-xs text-dim tabular-nums"><span>{days[0]?.name}</span><span>{words.most(usd(most))}</span><span>{days.at(-1)?.name}</span></div>
        <details className="mt-3 text-sm">
          <summary className="text-dim">{words.table}</summary>
          <table className="mt-2 w-full text-left tabular-nums">
            <thead><tr className="text-dim"><th scope="col" className="font-normal">{words.day}</th><th scope="col" className="text-right font-normal">{words.listPrice}</th><th scope="col" className="text-right font-normal">{words.accepted}</th></tr></thead>
            <tbody>{days.toReversed().map((day) => <tr key={day.name}><th scope="row" className="font-normal">{day.name}</th><td className="text-right">{usd(day.cost_usd)}</td><td className="text-right">{day.accepted}</td></tr>)}</tbody>
          </table>
        </details>
      </Card>
    </section>
  );
}

function Shares({ title, of }: { title: string; of: Spent[] }) {
  const [all, setAll] = useState(false);
  const most = Math.max(...of.map((one) => one.cost_usd), 0);
  return (
    <section aria-label={title}>
      <h2 className="mb-2 text-sm font-semibold">{title}</h2>
      <Card className="divide-y divide-line">
        {(all ? of : of.slice(0, SHOWN)).map((one) => (
          <div key={one.name} className="px-4 py-3 text-sm">
            <div className="flex items-baseline gap-3"><span className="min-w-0 flex-1 truncate font-medium">{plain(one.name)}</span><span className="tabular-nums">{usd(one.cost_usd)}</span></div>
            <div aria-hidden className="mt-1.5 h-1.5 overflow-hidden rounded-full bg-sunken"><div className="h-full rounded-full bg-accent" style={{ width: `${share(one.cost_usd, most)}%` }} /></div>
            <p className="mt-1"><Dim>{words.runs(one.runs, one.accepted)} {one.usd_per_accepted == null ? "" : words.each(usd(one.usd_per_accepted))}</Dim></p>
          </div>
        ))}
      </Card>
      {of.length > SHOWN ? <Button look="quiet" className="mt-1" onClick={() => setAll(!all)}>{all ? words.fewer : words.more(of.length - SHOWN)}</Button> : null}
    </section>
  );
}
