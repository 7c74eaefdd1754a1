import { DecisionNote } from "../../components/decision";
import { Button } from "../../components/ui/parts";
import { decide, useDecisions } from "../../lib/decisions";
import { plain } from "../../lib/words";
import { inbox as words } from "../../words/inbox";
import { facts, Reasons, Sign } from "./facts";
import type { Need } from "./needs";

/** One thing in the list. Where there is no room beside it, what takes one tap can be tapped here. */
export function Row({ need, selected, onSelect }: { need: Need; selected: boolean; onSelect: () => void }) {
  const { task } = need;
  const decision = useDecisions().find((one) => one.task === task.id);
  const says = need.need === "question" ? undefined : (task.reason ?? task.summary);
  return (
    <div className={`rounded-xl bg-surface ring-1 ${selected ? "ring-line lg:ring-2 lg:ring-accent" : "ring-line"}`}>
      <button type="button" aria-current={selected} onClick={onSelect} className="flex w-full gap-3 rounded-xl p-3 text-left hover:bg-sunken">
        <Sign need={need.need} />
        <span className="min-w-0 flex-1 space-y-0.5">
          <span className="line-clamp-2 font-medium break-words">{plain(task.title)} <span className="font-normal text-dim">{words.about[need.need]}</span></span>
          <span className="block truncate text-sm text-dim">{facts(need)}</span>
          {says ? <span className="line-clamp-1 block text-sm lg:hidden">{plain(says)}</span> : null}
          <Reasons need={need} />
        </span>
      </button>
      <div className="space-y-3 px-3 pb-3 empty:hidden lg:hidden">
        {decision ? <DecisionNote decision={decision} /> : <Quick need={need} onLook={onSelect} />}
      </div>
    </div>
  );
}

function Quick({ need: { need, task }, onLook }: { need: Need; onLook: () => void }) {
  if (need === "question") {
    const open = (task.questions ?? []).filter((question) => question.answer == null);
    const question = open[0];
    if (!question || open.length > 1 || question.choices.length === 0) return null;
    return (
      <>
        <p className="line-clamp-4 text-sm whitespace-pre-wrap break-words">{plain(question.text)}</p>
        <div className="flex flex-wrap gap-2">
          {question.choices.map((choice, n) => <Button key={n} onClick={() => void decide("answer", task, { question: question.id, text: String(n + 1) })}>{plain(choice)}</Button>)}
        </div>
      </>
    );
  }
  if (need === "review") {
    return (
      <div className="grid grid-cols-2 gap-2">
        <Button look="main" onClick={onLook}>{words.look}</Button>
        <Button onClick={() => void decide("approve", task, { seen: task.commit ?? undefined })}>{words.approve}</Button>
      </div>
    );
  }
  return <Button className="w-full" onClick={() => void decide("retry", task)}>{words.retry}</Button>;
}
