// The small building blocks pages are made of. Stateless; colours are the tokens of app/style.css.

import { type ButtonHTMLAttributes, cloneElement, type InputHTMLAttributes, type ReactElement, type ReactNode, useId } from "react";
import { states } from "../../words/states";

type Tone = "good" | "wait" | "bad" | "note" | "live" | "quiet";

const TONES: Record<Tone, string> = {
  good: "bg-good-soft text-good", wait: "bg-wait-soft text-wait", bad: "bg-bad-soft text-bad", note: "bg-note-soft text-note",
  live: "bg-accent-soft text-accent", quiet: "bg-sunken text-dim ring-1 ring-line ring-inset",
};
const OF_STATE: Record<string, Tone> = {
  running: "live", review: "wait", waiting: "note", failed: "bad", completed: "good", queued: "quiet", cancelled: "quiet",
  resting: "wait", off: "quiet", logged_out: "bad", late: "bad", tight: "wait", makes: "good",
};

/** A state: always a word, never only a colour. */
export function Badge({ state, label = states[state] ?? state, tone = OF_STATE[state] ?? "quiet" }: { state: string; label?: string; tone?: Tone }) {
  return <span className={`inline-flex shrink-0 items-center rounded-full px-2 py-0.5 text-xs font-medium ${TONES[tone]}`}>{label}</span>;
}

const LOOKS = {
  main: "bg-accent text-on-accent hover:opacity-90",
  plain: "bg-surface ring-1 ring-edge/60 hover:bg-sunken",
  quiet: "text-dim hover:bg-sunken hover:text-ink",
  danger: "bg-surface text-bad ring-1 ring-bad/40 hover:bg-bad-soft",
};

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { look?: keyof typeof LOOKS };
export function Button({ look = "plain", className = "", ...rest }: ButtonProps) {
  return (
    <button type="button" {...rest}
      className={`inline-flex min-h-11 shrink-0 items-center justify-center gap-2 rounded-lg px-3.5 py-1.5 text-sm font-medium transition-colors disabled:opacity-50 sm:min-h-9 ${LOOKS[look]} ${className}`} />
  );
}

/** A button that is only an icon; what it does is its label. */
export function IconButton({ label, className = "", children, ...rest }: ButtonHTMLAttributes<HTMLButtonElement> & { label: string }) {
  return (
    <button type="button" aria-label={label} title={label} {...rest}
      className={`inline-flex size-11 shrink-0 items-center justify-center rounded-lg text-dim transition-colors hover:bg-sunken hover:text-ink disabled:opacity-50 sm:size-9 ${className}`}>
      {children}
    </button>
  );
}

export function Card({ children, className = "" }: { children: ReactNode; className?: string }) {
  return <div className={`rounded-xl bg-surface ring-1 ring-line ${className}`}>{children}</div>;
}

/** A page: its heading, what acts on all of it, and its content in one measure. */
export function PageBody({ title, actions, wide = false, children }: { title: string; actions?: ReactNode; wide?: boolean; children: ReactNode }) {
  return (
    <main className={`mx-auto space-y-5 px-4 pt-4 pb-10 sm:px-6 sm:pt-6 ${wide ? "max-w-7xl" : "max-w-3xl"}`}>
      <div className="flex min-h-11 flex-wrap items-center gap-3 sm:min-h-9">
        <h1 className="min-w-0 flex-1 text-xl font-semibold tracking-tight">{title}</h1>
        {actions}
      </div>
      {children}
    </main>
  );
}

export function Problem({ error }: { error: unknown }) {
  const hint = (error as { hint?: string }).hint;
  return <p role="alert" className="rounded-lg bg-bad-soft px-3 py-2 text-sm text-bad">{error instanceof Error ? error.message : String(error)} {hint}</p>;
}

export function Dim({ children }: { children: ReactNode }) {
  return <span className="text-dim">{children}</span>;
}

/** What a page says when it has nothing to show: one fact, and what would change it. */
export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <Card className="px-6 py-12 text-center">
      <p className="font-medium">{title}</p>
      {children ? <div className="mt-1 text-sm text-dim">{children}</div> : null}
    </Card>
  );
}

/** The place of what is being fetched. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading" className="animate-pulse space-y-3 motion-reduce:animate-none">
      {Array.from({ length: lines }, (_, n) => <div key={n} className="h-16 rounded-xl bg-sunken ring-1 ring-line" />)}
    </div>
  );
}

const CONTROL = "min-h-11 w-full min-w-0 rounded-lg bg-surface px-3 text-base ring-1 ring-edge sm:min-h-9 sm:text-sm disabled:opacity-60";

/** The look of a control, for what is not an `Input`: textarea, select. */
export const control = CONTROL;

export function Input({ className = "", ...rest }: InputHTMLAttributes<HTMLInputElement>) {
  return <input {...rest} className={`${CONTROL} ${className}`} />;
}

/** A control with its label above and, below, what it means or what is wrong with it. */
export function Field({ label, hint, error, children }: { label: string; hint?: ReactNode; error?: string | undefined; children: ReactElement<{ id?: string; "aria-describedby"?: string; "aria-invalid"?: boolean }> }) {
  const id = useId();
  const about = `${id}-about`;
  return (
    <div className="space-y-1">
      <label htmlFor={id} className="block text-sm font-medium">{label}</label>
      {cloneElement(children, { id, "aria-describedby": hint || error ? about : undefined, "aria-invalid": error ? true : undefined } as object)}
      {hint || error ? <p id={about} className={`text-sm ${error ? "text-bad" : "text-dim"}`}>{error ?? hint}</p> : null}
    </div>
  );
}
