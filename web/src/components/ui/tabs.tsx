// Tabs, after the pattern of the ARIA guide: one stop for Tab, arrows between them.

import { type KeyboardEvent, type ReactNode, useId, useRef } from "react";

export interface Tab { id: string; label: string; count?: number | undefined }

interface Props { tabs: readonly Tab[]; shown: string; onShow: (id: string) => void; label: string; children: ReactNode }

export function Tabs({ tabs, shown, onShow, label, children }: Props) {
  const base = useId();
  const list = useRef<HTMLDivElement>(null);
  const press = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.id === shown);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    const next = to === undefined ? undefined : tabs[(to + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    onShow(next.id);
    list.current?.querySelector<HTMLButtonElement>(`[data-tab="${next.id}"]`)?.focus();
  };
  return (
    <>
      <div ref={list} role="tablist" aria-label={label} onKeyDown={press} className="flex gap-1 overflow-x-auto border-b border-line text-sm">
        {tabs.map((tab) => (
          <button key={tab.id} type="button" role="tab" data-tab={tab.id} id={`${base}-${tab.id}`} aria-controls={`${base}-panel`} aria-selected={shown === tab.id}
            tabIndex={shown === tab.id ? 0 : -1} onClick={() => onShow(tab.id)}
            className={`min-h-11 shrink-0 px-3 whitespace-nowrap outline-offset-[-2px] sm:min-h-9 ${shown === tab.id ? "border-b-2 border-accent font-medium" : "text-dim hover:text-ink"}`}>
            {tab.label}{tab.count ? <span className="ml-1.5 text-xs text-dim">{tab.count}</span> : null}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${shown}`}>{children}</div>
    </>
  );
}
