// The chat: conversations beside the one that is open; on a phone each is a page of its own.

import { useParams } from "@tanstack/react-router";
import { ConversationPane } from "./conversation";
import { Sidebar } from "./sidebar";

/** The conversation of the address; without one, the list, with room for a new one beside it. */
export function ChatPage() {
  const { id } = useParams({ strict: false }) as { id?: string };
  return <Panes id={id} list={id === undefined} />;
}

export function NewChatPage() {
  return <Panes id={undefined} list={false} />;
}

/** `list`: on a phone the list is what is shown. */
function Panes({ id, list }: { id: string | undefined; list: boolean }) {
  return (
    <main className="flex h-[calc(100dvh-4rem-env(safe-area-inset-bottom))] lg:h-dvh">
      <Sidebar className={`w-full lg:flex lg:w-72 lg:shrink-0 lg:border-r ${list ? "flex" : "hidden"}`} />
      <div className={`min-w-0 flex-1 lg:flex ${list ? "hidden" : "flex"}`}><ConversationPane key={id ?? "new"} id={id} /></div>
    </main>
  );
}
