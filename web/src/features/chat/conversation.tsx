// A conversation: its messages, the latest in sight, and the composer below them.

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowDown, ChevronLeft } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { answer, api } from "../../api/client";
import { Button, EmptyState, Problem } from "../../components/ui/parts";
import { plain } from "../../lib/words";
import { chat as words } from "../../words/chat";
import { Composer } from "./composer";
import { ConversationMenu } from "./conversation-menu";
import { MessageView } from "./message-view";
import type { Message, Said } from "./shapes";
import { useThread } from "./use-thread";

/** Without an id: one that begins with the first message. */
export function ConversationPane({ id }: { id: string | undefined }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { messages, gone, ready, error, earlier, put } = useThread(id);
  const about = useQuery({ queryKey: ["conversations", "one", id], enabled: id !== undefined, queryFn: () => answer(api.GET("/api/conversations/{id}", { params: { path: { id: id! } } })) });
  const [suggested, setSuggested] = useState<string | undefined>();
  const onSaid = (said: Said) => {
    void queries.invalidateQueries({ queryKey: ["conversations"] });
    setSuggested(undefined);
    if (said.conversation.id === id) put([said.message, said.answer]);
    else void navigate({ to: "/chat/$id", params: { id: said.conversation.id } });
  };
  const onChanged = useCallback((message: Message) => put([message]), [put]);
  const title = about.data?.title ?? (id ? "" : words.begin);
  useEffect(() => {
    if (!title) return;
    const before = document.title;
    document.title = `${plain(title)} · Sidekick`;
    return () => { document.title = before; };
  }, [title]);
  return (
    <section aria-label={plain(title) || words.title} className="flex min-w-0 flex-1 flex-col">
      <header className="flex min-h-14 items-center gap-1 border-b border-line px-2 sm:px-4">
        <Link to="/chat" aria-label={words.back} className="inline-flex size-11 items-center justify-center rounded-lg text-dim hover:text-ink lg:hidden"><ChevronLeft size={20} aria-hidden /></Link>
        <h1 className="min-w-0 flex-1 truncate px-1 font-semibold tracking-tight">{plain(title)}</h1>
        {about.data ? <ConversationMenu conversation={about.data} /> : null}
      </header>
      {gone ? <div className="p-6"><EmptyState title={words.gone}><Link to="/chat" className="underline">{words.back}</Link></EmptyState></div> : (
        <>
          <Messages id={id} messages={messages} ready={ready} error={error} earlier={earlier} onChanged={onChanged} onExample={setSuggested} />
          <Composer key={id ?? "new"} conversation={id} onSaid={onSaid} suggested={suggested} />
        </>
      )}
    </section>
  );
}

interface MessagesProps { id: string | undefined; messages: Message[]; ready: boolean; error: unknown; earlier: (() => Promise<void>) | undefined; onChanged: (message: Message) => void; onExample: (text: string) => void }

function Messages({ id, messages, ready, error, earlier, onChanged, onExample }: MessagesProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const low = useRef(true);
  const [isLow, setIsLow] = useState(true);
  const last = messages.at(-1);
  const look = () => {
    const at = scroller.current;
    if (!at) return;
    low.current = at.scrollHeight - at.scrollTop - at.clientHeight < 80;
    setIsLow(low.current);
  };
  const down = () => { scroller.current?.scrollTo({ top: scroller.current.scrollHeight }); look(); };
  // One's own words, and who is at the end, are followed; who reads above is left there.
  useLayoutEffect(() => { if (low.current || messages.at(-2)?.role === "user") down(); }, [messages.length, last?.text, last?.state, last?.proposal?.state, ready]);
  const more = async () => {
    const at = scroller.current;
    const before = at?.scrollHeight ?? 0;
    await earlier?.();
    requestAnimationFrame(() => { if (at) at.scrollTop += at.scrollHeight - before; });
  };
  const empty = ready && !error && messages.length === 0;
  return (
    <div className="relative min-h-0 flex-1">
      <div ref={scroller} onScroll={look} tabIndex={0} role="log" aria-label={words.title} className="h-full overflow-y-auto overscroll-contain outline-offset-[-2px]">
        <div className="mx-auto flex min-h-full max-w-3xl flex-col gap-6 px-4 py-6 sm:px-6">
          {error ? <Problem error={error} /> : null}
          {earlier ? <Button look="quiet" className="self-center" onClick={() => void more()}>{words.earlier}</Button> : null}
          {empty ? <Empty onExample={onExample} /> : messages.map((message) => <MessageView key={message.id} conversation={id ?? ""} message={message} onChanged={onChanged} />)}
        </div>
      </div>
      {isLow ? null : <button type="button" aria-label={words.down} title={words.down} onClick={down} className="absolute inset-x-0 bottom-2 mx-auto inline-flex size-9 items-center justify-center rounded-full bg-surface text-dim shadow-md ring-1 ring-line hover:text-ink"><ArrowDown size={17} aria-hidden /></button>}
    </div>
  );
}

function Empty({ onExample }: { onExample: (text: string) => void }) {
  return (
    <div className="m-auto w-full max-w-md space-y-4 text-center">
      <div className="space-y-1"><p className="text-lg font-semibold tracking-tight">{words.empty}</p><p className="text-sm text-dim">{words.emptyText}</p></div>
      <ul className="grid gap-2 text-left sm:grid-cols-2">
        {words.examples.map((example) => <li key={example} className="flex"><button type="button" onClick={() => onExample(example)} className="min-h-11 w-full rounded-xl bg-surface px-3 py-2 text-left text-sm ring-1 ring-line hover:bg-sunken">{example}</button></li>)}
      </ul>
    </div>
  );
}
