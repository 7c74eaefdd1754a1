// A menu of actions on one thing, by pointer and by keys.

import { MoreHorizontal } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { IconButton } from "./parts";

export interface Choice { label: string; hint?: string; danger?: boolean; disabled?: boolean; onChoose: () => void }

/** `up` is for menus at the lower edge. */
export function Menu({ label, choices, icon, up = false }: { label: string; choices: Choice[]; icon?: ReactNode; up?: boolean }) {
  const [open, setOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  const items = () => [...(whole.current?.querySelectorAll<HTMLButtonElement>("[role=menuitem]:not(:disabled)") ?? [])];
  useEffect(() => {
    if (!open) return;
    items()[0]?.focus();
    const outside = (event: PointerEvent) => { if (!whole.current?.contains(event.target as Node)) setOpen(false); };
    addEventListener("pointerdown", outside);
    return () => removeEventListener("pointerdown", outside);
  }, [open]);
  const close = () => { setOpen(false); whole.current?.querySelector<HTMLButtonElement>("[aria-haspopup]")?.focus(); };
  const press = (event: KeyboardEvent) => {
    if (!open) return;
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); all[(to + all.length) % all.length]?.focus(); }
    if (event.key === "Escape") { event.stopPropagation(); close(); }
    if (event.key === "Tab") setOpen(false);
  };
  return (
    <div ref={whole} className="relative" onKeyDown={press}>
      <IconButton label={label} aria-haspopup="menu" aria-expanded={open} onClick={(event) => { event.stopPropagation(); setOpen(!open); }}>{icon ?? <MoreHorizontal size={18} aria-hidden />}</IconButton>
      {open ? (
        <div role="menu" aria-label={label} className={`absolute right-0 z-30 w-56 ${up ? "bottom-full mb-1" : "mt-1"} rounded-xl bg-surface p-1 shadow-lg ring-1 ring-line`}>
          {choices.map((choice) => (
            <button key={choice.label} type="button" role="menuitem" tabIndex={-1} disabled={choice.disabled}
              onClick={(event) => { event.stopPropagation(); close(); choice.onChoose(); }}
              className={`flex min-h-11 w-full items-center justify-between gap-3 rounded-lg px-3 text-left text-sm hover:bg-sunken focus:bg-sunken focus:outline-none disabled:opacity-50 sm:min-h-9 ${choice.danger ? "text-bad" : ""}`}>
              {choice.label}{choice.hint ? <kbd className="text-xs text-dim">{choice.hint}</kbd> : null}
            </button>
          ))}
        </div>
      ) : null}
    </div>
  );
}
