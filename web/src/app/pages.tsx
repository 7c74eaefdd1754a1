// Every page, in one list. To add one: a line here, its words in src/words, its component behind `import()`, so that it is
// loaded when somebody goes there.

import { createRootRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { CalendarRange, Coins, Gauge, Inbox, KeyRound, LayoutDashboard, type LucideIcon, MessageCircle, Settings, SquareKanban, Wallet } from "lucide-react";
import { shell } from "../words/shell";
import { Layout } from "./layout";
import { MorePage } from "./more";

/** Where a page is reached from: the bar (at most four of them on a phone), the upper part of the sidebar, its lower part,
    or only by links. On a phone what is not in the bar is behind "More". */
export type Place = "bar" | "side" | "more" | "links";

export const root = createRootRoute({ component: Layout });

/** What a page keeps in its address: words by name. */
export type Search = Record<string, string | undefined>;

function validateSearch(search: Record<string, unknown>): Search {
  return Object.fromEntries(Object.entries(search).map(([name, value]) => [name, value == null ? undefined : String(value)]));
}

type Component = Parameters<typeof createRoute>[0]["component"];

function page<const P extends string>(path: P, label: string, icon: LucideIcon | undefined, place: Place, component: Component) {
  return { path, label, icon, place, route: createRoute({ getParentRoute: () => root, path, component, validateSearch }) };
}

const task = createRoute({
  getParentRoute: () => root,
  path: "/tasks/$id",
  component: lazyRouteComponent(async () => {
    const { TaskPage } = await import("../features/task/task-page");
    return { TaskPage: function Page() { return <TaskPage id={task.useParams().id} />; } };
  }, "TaskPage"),
});

const chat = lazyRouteComponent(() => import("../features/chat/chat-page"), "ChatPage");
const newChat = lazyRouteComponent(() => import("../features/chat/chat-page"), "NewChatPage");
const begin = createRoute({ getParentRoute: () => root, path: "/chat/new", component: newChat });
const conversation = createRoute({ getParentRoute: () => root, path: "/chat/$id", component: chat });

export const PAGES = [
  page("/", shell.pages.inbox, Inbox, "bar", lazyRouteComponent(() => import("../features/inbox/inbox-page"), "InboxPage")),
  page("/overview", shell.pages.overview, LayoutDashboard, "side", lazyRouteComponent(() => import("../features/overview/overview-page"), "OverviewPage")),
  page("/board", shell.pages.board, SquareKanban, "bar", lazyRouteComponent(() => import("../features/board/board-page"), "BoardPage")),
  page("/plan", shell.pages.plan, CalendarRange, "bar", lazyRouteComponent(() => import("../features/plan/plan-page"), "PlanPage")),
  page("/chat", shell.pages.chat, MessageCircle, "bar", chat),
  page("/accounts", shell.pages.accounts, Wallet, "more", lazyRouteComponent(() => import("../features/accounts/accounts-page"), "AccountsPage")),
  page("/costs", shell.pages.costs, Coins, "more", lazyRouteComponent(() => import("../features/costs/costs-page"), "CostsPage")),
  page("/status", shell.pages.machine, Gauge, "more", lazyRouteComponent(() => import("../features/status/status-page"), "StatusPage")),
  page("/settings", shell.pages.settings, Settings, "more", lazyRouteComponent(() => import("../features/settings/settings-page"), "SettingsPage")),
  page("/settings/access", shell.pages.access, KeyRound, "more", lazyRouteComponent(() => import("../features/access/access-page"), "AccessPage")),
  page("/more", shell.pages.more, undefined, "links", MorePage),
] as const;

/** The routes keep the types of their paths, so that a link to nowhere does not compile. */
type Routes<T extends readonly { route: unknown }[]> = { -readonly [K in keyof T]: T[K]["route"] };

export const routes = root.addChildren([task, begin, conversation, ...(PAGES.map((entry) => entry.route) as unknown as Routes<typeof PAGES>)]);
