import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { post } from "../../api/client";
import type { Question, Task } from "../../api/types";
import { Button, Card, Dim, Problem } from "../../components/ui/parts";
import { ago, plain } from "../../lib/words";

/** What the agent asks, with its choices as buttons and room for any other answer. */
export function Questions({ task, bare = false }: { task: Task; bare?: boolean }) {
  const questions = task.questions ?? [];
  if (questions.length === 0) return null;
  return (
    <section aria-label="Questions" className="space-y-3">
      {questions.map((question) => <Asked key={question.id} task={task.id} question={question} bare={bare} />)}
    </section>
  );
}

function Asked({ task, question, bare }: { task: string; question: Question; bare: boolean }) {
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const [falseAlarm, setFalseAlarm] = useState(false);
  const answer = useMutation({
    mutationFn: (words: string) => post<Task>(`/api/tasks/${task}/answer`, { question: question.id, text: words, ...(falseAlarm ? { false_alarm: true } : {}) }),
    onSuccess: () => queries.invalidateQueries(),
  });
  if (question.answer !== undefined) {
    return <Card className="p-4 text-sm"><p className="whitespace-pre-wrap">{plain(question.text)}</p><p className="mt-1"><Dim>Answered: {plain(question.answer)}</Dim></p></Card>;
  }
  return (
    <Box bare={bare}>
      <p className="max-w-prose font-medium whitespace-pre-wrap break-words">{plain(question.text)}</p>
      {question.evidence?.length ? <ul className="list-disc pl-5">{question.evidence.map((seen, n) => <li key={n} className="whitespace-pre-wrap break-words">{plain(seen)}</li>)}</ul> : null}
      {question.default ? <p><Dim>Without an answer {question.until ? ago(question.until) : "in time"}: {plain(question.default)}.</Dim></p> : null}
      {/* By number: a choice may itself read like the number of another. */}
      {question.choices.length > 0 ? (
        <div className="flex flex-wrap gap-2">
          {question.choices.map((choice, place) => <Button key={place} look={place === 0 ? "main" : "plain"} disabled={answer.isPending} onClick={() => answer.mutate(String(place + 1))}>{plain(choice)}</Button>)}
        </div>
      ) : null}
      <form className="flex flex-wrap gap-2" onSubmit={(event) => { event.preventDefault(); if (text.trim()) answer.mutate(text); }}>
        <input aria-label="Your answer" value={text} maxLength={4000} onChange={(event) => setText(event.target.value)} placeholder={question.choices.length > 0 ? "Or say it in your own words" : "Your answer"}
          className="min-h-10 min-w-0 flex-1 rounded-lg bg-stone-50 px-3 ring-1 ring-stone-300 dark:bg-stone-950 dark:ring-stone-700" />
        <Button type="submit" disabled={answer.isPending || !text.trim()}>Answer</Button>
      </form>
      {question.rules?.length && !question.rules.includes("step") ? <label className="flex items-center gap-2"><input type="checkbox" checked={falseAlarm} onChange={(event) => setFalseAlarm(event.target.checked)} /> A false alarm: the rule learns from it in this project</label> : null}
      {answer.isError ? <Problem error={answer.error} /> : null}
    </Box>
  );
}

/** A card, but where it is in one already. */
function Box({ bare, children }: { bare: boolean; children: ReactNode }) {
  return bare ? <div className="space-y-3 text-sm">{children}</div> : <Card className="space-y-3 p-4 text-sm">{children}</Card>;
}
