// What the chat asks of the daemon.

import { answer, api, post, Problem, Unreachable } from "../../api/client";
import type { Unsent } from "./drafts";
import type { Heard, Message, Said } from "./shapes";

/** Says something once, however often it is sent: the key tells the daemon. */
export function say(message: Unsent, conversation: string | undefined): Promise<Said> {
  const body = { message: message.text, ...(conversation ? { conversation_id: conversation } : {}), ...(message.spoken ? { spoken: true } : {}) };
  return post<Said>("/api/chat", body, message.key);
}

export function decide(conversation: string, message: string, what: "confirm" | "drop"): Promise<Message> {
  const params = { params: { path: { id: conversation, message } } };
  return answer(what === "confirm" ? api.POST("/api/conversations/{id}/messages/{message}/confirm", params) : api.POST("/api/conversations/{id}/messages/{message}/drop", params));
}

/** How long a recording may take to be understood. */
const PATIENCE = 90_000;

export async function transcribe(audio: Blob): Promise<Heard> {
  let response: Response;
  try {
    response = await fetch("/api/voice", { method: "POST", headers: { "content-type": audio.type }, body: audio, signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    throw new Unreachable("The daemon could not be reached. Say it again when it is back, or type.");
  }
  const body = (await response.json().catch(() => ({}))) as Heard & { detail?: string; hint?: string };
  if (!response.ok) throw new Problem(response.status, body.detail ?? `The daemon answered ${response.status}.`, body.hint);
  return body;
}
