import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { get, Problem } from "../api/client";
import type { Status } from "../api/types";
import { SignInPage } from "./sign-in";

const PAGES = [["/", "Inbox"], ["/tasks", "Tasks"], ["/plan", "Plan"], ["/accounts", "Accounts"], ["/status", "Machine"]] as const;

export function Layout() {
  const status = useQuery({ queryKey: ["status"], queryFn: () => get<Status>("/api/status"), refetchInterval: 15_000 });
  if (status.error instanceof Problem && status.error.status === 401) return <SignInPage />;
  return (
    <div className="min-h-dvh pb-24">
      <header className="sticky top-0 z-10 border-b border-stone-200 bg-stone-50/90 backdrop-blur dark:border-stone-800 dark:bg-stone-950/90">
        <nav className="mx-auto flex max-w-6xl items-center gap-5 px-4 py-2.5 text-sm">
          <Link to="/" className="flex items-center gap-2 font-semibold"><img src="/icon.svg" alt="Sidekick" className="size-6 shrink-0" /><span className="hidden sm:inline">Sidekick</span></Link>
          <div className="flex min-w-0 gap-4 overflow-x-auto">
            {PAGES.map(([to, name]) => (
              <Link key={to} to={to} activeOptions={{ exact: true }} className="py-1 text-stone-600 dark:text-stone-400 [&.active]:text-stone-950 dark:[&.active]:text-white">{name}</Link>
            ))}
          </div>
          {status.data ? <span className="ml-auto hidden shrink-0 text-xs text-stone-500 sm:block dark:text-stone-400">{status.data.concurrency.running} of {status.data.concurrency.limit} running</span> : null}
          {status.isError ? <span className="ml-auto text-xs text-rose-700 dark:text-rose-300">The daemon does not answer</span> : null}
        </nav>
      </header>
      <Outlet />
    </div>
  );
}
