// The frame: a slim sidebar where there is room, a bar at the thumb where there is not.

import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { Ellipsis } from "lucide-react";
import { answer, api, Problem } from "../api/client";
import { Toasts } from "../components/ui/toast";
import { shell } from "../words/shell";
import { PAGES, type Place } from "./pages";
import { SignInPage } from "./sign-in";
import { ThemeChoice } from "./theme";

export function Layout() {
  const status = useQuery({ queryKey: ["status"], queryFn: () => answer(api.GET("/api/status")), refetchInterval: 30_000 });
  if (status.error instanceof Problem && status.error.status === 401) return <SignInPage />;
  const running = status.data?.concurrency;
  return (
    <div className="min-h-dvh lg:pl-52">
      <a href="#content" className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-lg focus:bg-surface focus:px-3 focus:py-2">{shell.skip}</a>
      <nav aria-label={shell.main} className="fixed inset-y-0 left-0 z-20 hidden w-52 flex-col gap-6 border-r border-line bg-canvas px-3 py-4 lg:flex">
        <Link to="/" className="flex items-center gap-2.5 px-2 font-semibold tracking-tight"><img src="/icon.svg" alt="" className="size-6" />{shell.name}</Link>
        <div className="space-y-0.5">{PAGES.filter((page) => IN_UPPER.includes(page.place)).map((page) => <SideLink key={page.path} {...page} />)}</div>
        <div className="space-y-0.5">{PAGES.filter((page) => page.place === "more").map((page) => <SideLink key={page.path} {...page} />)}</div>
        <div className="mt-auto space-y-3 px-2 text-xs text-dim">
          {running ? <p>{shell.running(running.running, running.limit)}</p> : null}
          <ThemeChoice />
        </div>
      </nav>
      <div id="content" tabIndex={-1} className="pb-[calc(4rem+env(safe-area-inset-bottom))] outline-none lg:pb-0">
        {status.isError ? <p role="status" className="border-b border-line bg-wait-soft px-4 py-2 text-sm text-wait">{shell.silent}</p> : null}
        <Outlet />
      </div>
      <nav aria-label={shell.main} className="fixed inset-x-0 bottom-0 z-20 flex border-t border-line bg-canvas pb-[env(safe-area-inset-bottom)] lg:hidden">
        {PAGES.filter((page) => page.place === "bar").slice(0, 4).map((page) => <BarLink key={page.path} {...page} />)}
        <BarLink path="/more" label={shell.pages.more} icon={Ellipsis} />
      </nav>
      <Toasts />
    </div>
  );
}

const IN_UPPER: Place[] = ["bar", "side"];

type Entry = Pick<(typeof PAGES)[number], "path" | "label" | "icon">;

function SideLink({ path, label, icon: Icon }: Entry) {
  return (
    <Link to={path} activeOptions={{ exact: path === "/" }} className="flex min-h-9 items-center gap-2.5 rounded-lg px-2 text-sm text-dim hover:bg-sunken hover:text-ink [&.active]:bg-sunken [&.active]:font-medium [&.active]:text-ink">
      {Icon ? <Icon size={17} aria-hidden /> : null}{label}
    </Link>
  );
}

function BarLink({ path, label, icon: Icon }: Entry) {
  return (
    <Link to={path} activeOptions={{ exact: path === "/" }} className="flex min-h-14 flex-1 flex-col items-center justify-center gap-0.5 text-[0.6875rem] text-dim [&.active]:font-medium [&.active]:text-accent">
      {Icon ? <Icon size={20} aria-hidden /> : null}{label}
    </Link>
  );
}
