// Controls that are bound to a setting by its path.

import { useEffect, useState } from "react";
import { control, Field, Input } from "../../components/ui/parts";
import { settings as words } from "../../words/settings";
import type { Draft, Path, Value } from "./draft";
import { lines, pairs } from "./draft";

interface Bound { draft: Draft; path: Path; label: string; hint?: string | undefined; disabled?: boolean }

/** Text that is taken over as it is typed; empty takes the setting out. */
export function TextField({ draft, path, label, hint, disabled }: Bound) {
  const value = draft.get(path);
  return (
    <Field label={label} hint={hint}>
      <Input value={value === undefined || value === null ? "" : String(value)} disabled={disabled} autoComplete="off" spellCheck={false}
        onChange={(event) => draft.set(path, event.target.value === "" ? null : event.target.value)} />
    </Field>
  );
}

/** A number; what is none is not taken over. */
export function NumberField({ draft, path, label, hint, disabled, fallback }: Bound & { fallback?: Value | undefined }) {
  const value = draft.get(path);
  const shown = fallback === undefined || fallback === null ? words.noDefault : words.unset(String(fallback));
  return (
    <Field label={label} hint={hint}>
      <Input type="number" step="any" inputMode="decimal" disabled={disabled} placeholder={shown} value={typeof value === "number" ? value : ""}
        onChange={(event) => draft.set(path, Number.isNaN(event.target.valueAsNumber) ? null : event.target.valueAsNumber)} />
    </Field>
  );
}

/** One of several; the first stands for none. */
export function ChoiceField({ draft, path, label, hint, disabled, choices }: Bound & { choices: string[] }) {
  const value = draft.get(path);
  const all = typeof value === "string" && !choices.includes(value) ? [value, ...choices] : choices;
  return (
    <Field label={label} hint={hint}>
      <select className={control} disabled={disabled} value={typeof value === "string" ? value : ""} onChange={(event) => draft.set(path, event.target.value || null)}>
        <option value="">{words.choose}</option>
        {all.map((choice) => <option key={choice}>{choice}</option>)}
      </select>
    </Field>
  );
}

/** A list or pairs, one on each line. What cannot be read yet is kept as text and said to be wrong. */
export function LinesField({ draft, path, label, hint, disabled, kind = "list" }: Bound & { kind?: "list" | "pairs" }) {
  const value = draft.get(path);
  const told = told_as_lines(value);
  const [text, setText] = useState(told);
  // Read again, or dropped: what is shown follows, but not while it means the same.
  useEffect(() => setText((now) => (JSON.stringify(read(now, kind) ?? null) === JSON.stringify(value ?? null) ? now : told)), [told, value, kind]);
  const wrong = read(text, kind) === undefined ? "name: command" : undefined;
  return (
    <Field label={label} hint={hint} error={wrong}>
      <textarea className={`${control} py-2 font-mono`} rows={Math.min(8, Math.max(2, text.split("\n").length))} disabled={disabled} value={text} spellCheck={false}
        onChange={(event) => {
          setText(event.target.value);
          const to = read(event.target.value, kind);
          if (to !== undefined) draft.set(path, to);
        }} />
    </Field>
  );
}

const read = (text: string, kind: "list" | "pairs") => (kind === "list" ? lines(text) : pairs(text));

function told_as_lines(value: Value | undefined): string {
  if (Array.isArray(value)) return value.map(String).join("\n");
  if (value !== null && typeof value === "object") return Object.entries(value).map(([name, command]) => `${name}: ${String(command)}`).join("\n");
  return "";
}

export function SwitchField({ draft, path, label, disabled }: Bound) {
  return (
    <label className="flex min-h-11 items-center gap-3 text-sm font-medium sm:min-h-9">
      <input type="checkbox" className="size-5 accent-accent" disabled={disabled} checked={draft.get(path) === true}
        onChange={(event) => draft.set(path, event.target.checked ? true : null)} />
      {label}
    </label>
  );
}
