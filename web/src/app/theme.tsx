// Light, dark, or as the system has it. What applies it is public/theme.js.

import { Monitor, Moon, Sun } from "lucide-react";
import { useState } from "react";
import { shell } from "../words/shell";

const THEMES = [["system", shell.theme.system, Monitor], ["light", shell.theme.light, Sun], ["dark", shell.theme.dark, Moon]] as const;
type Theme = (typeof THEMES)[number][0];

export function chooseTheme(theme: Theme): void {
  if (theme === "system") localStorage.removeItem("theme");
  else localStorage.setItem("theme", theme);
  dispatchEvent(new Event("theme"));
}

export function ThemeChoice() {
  const [chosen, setChosen] = useState<Theme>(() => (localStorage.getItem("theme") as Theme | null) ?? "system");
  return (
    <div role="radiogroup" aria-label={shell.theme.label} className="inline-flex gap-0.5 rounded-lg bg-sunken p-0.5 ring-1 ring-line">
      {THEMES.map(([theme, label, Icon]) => (
        <button key={theme} type="button" role="radio" aria-checked={chosen === theme} aria-label={label} title={label}
          onClick={() => { chooseTheme(theme); setChosen(theme); }}
          className={`inline-flex size-11 items-center justify-center rounded-md lg:size-8 ${chosen === theme ? "bg-surface text-ink ring-1 ring-line" : "text-dim"}`}>
          <Icon size={16} aria-hidden />
        </button>
      ))}
    </div>
  );
}
