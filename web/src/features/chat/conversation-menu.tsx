import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { answer, api } from "../../api/client";
import { Dialog } from "../../components/ui/dialog";
import { Menu } from "../../components/ui/menu";
import { Button, Field, Input, Problem } from "../../components/ui/parts";
import { plain } from "../../lib/words";
import { chat as words } from "../../words/chat";
import type { Conversation } from "./shapes";

/** Rename, and delete after a question: what is deleted cannot come back. */
export function ConversationMenu({ conversation }: { conversation: Conversation }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const shown = useParams({ strict: false }) as { id?: string };
  const [open, setOpen] = useState<"rename" | "remove" | undefined>();
  const [title, setTitle] = useState("");
  const params = { params: { path: { id: conversation.id } } };
  const close = () => setOpen(undefined);
  const done = () => { close(); return queries.invalidateQueries({ queryKey: ["conversations"] }); };
  const rename = useMutation({ mutationFn: () => answer(api.PATCH("/api/conversations/{id}", { ...params, body: { title: title.trim() } })), onSuccess: done });
  const remove = useMutation({
    mutationFn: () => answer(api.DELETE("/api/conversations/{id}", params)),
    onSuccess: () => { if (shown.id === conversation.id) void navigate({ to: "/chat" }); return done(); },
  });
  const submit = (event: FormEvent) => { event.preventDefault(); if (title.trim()) rename.mutate(); };
  const name = plain(conversation.title);
  return (
    <>
      <Menu label={words.of(name)} choices={[
        { label: words.rename, onChoose: () => { setTitle(conversation.title); setOpen("rename"); } },
        { label: words.remove, danger: true, onChoose: () => setOpen("remove") },
      ]} />
      <Dialog open={open === "rename"} onClose={close} title={words.rename} className="max-w-sm">
        <form onSubmit={submit} className="space-y-4">
          <Field label={words.newTitle}><Input autoFocus value={title} maxLength={80} onChange={(event) => setTitle(event.target.value)} /></Field>
          {rename.isError ? <Problem error={rename.error} /> : null}
          <div className="flex justify-end gap-2"><Button onClick={close}>{words.cancel}</Button><Button type="submit" look="main" disabled={!title.trim() || rename.isPending}>{words.save}</Button></div>
        </form>
      </Dialog>
      <Dialog open={open === "remove"} onClose={close} title={words.removeTitle} className="max-w-sm">
        <p className="text-sm break-words">{words.removeText(name)}</p>
        {remove.isError ? <Problem error={remove.error} /> : null}
        <div className="flex justify-end gap-2"><Button autoFocus onClick={close}>{words.cancel}</Button><Button look="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>{words.remove}</Button></div>
      </Dialog>
    </>
  );
}
