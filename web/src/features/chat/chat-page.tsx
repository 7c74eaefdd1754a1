// The chat: conversations beside the one that is open; on a phone each is a page of its own.

import { ConversationPane } from "./conversation";
import { Sidebar } from "./sidebar";

/** `list`: nothing is open yet. `new`: one that begins. Else an id. */
export function ChatPage({ open }: { open: "list" | "new" | (string & {}) }) {
  const id = open === "list" || open === "new" ? undefined : open;
  return (
    <main className="flex h-[calc(100dvh-4rem-env(safe-area-inset-bottom))] lg:h-dvh">
      <Sidebar className={`w-full lg:flex lg:w-72 lg:shrink-0 lg:border-r ${open === "list" ? "flex" : "hidden"}`} />
      <div className={`min-w-0 flex-1 lg:flex ${open === "list" ? "hidden" : "flex"}`}><ConversationPane key={id ?? "new"} id={id} /></div>
    </main>
  );
}
