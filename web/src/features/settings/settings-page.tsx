import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { get } from "../../api/client";
import type { Effective, Settings, Status } from "../../api/types";
import { Card, control, Dim, PageBody, Problem, Skeleton } from "../../components/ui/parts";
import { Tabs } from "../../components/ui/tabs";
import { plain } from "../../lib/words";
import { settings as words } from "../../words/settings";
import { type Draft, useDraft, type Value } from "./draft";
import { ChoiceField, LinesField, NumberField, SwitchField } from "./fields";
import { ProjectsSection } from "./projects";
import { SaveBar } from "./save-bar";

const SECTIONS = ["projects", "accounts", "limits", "routing", "file"] as const;
const LIMITS = ["concurrency", "review_limit", "gpu", "retry.most", "limits.no_progress_minutes", "limits.silent_minutes", "limits.memory_mb", "limits.disk_mb", "limits.output_mb", "limits.processes", "limits.keep_days"];

/** The settings file, in forms and as text. */
export function SettingsPage() {
  const read = useQuery({ queryKey: ["settings"], queryFn: () => get<Settings>("/api/settings") });
  const status = useQuery({ queryKey: ["status"], queryFn: () => get<Status>("/api/status") });
  if (read.isError) return <PageBody title={words.title}><Problem error={read.error} /></PageBody>;
  if (!read.data) return <PageBody title={words.title}><Skeleton /></PageBody>;
  return <Loaded read={read.data} agents={(status.data?.agents ?? []).map((agent) => agent.name)} />;
}

function Loaded({ read, agents }: { read: Settings; agents: string[] }) {
  const [section, setSection] = useState<string>("projects");
  const [text, setText] = useState<string>();
  const draft = useDraft(read.values);
  const { wrong, restart } = read.taken;
  // Forms and text are two ways to change one thing: one of them at a time.
  const texting = text !== undefined && text !== read.text;
  return (
    <PageBody title={words.title}>
      <p className="text-sm"><Dim>{words.at(read.file)}</Dim></p>
      {wrong ? <p role="alert" className="rounded-lg bg-bad-soft px-3 py-2 text-sm text-bad">{words.wrong(wrong.line)} {plain(wrong.detail)}</p> : null}
      {restart?.length ? <p className="rounded-lg bg-wait-soft px-3 py-2 text-sm text-wait">{words.restart(restart)}</p> : null}
      <Tabs label={words.sections} tabs={SECTIONS.map((id) => ({ id, label: words.tabs[id] }))} shown={section} onShow={setSection}>
        {section === "projects" ? <ProjectsSection draft={draft} values={read.values} agents={agents} /> : null}
        {section === "accounts" ? <AccountsSection draft={draft} values={read.values} agents={agents} /> : null}
        {section === "limits" ? <Fields>{LIMITS.map((name) => <NumberField key={name} draft={draft} path={name.split(".")} label={words.fields[name] ?? name} fallback={inForce(read.effective, name)} />)}<ChoiceField draft={draft} path={["default_agent"]} label={words.fields["default_agent"] ?? ""} choices={agents} /></Fields> : null}
        {section === "routing" ? <RoutingSection draft={draft} read={read} /> : null}
        {section === "file" ? <FileSection text={text ?? read.text} onText={setText} disabled={draft.changes.length > 0} /> : null}
      </Tabs>
      {draft.changes.length > 0 ? <SaveBar method="PATCH" path="/api/settings" body={{ changes: draft.changes }} count={draft.changes.length} tag={read.tag} onDone={draft.drop} onDrop={draft.drop} /> : null}
      {texting && draft.changes.length === 0 ? <SaveBar method="PUT" path="/api/settings/text" body={{ text }} count={1} tag={read.tag} onDone={() => setText(undefined)} onDrop={() => setText(undefined)} /> : null}
    </PageBody>
  );
}

function inForce(effective: Effective[], name: string): Value | undefined {
  return effective.find((one) => one.name === name)?.value as Value | undefined;
}

function Fields({ children }: { children: ReactNode }) {
  return <div className="grid gap-4 pt-4 sm:grid-cols-2">{children}</div>;
}

/** The rules of agents and accounts that are in the file; what they are is not changed here. */
function AccountsSection({ draft, values, agents }: { draft: Draft; values: unknown; agents: string[] }) {
  const known = ((values as { agents?: Record<string, { accounts?: Record<string, Value> }> }).agents ?? {});
  const paths = Object.entries(known).flatMap(([agent, file]) => [["agents", agent], ...Object.keys(file.accounts ?? {}).map((name) => ["agents", agent, "accounts", name])]);
  const absent = agents.filter((agent) => !(agent in known));
  return (
    <div className="space-y-3 pt-4">
      <p className="text-sm"><Dim>{words.agentsHint}</Dim></p>
      {paths.map((path) => (
        <Card key={path.join("/")} className="space-y-4 p-4">
          <h2 className="font-medium">{plain(path.length > 2 ? `${path[1]}/${path[3]}` : (path[1] ?? ""))}</h2>
          <div className="grid gap-4 sm:grid-cols-2">
            <NumberField draft={draft} path={[...path, "reserve"]} label={words.fields["reserve"] ?? ""} fallback={0} />
            <NumberField draft={draft} path={[...path, "concurrency"]} label={words.fields["concurrency"] ?? ""} />
          </div>
          <LinesField draft={draft} path={[...path, "quiet"]} label={words.fields["quiet"] ?? ""} />
          <SwitchField draft={draft} path={[...path, "overfill"]} label={words.fields["overfill"] ?? ""} />
        </Card>
      ))}
      {absent.length > 0 ? <p className="text-sm"><Dim>Not in the file, so as they are: {absent.join(", ")}. {words.fileOnly}.</Dim></p> : null}
    </div>
  );
}

function RoutingSection({ draft, read }: { draft: Draft; read: Settings }) {
  const rules = (read.values as { routes?: unknown[] }).routes ?? [];
  return (
    <div className="space-y-4 pt-4">
      <NumberField draft={draft} path={["routing", "explore"]} label={words.fields["routing.explore"] ?? ""} fallback={inForce(read.effective, "routing.explore")} />
      <h2 className="font-medium">{words.rules}</h2>
      <p className="text-sm"><Dim>{rules.length === 0 ? words.noRules : words.rulesHint}</Dim></p>
      <ol className="space-y-2">{rules.map((rule, n) => <li key={n}><Card className="px-4 py-3"><code className="text-xs break-all">{JSON.stringify(rule)}</code></Card></li>)}</ol>
    </div>
  );
}

function FileSection({ text, onText, disabled }: { text: string; onText: (text: string) => void; disabled: boolean }) {
  const [rows, setRows] = useState(20);
  useEffect(() => setRows(Math.min(40, Math.max(12, text.split("\n").length + 1))), [text]);
  return (
    <div className="space-y-2 pt-4">
      <label htmlFor="settings-text" className="block text-sm font-medium">{words.editText}</label>
      <textarea id="settings-text" className={`${control} py-2 font-mono whitespace-pre`} aria-describedby="settings-text-about" rows={rows} wrap="off" spellCheck={false} disabled={disabled} value={text} onChange={(event) => onText(event.target.value)} />
      <p id="settings-text-about" className="text-sm"><Dim>{words.textHint}</Dim></p>
    </div>
  );
}
