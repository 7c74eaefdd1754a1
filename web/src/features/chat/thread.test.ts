import { expect, test } from "vitest";
import type { Message } from "./shapes";
import { merged, reader, spoken, stands } from "./thread";

const message = (id: string, state: string, text: string, more: Partial<Message> = {}): Message => ({ id, role: "assistant", state, text, tasks: [], actor: "person:owner", at: "2026-11-28T13:00:00Z", ...more });
const texts = (messages: Message[]) => messages.map((one) => `${one.id} ${one.state} ${one.text}`);
const proposed = (state: string) => message("a", "complete", "", { proposal: { changes: ["Stop x"], until: "2026-11-29T13:00:00Z", state, came: [] } });

test("pages are put together in order, each message once", () => {
  expect(texts(merged([message("b", "complete", "2")], [message("a", "complete", "1"), message("b", "complete", "2")]))).toEqual(["a complete 1", "b complete 2"]);
});

test("what is said stands before its answer, though both are of one instant and ids have no order in it", () => {
  expect(texts(merged([message("a", "pending", "answer")], [message("b", "complete", "question", { role: "user" })]))).toEqual(["b complete question", "a pending answer"]);
});

test("an answer grows, and what arrives late takes nothing back", () => {
  const grown = merged([message("a", "pending", "It ")], [message("a", "pending", "It waits")]);
  expect(texts(grown)).toEqual(["a pending It waits"]);
  expect(texts(merged(grown, [message("a", "pending", "It ")]))).toEqual(["a pending It waits"]);
  const done = merged(grown, [message("a", "complete", "It waits for credits.")]);
  expect(texts(merged(done, [message("a", "pending", "It waits")]))).toEqual(["a complete It waits for credits."]);
});

test("an answer that a restarted daemon begins anew is begun anew", () => {
  expect(texts(merged([message("a", "pending", "It wai")], [message("a", "pending", "")]))).toEqual(["a pending "]);
});

test("a proposal that was decided stays decided", () => {
  const done = merged([proposed("open")], [proposed("done")]);
  expect(merged(done, [proposed("open")])[0]?.proposal?.state).toBe("done");
  const before = Date.parse("2026-11-29T12:00:00Z");
  expect(stands(proposed("open"), before)).toBe("open");
  expect(stands(proposed("open"), before + 4_000_000)).toBe("expired");
  expect(stands(proposed("done"), before + 4_000_000)).toBe("done");
});

test("however fast it is told of a message, it reads it one at a time, and once more at the end", async () => {
  let now = 0;
  let most = 0;
  let times = 0;
  const tell = reader(async () => {
    now += 1;
    times += 1;
    most = Math.max(most, now);
    await new Promise((resume) => setTimeout(resume, 5));
    now -= 1;
  });
  for (let n = 0; n < 50; n += 1) tell("a");
  await new Promise((resume) => setTimeout(resume, 60));
  expect([most, times]).toEqual([1, 2]);
  tell("a");
  await new Promise((resume) => setTimeout(resume, 30));
  expect(times).toBe(3);
});

test("what the brain wants to do is not shown while it is written", () => {
  expect(spoken("I stop it.\n\n```sidekick\n[{\"do\":\"st")).toBe("I stop it.");
  expect(spoken("I stop it.\n```sidekick\n[]\n```\nSo it is.")).toBe("I stop it.\n\nSo it is.");
});
