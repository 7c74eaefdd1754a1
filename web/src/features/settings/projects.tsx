import { useState } from "react";
import { Badge, Button, Card, Dim, EmptyState, Field, Input } from "../../components/ui/parts";
import { Dialog } from "../../components/ui/dialog";
import { plain } from "../../lib/words";
import { settings as words } from "../../words/settings";
import type { Draft, Value } from "./draft";
import { ChoiceField, LinesField, NumberField, TextField } from "./fields";

type Projects = Record<string, Value>;

/** Every project, folded; one that is added opens. */
export function ProjectsSection({ draft, values, agents }: { draft: Draft; values: unknown; agents: string[] }) {
  const [adding, setAdding] = useState(false);
  const known = Object.keys(((values as { projects?: Projects }).projects ?? {}));
  const added = draft.changes.filter((change) => change.path.length === 2 && change.path[0] === "projects").map((change) => change.path[1] ?? "");
  const names = [...new Set([...known, ...added])];
  return (
    <div className="space-y-3 pt-4">
      {names.length === 0 ? <EmptyState title={words.noProjects}>{words.noProjectsHint}</EmptyState> : null}
      {names.map((name) => <One key={name} name={name} draft={draft} agents={agents} fresh={!known.includes(name)} />)}
      <Button onClick={() => setAdding(true)}>{words.add}</Button>
      <Add open={adding} onClose={() => setAdding(false)} taken={names} onAdd={(name, repo) => draft.set(["projects", name], { repo })} />
    </div>
  );
}

function One({ name, draft, agents, fresh }: { name: string; draft: Draft; agents: string[]; fresh: boolean }) {
  const project = draft.get(["projects", name]);
  const at = (...path: string[]) => ["projects", name, ...path];
  if (project === undefined) {
    return <Card className="flex items-center gap-3 px-4 py-3 text-sm"><span className="min-w-0 flex-1 truncate">{plain(name)} <Dim>{words.removed}</Dim></span></Card>;
  }
  const text = (...path: string[]) => { const value = draft.get(at(...path)); return typeof value === "string" ? value : ""; };
  const isolation = text("isolation");
  const open = isolation === "none";
  const field = (which: string, ...path: string[]) => ({ draft, path: path.length ? at(...path) : at(which), label: words.fields[which] ?? which });
  return (
    <Card>
      <details open={fresh}>
        <summary className="flex min-h-12 items-center gap-3 px-4 py-2">
          <span className="min-w-0 flex-1"><span className="block truncate font-medium">{plain(name)}</span><span className="block truncate text-sm text-dim">{plain(text("repo"))}</span></span>
          {open ? <Badge state="failed" label="not isolated" /> : null}
        </summary>
        <div className="space-y-4 border-t border-line p-4">
          <p className="text-sm"><Dim>{words.isolated(isolation)}</Dim></p>
          <div className="grid gap-4 sm:grid-cols-2">
            <TextField {...field("base")} />
            <ChoiceField {...field("agent")} choices={agents} />
            <NumberField {...field("priority")} fallback={5} />
            <NumberField {...field("concurrency")} fallback={2} />
            <NumberField {...field("run_usd", "budget", "run_usd")} />
            <NumberField {...field("month_usd", "budget", "month_usd")} />
          </div>
          <LinesField draft={draft} path={at("checks")} label={words.checks} kind="pairs" disabled={open} />
          <TextField {...field("setup")} disabled={open} />
          <LinesField draft={draft} path={at("network")} label={words.network} />
          <TextField {...field("approve", "policy", "approve")} hint={words.approveHint} />
          <div className="grid gap-4 sm:grid-cols-2">
            <ChoiceField {...field("trust", "policy", "trust")} choices={["known", "trusted"]} />
            <NumberField {...field("threshold", "policy", "threshold")} />
            <ChoiceField {...field("reviewer", "review", "agent")} choices={agents} />
            <NumberField {...field("timeout_minutes")} fallback={240} />
          </div>
          <LinesField {...field("risky_paths", "policy", "risky_paths")} />
          <Button look="danger" onClick={() => draft.set(["projects", name], null)}>{words.remove}</Button>
        </div>
      </details>
    </Card>
  );
}

function Add({ open, onClose, taken, onAdd }: { open: boolean; onClose: () => void; taken: string[]; onAdd: (name: string, repo: string) => void }) {
  const [name, setName] = useState("");
  const [repo, setRepo] = useState("");
  const double = taken.includes(name.trim());
  return (
    <Dialog open={open} onClose={onClose} title={words.addTitle}>
      <form className="space-y-4" onSubmit={(event) => {
        event.preventDefault();
        onAdd(name.trim(), repo.trim());
        setName("");
        setRepo("");
        onClose();
      }}>
        <Field label={words.name} error={double ? `${name.trim()} is there already.` : undefined}><Input required value={name} autoComplete="off" onChange={(event) => setName(event.target.value)} /></Field>
        <Field label={words.repo}><Input required value={repo} autoComplete="off" spellCheck={false} onChange={(event) => setRepo(event.target.value)} /></Field>
        <div className="flex justify-end"><Button type="submit" look="main" disabled={!name.trim() || !repo.trim() || double}>{words.create}</Button></div>
      </form>
    </Dialog>
  );
}
