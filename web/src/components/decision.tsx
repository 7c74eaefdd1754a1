// A decision on its way: what was decided, how far it is, and the way back while there is one.

import { type Decision, takeBack } from "../lib/decisions";
import { plain } from "../lib/words";
import { decisions as words } from "../words/inbox";
import { Button } from "./ui/parts";

export function DecisionNote({ decision }: { decision: Decision }) {
  const { state, verb, body, why, key } = decision;
  const said = body["comment"] ?? body["text"];
  const text = state === "refused" ? words.refused(plain(why)) : `${words.doing[verb]}. ${words[state]}`;
  return (
    <div role={state === "refused" ? "alert" : "status"} className={`flex flex-wrap items-center gap-3 rounded-lg px-3 py-2 text-sm ${state === "refused" ? "bg-bad-soft text-bad" : state === "waits" ? "bg-wait-soft text-wait" : "bg-accent-soft text-accent"}`}>
      <div className="min-w-0 flex-1">
        <p>{text}</p>
        {said && state !== "sent" ? <p className="mt-1 whitespace-pre-wrap break-words opacity-90">{plain(said)}</p> : null}
      </div>
      {state === "sent" ? null : (
        <Button onClick={() => void takeBack(key)} className="text-ink">{state === "refused" ? words.fine : state === "held" ? words.undo : words.takeBack}</Button>
      )}
    </div>
  );
}
