// Access: the one-time code of the link becomes a session; without one, a page that asks for it, or for a name and a password.

import { type FormEvent, useState } from "react";
import { post } from "../api/client";
import { Button, Card, Field, Input, Problem } from "../components/ui/parts";
import { access as words } from "../words/access";

/** Uses the code in the address, if there is one, and takes it out of the address. */
export async function signIn(): Promise<void> {
  const code = /^#code=([0-9a-f]+)$/.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  // A code that was used already leaves a session behind; if not, the page asks.
  await post("/api/session", { code }).catch(() => undefined);
}

export function SignInPage() {
  const [text, setText] = useState("");
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<unknown>();
  const enter = (event: FormEvent, body: unknown) => {
    event.preventDefault();
    post("/api/session", body).then(() => location.assign("/"), setError);
  };
  return (
    <main className="mx-auto max-w-md p-4 pt-16 sm:pt-24">
      <Card className="space-y-5 p-6">
        <h1 className="text-lg font-semibold">{words.open}</h1>
        {error ? <Problem error={error} /> : null}
        <form onSubmit={(event) => enter(event, { code: text.trim().replace(/^.*#code=/, "") })} className="space-y-3">
          <Field label={words.link} hint={words.linkHint}><Input value={text} onChange={(event) => setText(event.target.value)} autoFocus autoComplete="off" /></Field>
          <Button look="main" type="submit" disabled={!text.trim()}>{words.withLink}</Button>
        </form>
        <form onSubmit={(event) => enter(event, { user: user.trim(), password })} className="space-y-3 border-t border-line pt-5">
          <p className="text-sm text-dim">{words.or}</p>
          <Field label={words.user}><Input value={user} onChange={(event) => setUser(event.target.value)} autoComplete="username" autoCapitalize="none" /></Field>
          <Field label={words.password}><Input type="password" value={password} onChange={(event) => setPassword(event.target.value)} autoComplete="current-password" /></Field>
          <Button type="submit" disabled={!user.trim() || !password}>{words.open}</Button>
        </form>
      </Card>
    </main>
  );
}
