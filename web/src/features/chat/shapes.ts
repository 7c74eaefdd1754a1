// The shapes of conversations, as the API has them.

import type { components } from "../../api/schema";

type Schemas = components["schemas"];

export type Conversation = Schemas["ConversationView"];
export type Message = Schemas["MessageView"];
export type Proposal = Schemas["ProposalView"];
export type Said = Schemas["ChatView"];
export type Heard = Schemas["HeardView"];
