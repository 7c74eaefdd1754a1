import type { Verb } from "../lib/decisions";

/** What the inbox says. */
export const inbox = {
  title: "Inbox",
  heading: (n: number) => (n === 0 ? "Nothing needs you" : n === 1 ? "One thing needs you" : `${n} things need you`),
  empty: "Go away. You will be told.",
  emptyMore: "What your agents cannot decide comes here.",
  list: "What needs you, most valuable first",
  of: (at: number, all: number) => `${at} of ${all}`,
  next: "Next", previous: "Previous", back: "All of it", open: "Open the task",
  about: { question: "asks you", review: "is done", budget: "has used up its budget", failure: "failed" } as Record<string, string>,
  leftOut: (n: number) => `and ${n} more after these`,
  unblocks: (n: number) => (n === 1 ? "1 task waits for it" : `${n} tasks wait for it`),
  until: (when: string) => `decided without you ${when}`,
  due: (when: string) => `due ${when}`,
  checks: (passed: number, all: number) => `${passed} of ${all} checks passed`,
  confidence: (value: string) => `confidence ${value}`,
  verdict: "Verdict",
  remarks: "What the reviewer says",
  warnings: "To know",
  summary: "What the agent says",
  change: "The change",
  failedChecks: "Checks that failed",
  comment: "What should change?",
  commentLong: "What should change? Remarks on lines are sent along.",
  approve: "Approve and merge", sendBack: "Send back", discard: "Discard", retry: "Try again", look: "Look at it",
  account: (state: string) => ({ resting: "rests", off: "is switched off", logged_out: "is logged out" })[state] ?? state,
  until_: (when: string) => `again ${when}`,
  switchOn: "Switch on", dismiss: "Seen", wake: "Use it anyway", toAccounts: "Accounts",
  stale: (when: string) => `No network. This is what was known ${when}.`,
  keys: { next: "next", previous: "previous", approve: "approve and merge", back: "say what should change", discard: "discard", undo: "undo", open: "open the task", answer: "give that answer" },
};

/** What is said of a decision on its way. */
export const decisions = {
  doing: { approve: "Approved", "send-back": "Sent back", reject: "Discarded", answer: "Answered", retry: "Tried again", stop: "Stopped" } satisfies Record<Verb, string>,
  held: "It is sent in a moment.",
  waits: "It waits for the network, and is sent once when that is back.",
  sent: "It is on its way.",
  refused: (why: string) => `This was not done: ${why}.`,
  undo: "Undo", takeBack: "Take back", fine: "Understood",
};
