import { expect, test } from "vitest";
import type { LogEvent } from "../../api/types";
import { after, merged, NOTHING, spoken, stands, type Thread } from "./thread";

const event = (seq: number, type: string, data: Record<string, unknown>) => ({ seq, type, task: "c", at: "2026-11-28T13:00:00Z", data }) as unknown as LogEvent;
const told = (id: string, state: string, text: string, more: object = {}) => ({ id, speaker: "assistant", state, text, actor: "person:owner", at: "2026-11-28T13:00:00Z", ...more });
const texts = (thread: Thread) => thread.messages.map((message) => `${message.id} ${message.state} ${message.text}`);

test("an answer grows as it is said, and is replaced when it is all there", () => {
  const events = [
    event(1, "message.added", { message: told("a", "pending", "") }),
    event(2, "message.said", { message: "a", text: "It " }),
    event(3, "message.said", { message: "a", text: "waits" }),
  ];
  const said = events.reduce(after, NOTHING);
  expect(texts(said)).toEqual(["a pending It waits"]);
  // The same page of the log read again, as after a break of the line, says nothing twice.
  expect(texts(events.reduce(after, said))).toEqual(["a pending It waits"]);
  const done = after(said, event(4, "message.changed", { message: told("a", "complete", "It waits for credits.", { tasks: ["t"], thinking: "k" }) }));
  expect(done.messages[0]).toMatchObject({ state: "complete", text: "It waits for credits.", tasks: ["t"], thinking: "k", role: "assistant" });
  // A late word changes nothing.
  expect(texts(after(done, event(5, "message.said", { message: "a", text: "x" })))).toEqual(["a complete It waits for credits."]);
});

test("a reload in the middle of an answer has all of it: what was read, then the log since", () => {
  const read: Thread = { ...NOTHING, messages: after(NOTHING, event(1, "message.added", { message: told("a", "pending", "") })).messages };
  const log = [event(1, "message.added", { message: told("a", "pending", "") }), event(2, "message.said", { message: "a", text: "It " }), event(3, "message.said", { message: "a", text: "waits" })];
  expect(texts(log.reduce(after, read))).toEqual(["a pending It waits"]);
});

test("an answer that a restarted daemon begins anew is not said twice", () => {
  const events = [event(1, "message.added", { message: told("a", "pending", "") }), event(2, "message.said", { message: "a", text: "It wai" }),
    event(3, "message.changed", { message: told("a", "pending", "") }), event(4, "message.said", { message: "a", text: "It waits" })];
  expect(texts(events.reduce(after, NOTHING))).toEqual(["a pending It waits"]);
});

test("pages are put together in order, each message once", () => {
  const one = after(NOTHING, event(1, "message.added", { message: told("b", "complete", "2") })).messages;
  const two = after(NOTHING, event(1, "message.added", { message: told("a", "complete", "1") })).messages;
  expect(merged(one, [...two, ...one]).map((message) => message.id)).toEqual(["a", "b"]);
});

test("a proposal says how it stands, and when it is too old", () => {
  const of = (fate: object) => after(NOTHING, event(1, "message.added", { message: told("a", "complete", "", { proposal: { words: ["Stop x"], until: "2026-11-29T13:00:00Z", fate } }) })).messages[0]!;
  const before = Date.parse("2026-11-29T12:00:00Z");
  expect(stands(of({ is: "open" }), before)).toBe("open");
  expect(stands(of({ is: "open" }), before + 4_000_000)).toBe("expired");
  expect(stands(of({ is: "done", by: "person:owner", came: ["Stopped"] }), before + 4_000_000)).toBe("done");
  expect(of({ is: "done", by: "person:owner", came: ["Stopped"] }).proposal).toMatchObject({ by: "person:owner", came: ["Stopped"], changes: ["Stop x"] });
});

test("what the brain wants to do is not shown while it is written", () => {
  expect(spoken("I stop it.\n\n```sidekick\n[{\"do\":\"st")).toBe("I stop it.");
  expect(spoken("I stop it.\n```sidekick\n[]\n```\nSo it is.")).toBe("I stop it.\n\nSo it is.");
});

test("a deleted conversation is gone", () => {
  expect(after(NOTHING, event(1, "conversation.deleted", {}))).toMatchObject({ gone: true, messages: [] });
});
