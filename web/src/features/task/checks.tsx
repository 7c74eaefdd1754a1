import { CircleCheck, CircleX } from "lucide-react";
import type { Check, Task } from "../../api/types";
import { Ansi } from "../../components/ansi";
import { Card, Dim } from "../../components/ui/parts";
import { plain } from "../../lib/words";
import { task as words } from "../../words/task";

const text = words.checks;

/** The project's checks with what they printed; those that did not pass are open. */
export function Checks({ task }: { task: Task }) {
  if (task.checks.length === 0) return <Card className="p-6 text-sm"><Dim>{text.none}</Dim></Card>;
  return <Card className="divide-y divide-line">{task.checks.map((check) => <One key={check.name} check={check} />)}</Card>;
}

function One({ check }: { check: Check }) {
  const passed = check.status === "passed";
  const Icon = passed ? CircleCheck : CircleX;
  return (
    <details open={!passed} className="px-4 text-sm">
      <summary className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 py-2">
        <Icon size={17} aria-hidden className={passed ? "text-good" : "text-bad"} /><span className="font-medium">{plain(check.name)}</span><span className={passed ? "text-good" : "text-bad"}>{text.status[check.status] ?? check.status}</span>
        <code className="hidden min-w-0 flex-1 truncate text-xs text-dim sm:block">{plain(check.command)}</code><span className="ml-auto text-xs text-dim">{text.took(check.duration_ms)}</span>
      </summary>
      <code className="block pb-2 text-xs break-words text-dim sm:hidden">{plain(check.command)}</code>
      <div className="mb-3 rounded-lg bg-sunken p-3">{check.output ? <Ansi text={check.output} className="max-h-96 overflow-auto" /> : <Dim>{text.silent}</Dim>}</div>
    </details>
  );
}
