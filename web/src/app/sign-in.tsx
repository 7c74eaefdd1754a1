// Access: the one-time code of the link becomes a session; without one, a page that asks for it.

import { type FormEvent, useState } from "react";
import { post } from "../api/client";
import { Button, Card, Problem } from "../components/ui/parts";

/** Uses the code in the address, if there is one, and takes it out of the address. */
export async function signIn(): Promise<void> {
  const code = /^#code=([0-9a-f]+)$/.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", location.pathname);
  // A code that was used already leaves a session behind; if not, the page asks.
  await post("/api/session", { code }).catch(() => undefined);
}

export function SignInPage() {
  const [text, setText] = useState("");
  const [error, setError] = useState<unknown>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const code = text.trim().replace(/^.*#code=/, "");
    post("/api/session", { code }).then(() => location.assign("/"), setError);
  };
  return (
    <main className="mx-auto max-w-md p-6 pt-24">
      <Card className="p-6">
        <h1 className="text-lg font-semibold">Open Sidekick</h1>
        <p className="mt-2 text-sm text-stone-600 dark:text-stone-400">
          Paste the access link. <code>sidekick serve</code> prints one at its start, <code>sidekick link</code> another.
        </p>
        <form onSubmit={submit} className="mt-4 space-y-3">
          <input aria-label="Access link" value={text} onChange={(event) => setText(event.target.value)} autoFocus
            className="w-full rounded-lg bg-stone-50 px-3 py-2 ring-1 ring-stone-300 dark:bg-stone-950 dark:ring-stone-700" />
          {error ? <Problem error={error} /> : null}
          <Button look="main" type="submit" disabled={!text.trim()}>Open</Button>
        </form>
      </Card>
    </main>
  );
}
