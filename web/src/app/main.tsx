import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Problem } from "../api/client";
import { TasksPage } from "../features/tasks/tasks-page";
import { TaskPage } from "../features/task/task-page";
import { StatusPage } from "../features/status/status-page";
import { Layout } from "./layout";
import { signIn } from "./sign-in";
import "./style.css";

const root = createRootRoute({ component: Layout });
const tasks = createRoute({ getParentRoute: () => root, path: "/", component: TasksPage });
const task = createRoute({ getParentRoute: () => root, path: "/tasks/$id", component: function Page() { return <TaskPage id={task.useParams().id} />; } });
const status = createRoute({ getParentRoute: () => root, path: "/status", component: StatusPage });
const router = createRouter({ routeTree: root.addChildren([tasks, task, status]) });
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
