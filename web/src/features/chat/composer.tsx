// Where a message is written or spoken. A draft outlives a reload; what was sent keeps its key until the daemon has it.

import { useMutation } from "@tanstack/react-query";
import { ArrowUp, Mic, Square, X } from "lucide-react";
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Problem as Refused } from "../../api/client";
import { Button, IconButton, Problem } from "../../components/ui/parts";
import { plain } from "../../lib/words";
import { chat as words } from "../../words/chat";
import { say, transcribe } from "./calls";
import { draftOf, keepDraft, keepUnsent, type Unsent, unsentOf } from "./drafts";
import type { Heard, Said } from "./shapes";
import { useRecorder } from "./use-recorder";

interface Props { conversation: string | undefined; onSaid: (said: Said) => void; suggested?: string | undefined }

export function Composer({ conversation, onSaid, suggested }: Props) {
  const [text, setText] = useState(() => draftOf(conversation));
  const [unsent, setUnsent] = useState<Unsent | undefined>(() => unsentOf(conversation));
  const [heard, setHeard] = useState<Heard | undefined>();
  const area = useRef<HTMLTextAreaElement>(null);
  const write = (to: string) => { setText(to); keepDraft(conversation, to); };
  const hold = (to: Unsent | undefined) => { setUnsent(to); keepUnsent(conversation, to); };

  const send = useMutation({
    mutationFn: (message: Unsent) => say(message, conversation),
    onSuccess: (said) => { hold(undefined); onSaid(said); },
    // What the daemon refused was not said: its words come back to be mended.
    onError: (error, message) => { if (error instanceof Refused) { hold(undefined); if (!area.current?.value) write(message.text); } },
  });
  const listening = useMutation({
    mutationFn: transcribe,
    onSuccess: (found) => { setHeard(found); write(found.text); area.current?.focus(); },
  });
  const recorder = useRecorder((audio) => listening.mutate(audio));

  const ready = text.trim() !== "" && !send.isPending && !unsent && !listening.isPending;
  const submit = () => {
    if (!ready) return;
    const message = { text: text.trim(), key: newKey(), spoken: heard !== undefined };
    hold(message);
    write("");
    setHeard(undefined);
    send.mutate(message);
    area.current?.focus();
  };
  const again = () => { if (unsent && !send.isPending) send.mutate(unsent); };
  const retry = useRef(again);
  retry.current = again;
  // What was sent before a reload, or while there was no network, is sent on by itself.
  useEffect(() => {
    if (unsentOf(conversation)) retry.current();
    const back = () => retry.current();
    addEventListener("online", back);
    return () => removeEventListener("online", back);
  }, [conversation]);
  useEffect(() => { if (suggested) { write(suggested); area.current?.focus(); } }, [suggested]);
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, 220)}px`;
  }, [text]);
  const press = (event: KeyboardEvent) => {
    // Enter ends a word of an input method, too; that is not meant.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };

  return (
    <form onSubmit={(event) => { event.preventDefault(); submit(); }} className="mx-auto w-full max-w-3xl space-y-2 px-4 pt-2 pb-4 sm:px-6">
      {send.isError && send.error instanceof Refused ? <Problem error={send.error} /> : null}
      {unsent && send.isError ? (
        <div role="alert" className="flex flex-wrap items-center gap-2 rounded-xl bg-wait-soft px-3 py-2 text-sm text-wait">
          <span className="min-w-0 flex-1 basis-60"><span className="block truncate font-medium">{plain(unsent.text)}</span>{words.unsent}</span>
          <Button onClick={again} disabled={send.isPending}>{words.sendAgain}</Button>
          <Button look="quiet" onClick={() => { write(unsent.text); hold(undefined); send.reset(); }}>{words.forget}</Button>
        </div>
      ) : null}
      {listening.isError ? <Problem error={listening.error} /> : null}
      {recorder.state.is === "failed" ? <p role="alert" className="flex items-center gap-2 rounded-xl bg-wait-soft px-3 py-2 text-sm text-wait"><span className="flex-1">{recorder.state.why}</span><IconButton label={words.cancel} onClick={recorder.forget}><X size={16} aria-hidden /></IconButton></p> : null}
      {heard ? <Understood heard={heard} onForget={() => { setHeard(undefined); write(""); }} /> : null}
      <div className="flex items-end gap-1 rounded-2xl bg-surface p-1.5 shadow-sm ring-1 ring-edge/70 focus-within:ring-2 focus-within:ring-accent">
        {recorder.state.is === "recording" ? (
          <Level level={recorder.state.level} seconds={recorder.state.seconds} onStop={() => recorder.stop(true)} onCancel={() => recorder.stop(false)} />
        ) : (
          <>
            <textarea ref={area} rows={1} aria-label={words.saying} aria-describedby="chat-hint" placeholder={listening.isPending ? words.voice.transcribing : words.saying} value={text}
              onChange={(event) => write(event.target.value)} onKeyDown={press} enterKeyHint="send" maxLength={60_000}
              className="min-h-11 min-w-0 flex-1 resize-none bg-transparent px-2.5 py-2.5 text-base outline-none sm:min-h-9 sm:py-2 sm:text-[0.9375rem]" />
            <IconButton label={listening.isPending ? words.voice.transcribing : words.voice.start} disabled={listening.isPending} onClick={() => { listening.reset(); setHeard(undefined); void recorder.start(); }}>
              <Mic size={18} aria-hidden className={listening.isPending ? "animate-pulse" : ""} />
            </IconButton>
            <button type="submit" aria-label={words.send} title={words.send} disabled={!ready} className="inline-flex size-11 shrink-0 items-center justify-center rounded-xl bg-accent text-on-accent transition-opacity disabled:opacity-40 sm:size-9"><ArrowUp size={18} aria-hidden /></button>
          </>
        )}
      </div>
      <p id="chat-hint" className="hidden px-2 text-xs text-dim sm:block">{words.hint}</p>
    </form>
  );
}

function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What was heard and what it would do, before anything is done. */
function Understood({ heard, onForget }: { heard: Heard; onForget: () => void }) {
  const { means, words: would } = heard.understood;
  return (
    <div role="status" className="flex gap-2 rounded-xl bg-note-soft px-3 py-2 text-sm text-note">
      <div className="min-w-0 flex-1">
        <p className="font-medium">{words.voice.would[means] ?? words.voice.heard}{would.length > 0 ? ":" : "."}</p>
        {would.length > 0 ? <ul className="list-disc pl-5">{would.map((one, n) => <li key={n} className="break-words">{plain(one)}</li>)}</ul> : null}
        <p className="mt-1">{words.voice.check}</p>
      </div>
      <IconButton label={words.voice.cancel} onClick={onForget}><X size={16} aria-hidden /></IconButton>
    </div>
  );
}

function Level({ level, seconds, onStop, onCancel }: { level: number; seconds: number; onStop: () => void; onCancel: () => void }) {
  return (
    <div className="flex min-h-11 flex-1 items-center gap-3 px-2.5 sm:min-h-9">
      <span className="size-2.5 shrink-0 animate-pulse rounded-full bg-bad" aria-hidden />
      <span className="text-sm tabular-nums" role="timer" aria-label={words.voice.recording}>{Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, "0")}</span>
      <span className="h-1.5 min-w-0 flex-1 overflow-hidden rounded-full bg-sunken" aria-hidden><span className="block h-full rounded-full bg-accent transition-[width]" style={{ width: `${Math.round(level * 100)}%` }} /></span>
      <IconButton label={words.voice.cancel} onClick={onCancel}><X size={18} aria-hidden /></IconButton>
      <IconButton label={words.voice.stop} onClick={onStop} className="bg-accent text-on-accent hover:bg-accent hover:text-on-accent"><Square size={15} aria-hidden fill="currentColor" /></IconButton>
    </div>
  );
}
