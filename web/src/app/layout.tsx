// The frame: a slim sidebar where there is room, a bar at the thumb where there is not.

import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useRouterState } from "@tanstack/react-router";
import { Ellipsis, Search } from "lucide-react";
import { lazy, Suspense, useEffect, useState } from "react";
import { answer, api, Problem } from "../api/client";
import { DecisionNote } from "../components/decision";
import { Button } from "../components/ui/parts";
import { Toasts } from "../components/ui/toast";
import { useDecisions } from "../lib/decisions";
import { type Key, useKeyList, useKeys } from "../lib/keys";
import { useOnline } from "../lib/online";
import { palette } from "../words/palette";
import { shell } from "../words/shell";
import { PAGES, type Place } from "./pages";
import { SignInPage } from "./sign-in";
import { ThemeChoice } from "./theme";
import { takeNewVersion, useNewVersion } from "./worker";

const Palette = lazy(() => import("./palette"));
const KeysDialog = lazy(() => import("./keys-dialog"));

export function Layout() {
  const status = useQuery({ queryKey: ["status"], queryFn: () => answer(api.GET("/api/status")), refetchInterval: 30_000 });
  if (status.error instanceof Problem && status.error.status === 401) return <SignInPage />;
  const running = status.data?.concurrency;
  return (
    <div className="min-h-dvh lg:pl-52">
      <a href="#content" className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-lg focus:bg-surface focus:px-3 focus:py-2">{shell.skip}</a>
      <nav aria-label={shell.main} className="fixed inset-y-0 left-0 z-20 hidden w-52 flex-col gap-6 border-r border-line bg-canvas px-3 py-4 lg:flex">
        <Link to="/" className="flex items-center gap-2.5 px-2 font-semibold tracking-tight"><img src="/icon.svg" alt="" className="size-6" />{shell.name}</Link>
        <button type="button" onClick={() => dispatchEvent(new Event("palette"))} className="-my-2 flex min-h-9 items-center gap-2.5 rounded-lg px-2 text-sm text-dim ring-1 ring-line hover:bg-sunken hover:text-ink"><Search size={16} aria-hidden />{palette.open}</button>
        <div className="space-y-0.5">{PAGES.filter((page) => IN_UPPER.includes(page.place)).map((page) => <SideLink key={page.path} {...page} />)}</div>
        <div className="space-y-0.5">{PAGES.filter((page) => page.place === "more").map((page) => <SideLink key={page.path} {...page} />)}</div>
        <div className="mt-auto space-y-3 px-2 text-xs text-dim">
          {running ? <p>{shell.running(running.running, running.limit)}</p> : null}
          <ThemeChoice />
        </div>
      </nav>
      <div id="content" tabIndex={-1} className="pb-[calc(4rem+env(safe-area-inset-bottom))] outline-none lg:pb-0">
        <Notices silent={status.isError} />
        <Outlet />
      </div>
      <nav aria-label={shell.main} className="fixed inset-x-0 bottom-0 z-20 flex border-t border-line bg-canvas pb-[env(safe-area-inset-bottom)] lg:hidden">
        {PAGES.filter((page) => page.place === "bar").slice(0, 4).map((page) => <BarLink key={page.path} {...page} />)}
        <BarLink path="/more" label={shell.pages.more} icon={Ellipsis} />
      </nav>
      <Toasts />
      <Commands />
    </div>
  );
}

/** What everybody has to know, whatever page is shown. */
function Notices({ silent }: { silent: boolean }) {
  const online = useOnline();
  const newer = useNewVersion();
  const path = useRouterState({ select: (state) => state.location.pathname });
  // The inbox shows them where they belong.
  const pending = useDecisions().filter((decision) => path !== "/" && decision.state !== "sent");
  const look = "border-b border-line px-4 py-2 text-sm";
  return (
    <>
      {!online ? <p role="status" className={`${look} bg-wait-soft text-wait`}>{shell.offline}</p> : silent ? <p role="status" className={`${look} bg-wait-soft text-wait`}>{shell.silent}</p> : null}
      {newer ? <div role="status" className={`${look} flex items-center gap-3 bg-note-soft text-note`}><span className="flex-1">{shell.newer}</span><Button className="text-ink" onClick={takeNewVersion}>{shell.reload}</Button></div> : null}
      {pending.length > 0 ? <div className="mx-auto max-w-3xl space-y-2 px-4 pt-4 sm:px-6">{pending.map((decision) => <DecisionNote key={decision.key} decision={decision} named />)}</div> : null}
    </>
  );
}

/** The palette and the list of keys, fetched when they are first wanted. */
function Commands() {
  const [shown, setShown] = useState<"palette" | "keys">();
  const [listed, setListed] = useState<Key[]>([]);
  const keys = useKeyList();
  const showKeys = () => { setListed(keys); setShown("keys"); };
  useKeys([{ key: "?", label: palette.keysList, run: showKeys }]);
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      event.preventDefault();
      setShown((known) => (known === "palette" ? undefined : "palette"));
    };
    const open = () => setShown("palette");
    addEventListener("keydown", press);
    addEventListener("palette", open);
    return () => { removeEventListener("keydown", press); removeEventListener("palette", open); };
  }, []);
  const close = () => setShown(undefined);
  return (
    <Suspense>
      {shown === "palette" ? <Palette onClose={close} onKeys={showKeys} /> : null}
      {shown === "keys" ? <KeysDialog keys={listed} onClose={close} /> : null}
    </Suspense>
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
