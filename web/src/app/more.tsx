// On a phone: the pages that have no place in the bar, and the colours.

import { Link } from "@tanstack/react-router";
import { ChevronRight, Search } from "lucide-react";
import { Card, PageBody } from "../components/ui/parts";
import { palette } from "../words/palette";
import { shell } from "../words/shell";
import { PAGES, type Place } from "./pages";
import { ThemeChoice } from "./theme";

const BEHIND: Place[] = ["side", "more"];

export function MorePage() {
  return (
    <PageBody title={shell.pages.more}>
      <Card className="divide-y divide-line">
        <button type="button" onClick={() => dispatchEvent(new Event("palette"))} className="flex min-h-13 w-full items-center gap-3 px-4"><Search size={19} className="text-dim" aria-hidden />{palette.open}</button>
        {PAGES.filter((page) => BEHIND.includes(page.place)).map(({ path, label, icon: Icon }) => (
          <Link key={path} to={path} className="flex min-h-13 items-center gap-3 px-4">
            {Icon ? <Icon size={19} className="text-dim" aria-hidden /> : null}<span className="flex-1">{label}</span><ChevronRight size={18} className="text-dim" aria-hidden />
          </Link>
        ))}
      </Card>
      <ThemeChoice />
    </PageBody>
  );
}
