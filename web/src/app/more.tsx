// On a phone: the pages that have no place in the bar, and the colours.

import { Link } from "@tanstack/react-router";
import { ChevronRight } from "lucide-react";
import { Card, PageBody } from "../components/ui/parts";
import { shell } from "../words/shell";
import { PAGES, type Place } from "./pages";
import { ThemeChoice } from "./theme";

const BEHIND: Place[] = ["side", "more"];

export function MorePage() {
  return (
    <PageBody title={shell.pages.more}>
      <Card className="divide-y divide-line">
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
