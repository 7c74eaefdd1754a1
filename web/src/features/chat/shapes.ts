// The shapes of conversations, as the API has them, and as their events carry them.

import type { components } from "../../api/schema";

type Schemas = components["schemas"];

export type Conversation = Schemas["ConversationView"];
export type Message = Schemas["MessageView"];
export type Proposal = Schemas["ProposalView"];
export type Said = Schemas["ChatView"];
export type Heard = Schemas["HeardView"];

/** A message as `message.added` and `message.changed` carry it. */
interface Told {
  id: string; speaker: string; state: string; text: string; tasks?: string[]; thinking?: string; actor: string; at: string;
  proposal?: { words: string[]; until: string; fate: { is: string; by?: string; came?: string[] } };
}

/** The one as the other. Whether a proposal is too old is seen when it is drawn. */
export function viewed(told: unknown): Message {
  const { id, speaker, state, text, tasks, thinking, actor, at, proposal } = told as Told;
  const view: Message = { id, role: speaker, state, text, tasks: tasks ?? [], actor, at };
  if (thinking) view.thinking = thinking;
  if (proposal) view.proposal = { changes: proposal.words, until: proposal.until, state: proposal.fate.is, came: proposal.fate.came ?? [], ...(proposal.fate.by ? { by: proposal.fate.by } : {}) };
  return view;
}
