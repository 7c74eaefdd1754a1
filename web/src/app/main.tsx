import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "../api/client";
import { AccountsPage } from "../features/accounts/accounts-page";
import { InboxPage } from "../features/inbox/inbox-page";
import { PlanPage } from "../features/plan/plan-page";
import { TasksPage } from "../features/tasks/tasks-page";
import { TaskPage } from "../features/task/task-page";
import { StatusPage } from "../features/status/status-page";
import { Problem as Failed } from "../components/ui/parts";
import { Layout } from "./layout";
import { signIn } from "./sign-in";
import "./style.css";

/** A page that broke: what was lost is only what it showed. */
function Broken({ error }: { error: unknown }) {
  return (
    <main className="mx-auto max-w-3xl space-y-3 p-4 text-sm">
      <p>This page could not be shown; your tasks go on. Load it again, or use the command line meanwhile: <code>sidekick list</code>.</p>
      <Failed error={error} />
    </main>
  );
}

const root = createRootRoute({ component: Layout });
const inbox = createRoute({ getParentRoute: () => root, path: "/", component: InboxPage });
const tasks = createRoute({ getParentRoute: () => root, path: "/tasks", component: TasksPage });
const plan = createRoute({ getParentRoute: () => root, path: "/plan", component: PlanPage });
const accounts = createRoute({ getParentRoute: () => root, path: "/accounts", component: AccountsPage });
const task = createRoute({ getParentRoute: () => root, path: "/tasks/$id", component: function Page() { return <TaskPage id={task.useParams().id} />; } });
const status = createRoute({ getParentRoute: () => root, path: "/status", component: StatusPage });
const router = createRouter({ defaultErrorComponent: Broken, routeTree: root.addChildren([inbox, tasks, task, plan, accounts, status]) });
declare module "@tanstack/react-router" {
  interface Register { router: typeof router }
}

const queries = new QueryClient({
  defaultOptions: { queries: { retry: (count, error) => !(error instanceof Problem) && count < 3, refetchOnWindowFocus: true } },
});

void signIn().then(() =>
  createRoot(document.getElementById("root")!).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  ),
);
