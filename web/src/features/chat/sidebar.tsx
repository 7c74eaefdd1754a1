// The conversations: find, begin, switch.

import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Search, SquarePen } from "lucide-react";
import { useDeferredValue, useEffect, useState } from "react";
import { answer, api } from "../../api/client";
import { Button, control, Problem, Skeleton } from "../../components/ui/parts";
import { listen } from "../../lib/live";
import { ago, plain } from "../../lib/words";
import { chat as words } from "../../words/chat";
import { ConversationMenu } from "./conversation-menu";

const PAGE = 50;

export function Sidebar({ className = "" }: { className?: string }) {
  const queries = useQueryClient();
  const [search, setSearch] = useState("");
  const wanted = useDeferredValue(search.trim());
  const found = useInfiniteQuery({
    queryKey: ["conversations", "list", wanted],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => answer(api.GET("/api/conversations", { params: { query: { limit: PAGE, ...(wanted ? { search: wanted } : {}), ...(pageParam ? { cursor: pageParam } : {}) } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: (before) => before,
  });
  useEffect(() => listen((event) => {
    if (event.type === "conversation.changed" || event.type === "conversation.deleted" || event.type === "message.added") void queries.invalidateQueries({ queryKey: ["conversations"] });
  }), [queries]);
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <aside aria-label={words.conversations} className={`flex min-h-0 flex-col border-line ${className}`}>
      <div className="space-y-2 p-3">
        <div className="flex items-center gap-2">
          <h1 className="flex-1 px-1 text-xl font-semibold tracking-tight lg:text-base">{words.title}</h1>
          <Link to="/chat/new" aria-label={words.begin} title={words.begin} className="inline-flex size-11 items-center justify-center rounded-lg text-dim hover:bg-sunken hover:text-ink sm:size-9"><SquarePen size={18} aria-hidden /></Link>
        </div>
        <label className="relative block">
          <Search size={15} aria-hidden className="absolute top-1/2 left-3 -translate-y-1/2 text-dim" />
          <input type="search" aria-label={words.find} placeholder={words.find} value={search} onChange={(event) => setSearch(event.target.value)} className={`${control} pl-9`} />
        </label>
      </div>
      <nav aria-label={words.conversations} className="min-h-0 flex-1 overflow-y-auto px-2 pb-3">
        {found.isError ? <Problem error={found.error} /> : null}
        {found.isPending ? <Skeleton /> : null}
        {found.data && items.length === 0 ? <p className="px-3 py-6 text-center text-sm text-dim">{wanted ? words.noneFound : words.none}</p> : null}
        <ul>
          {items.map((one) => (
            <li key={one.id} className="group relative flex items-center rounded-lg hover:bg-sunken has-[a.active]:bg-sunken">
              <Link to="/chat/$id" params={{ id: one.id }} className="min-w-0 flex-1 rounded-lg px-2.5 py-2 text-sm [&.active]:font-medium">
                <span className="block truncate">{plain(one.title)}</span>
                <span className="block text-xs font-normal text-dim">{ago(one.updated_at)}</span>
              </Link>
              <ConversationMenu conversation={one} />
            </li>
          ))}
        </ul>
        {found.hasNextPage ? <Button look="quiet" className="w-full" disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{words.older}</Button> : null}
      </nav>
    </aside>
  );
}
