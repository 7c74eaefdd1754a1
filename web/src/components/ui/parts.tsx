// The building blocks pages are made of. Stateless.

import type { ButtonHTMLAttributes, ReactNode } from "react";

const TONES: Record<string, string> = {
  review: "bg-amber-100 text-amber-900 dark:bg-amber-400/15 dark:text-amber-200",
  failed: "bg-rose-100 text-rose-900 dark:bg-rose-400/15 dark:text-rose-200",
  running: "bg-teal-100 text-teal-900 dark:bg-teal-400/15 dark:text-teal-200",
  completed: "bg-emerald-100 text-emerald-900 dark:bg-emerald-400/15 dark:text-emerald-200",
};

export function Badge({ state, label = state }: { state: string; label?: string }) {
  const tone = TONES[state] ?? "bg-stone-200 text-stone-700 dark:bg-stone-700/50 dark:text-stone-300";
  return <span className={`inline-block rounded-full px-2 py-0.5 text-xs font-medium ${tone}`}>{label}</span>;
}

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { look?: "main" | "plain" | "danger" };
export function Button({ look = "plain", className = "", ...rest }: ButtonProps) {
  const looks = {
    main: "bg-teal-700 text-white hover:bg-teal-800 dark:bg-teal-600 dark:hover:bg-teal-500",
    plain: "bg-white ring-1 ring-stone-300 hover:bg-stone-50 dark:bg-stone-800 dark:ring-stone-600 dark:hover:bg-stone-700",
    danger: "bg-white text-rose-700 ring-1 ring-rose-300 hover:bg-rose-50 dark:bg-stone-800 dark:text-rose-300 dark:ring-rose-800",
  };
  return <button type="button" className={`min-h-10 rounded-lg px-3.5 text-sm font-medium disabled:opacity-50 ${looks[look]} ${className}`} {...rest} />;
}

export function Card({ children, className = "" }: { children: ReactNode; className?: string }) {
  return <div className={`rounded-xl bg-white shadow-xs ring-1 ring-stone-200 dark:bg-stone-900 dark:ring-stone-800 ${className}`}>{children}</div>;
}

export function Problem({ error }: { error: unknown }) {
  const hint = (error as { hint?: string }).hint;
  return (
    <p role="alert" className="rounded-lg bg-rose-50 px-3 py-2 text-sm text-rose-900 dark:bg-rose-400/10 dark:text-rose-200">
      {error instanceof Error ? error.message : String(error)} {hint}
    </p>
  );
}

export function Dim({ children }: { children: ReactNode }) {
  return <span className="text-stone-500 dark:text-stone-400">{children}</span>;
}
