// Who may come in: users and their roles, tokens, signed-in browsers, and what everybody did.

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { answer, api } from "../../api/client";
import { Button, Card, control, Dim, Field, Input, PageBody, Problem } from "../../components/ui/parts";
import { useMe } from "../../lib/me";
import { ago, plain } from "../../lib/words";
import { access as words } from "../../words/access";

const ROLES = ["viewer", "reviewer", "operator", "admin"];

export function AccessPage() {
  const { me, may } = useMe();
  const admin = may("administer");
  return (
    <PageBody title={words.title}>
      {me ? <p className="text-sm text-dim">{words.you(plain(me.name), me.role)}</p> : null}
      {admin ? <Users /> : null}
      <Tokens own={me?.role ?? "viewer"} />
      <Browsers />
      {admin ? <Audit /> : null}
    </PageBody>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return <section className="space-y-2"><h2 className="font-medium">{title}</h2>{children}</section>;
}

function Row({ name, about, children }: { name: ReactNode; about: ReactNode; children?: ReactNode }) {
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-3 text-sm">
      <div className="min-w-0 flex-1 basis-40"><p className="truncate font-medium">{name}</p><p className="text-dim">{about}</p></div>
      {children}
    </li>
  );
}

/** Something is done, and the list read again. */
function useAct<T>(key: string, act: (input: T) => Promise<unknown>) {
  const queries = useQueryClient();
  return useMutation({ mutationFn: act, onSettled: () => queries.invalidateQueries({ queryKey: [key] }) });
}

function RoleChoice({ label, value, most = "admin", onChoose }: { label?: string; value: string; most?: string; onChoose: (role: string) => void }) {
  return (
    <select aria-label={label} title={words.roles[value]} value={value} onChange={(event) => onChoose(event.target.value)} className={`${control} max-w-36`}>
      {ROLES.slice(0, ROLES.indexOf(most) + 1).map((role) => <option key={role}>{role}</option>)}
    </select>
  );
}

function Users() {
  const users = useQuery({ queryKey: ["users"], queryFn: () => answer(api.GET("/api/users")) });
  const change = useAct("users", ({ name, ...body }: { name: string; role?: string; disabled?: boolean }) => answer(api.PATCH("/api/users/{name}", { params: { path: { name } }, body })));
  const remove = useAct("users", (name: string) => answer(api.DELETE("/api/users/{name}", { params: { path: { name } } })));
  const items = users.data?.items ?? [];
  const error = users.error ?? change.error ?? remove.error;
  return (
    <Section title={words.users}>
      {error ? <Problem error={error} /> : null}
      <Card>
        <ul className="divide-y divide-line">
          {items.length === 0 && users.data ? <Row name={words.alone} about={null} /> : null}
          {items.map((user) => (
            <Row key={user.name} name={user.name} about={user.disabled ? words.keptOut : user.password ? words.withPassword : words.byLinks}>
              <RoleChoice label={words.roleOf(user.name)} value={user.role} onChoose={(role) => change.mutate({ name: user.name, role })} />
              <Button onClick={() => change.mutate({ name: user.name, disabled: !user.disabled })}>{user.disabled ? words.letIn : words.keepOut}</Button>
              <Button look="danger" aria-label={words.removeOf(user.name)} onClick={() => { if (confirm(words.sure(user.name))) remove.mutate(user.name); }}>{words.remove}</Button>
            </Row>
          ))}
        </ul>
      </Card>
      <NewUser />
    </Section>
  );
}

function NewUser() {
  const [name, setName] = useState("");
  const [role, setRole] = useState("viewer");
  const [password, setPassword] = useState("");
  const add = useAct("users", () => answer(api.POST("/api/users", { body: { name: name.trim(), role, password: password || null } })));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(undefined, { onSuccess: () => { setName(""); setPassword(""); } });
  };
  return (
    <Card className="p-4">
      <form onSubmit={submit} className="grid gap-3 sm:grid-cols-[1fr_9rem_1fr]">
        <Field label={words.name}><Input value={name} onChange={(event) => setName(event.target.value)} autoComplete="off" autoCapitalize="none" /></Field>
        <div className="space-y-1"><p className="text-sm font-medium" aria-hidden>{words.role}</p><RoleChoice label={words.role} value={role} onChoose={setRole} /></div>
        <Field label={words.password} hint={words.passwordHint}><Input type="password" value={password} onChange={(event) => setPassword(event.target.value)} autoComplete="new-password" /></Field>
        <div className="space-y-3 sm:col-span-3">
          {add.error ? <Problem error={add.error} /> : null}
          <p className="text-sm text-dim">{words.roles[role]}</p>
          <Button type="submit" look="main" disabled={!name.trim() || add.isPending}>{words.add}</Button>
        </div>
      </form>
    </Card>
  );
}

function Tokens({ own }: { own: string }) {
  const tokens = useQuery({ queryKey: ["tokens"], queryFn: () => answer(api.GET("/api/tokens")) });
  const [name, setName] = useState("");
  const [role, setRole] = useState("viewer");
  const make = useAct("tokens", () => answer(api.POST("/api/tokens", { body: { name: name.trim(), role } })));
  const revoke = useAct("tokens", (id: string) => answer(api.DELETE("/api/tokens/{id}", { params: { path: { id } } })));
  const secret = (make.data as { secret?: string } | undefined)?.secret;
  const error = tokens.error ?? make.error ?? revoke.error;
  const submit = (event: FormEvent) => { event.preventDefault(); make.mutate(undefined, { onSuccess: () => setName("") }); };
  return (
    <Section title={words.tokens}>
      {error ? <Problem error={error} /> : null}
      <Card>
        <ul className="divide-y divide-line">
          {tokens.data?.items.length === 0 ? <Row name={words.noTokens} about={null} /> : null}
          {tokens.data?.items.map((token) => (
            <Row key={token.id} name={plain(token.name)} about={`${plain(token.user)}, ${token.role}, ${words.used(ago(token.used_at))}`}>
              <Button look="danger" aria-label={words.revokeOf(plain(token.name))} onClick={() => revoke.mutate(token.id)}>{words.revoke}</Button>
            </Row>
          ))}
        </ul>
        <form onSubmit={submit} className="flex flex-wrap items-end gap-3 border-t border-line p-4">
          <div className="min-w-40 flex-1"><Field label={words.tokenName}><Input value={name} onChange={(event) => setName(event.target.value)} /></Field></div>
          <RoleChoice label={words.role} value={role} most={own} onChoose={setRole} />
          <Button type="submit" disabled={!name.trim() || make.isPending}>{words.make}</Button>
        </form>
      </Card>
      {secret ? <Card className="space-y-1 p-4 text-sm" ><p role="status">{words.secret}</p><code className="block break-all select-all">{secret}</code></Card> : null}
    </Section>
  );
}

function Browsers() {
  const browsers = useQuery({ queryKey: ["browsers"], queryFn: () => answer(api.GET("/api/browsers")) });
  const signOut = useAct("browsers", (id: string) => answer(api.DELETE("/api/browsers/{id}", { params: { path: { id } } })));
  const error = browsers.error ?? signOut.error;
  return (
    <Section title={words.browsers}>
      {error ? <Problem error={error} /> : null}
      <Card>
        <ul className="divide-y divide-line">
          {browsers.data?.items.map((browser) => (
            <Row key={browser.id} name={plain(browser.program) || words.unknown} about={`${plain(browser.user)}, ${browser.current ? words.here : words.seen(ago(browser.seen_at))}`}>
              <Button aria-label={words.signOutOf(plain(browser.program) || words.unknown)} onClick={() => signOut.mutate(browser.id)}>{words.signOut}</Button>
            </Row>
          ))}
        </ul>
      </Card>
    </Section>
  );
}

function Audit() {
  const audit = useInfiniteQuery({
    queryKey: ["audit"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => answer(api.GET("/api/audit", { params: { query: pageParam ? { cursor: pageParam } : {} } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const entries = audit.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title={words.audit}>
      {audit.error ? <Problem error={audit.error} /> : null}
      <Card>
        <ul className="divide-y divide-line">
          {entries.map((entry) => (
            <li key={entry.number} className="flex flex-wrap gap-x-3 px-4 py-2 text-sm">
              <span className="font-medium">{plain(entry.actor)}</span>
              <span className="min-w-0 flex-1 basis-52 break-words">{plain(entry.action)} <Dim>{plain(entry.subject)}</Dim></span>
              <Dim>{entry.status}, <time dateTime={entry.at}>{ago(entry.at)}</time></Dim>
            </li>
          ))}
        </ul>
      </Card>
      {audit.hasNextPage ? <Button onClick={() => void audit.fetchNextPage()} disabled={audit.isFetchingNextPage}>{words.more}</Button> : null}
    </Section>
  );
}
