import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRouter, Link, RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem, Unreachable } from "../api/client";
import { EmptyState, PageBody, Problem as Failed, Skeleton } from "../components/ui/parts";
import { startDecisions } from "../lib/decisions";
import { shell } from "../words/shell";
import { routes } from "./pages";
import { signIn } from "./sign-in";
import "./style.css";

/** A page that broke: what was lost is only what it showed. */
function Broken({ error }: { error: unknown }) {
  return (
    <main className="mx-auto max-w-3xl space-y-3 p-4 text-sm">
      <p>{shell.broken} <code>sidekick list</code>.</p>
      <Failed error={error} />
    </main>
  );
}

const router = createRouter({
  routeTree: routes,
  defaultErrorComponent: Broken,
  defaultNotFoundComponent: () => <PageBody title={shell.name}><EmptyState title={shell.absent}><Link to="/" className="underline">{shell.home}</Link></EmptyState></PageBody>,
  defaultPendingComponent: () => <div className="mx-auto max-w-3xl p-4 sm:p-6"><Skeleton /></div>,
  defaultPreload: "intent",
  scrollRestoration: true,
});
declare module "@tanstack/react-router" {
  interface Register { router: typeof router }
}

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The client has tried again already what may be; a daemon that restarts is waited for here.
      retry: (count, error) => error instanceof Unreachable && !(error instanceof Problem) && count < 3,
      refetchOnWindowFocus: true,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

startDecisions(() => void queries.invalidateQueries());

void signIn().then(() =>
  createRoot(document.getElementById("root")!).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  ),
);
