import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, post } from "../../api/client";
import type { Account, Page, Window } from "../../api/types";
import { Badge, Button, Card, Dim, Problem } from "../../components/ui/parts";
import { ago, plain } from "../../lib/words";

/** What is left of each account, and when it renews. */
export function AccountsPage() {
  const accounts = useQuery({ queryKey: ["credits"], queryFn: () => get<Page<Account>>("/api/credits"), refetchInterval: 30_000 });
  return (
    <main className="mx-auto max-w-3xl space-y-4 p-4">
      <h1 className="text-xl font-semibold">Accounts</h1>
      {accounts.isError ? <Problem error={accounts.error} /> : null}
      {accounts.data?.items.length === 0 ? <Card className="p-8 text-center text-sm"><Dim>No account yet: install an agent and log in, or give it a key.</Dim></Card> : null}
      {(accounts.data?.items ?? []).map((account) => <One key={account.name} account={account} />)}
    </main>
  );
}

function One({ account }: { account: Account }) {
  const queries = useQueryClient();
  const to = account.state === "off" ? "on" : "off";
  const act = useMutation({
    mutationFn: () => post("/api/accounts/switch", { to, account: account.name }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["credits"] }),
  });
  const { tokens, runs, cost_usd } = account.last_seven_days;
  return (
    <Card className="space-y-3 p-4 text-sm">
      <div className="flex items-center gap-3">
        <h2 className="min-w-0 flex-1 truncate font-medium">{account.name}</h2>
        <Badge state={account.state === "ready" ? "completed" : account.state} label={account.state.replace("_", " ")} />
        {account.state === "logged_out" ? null : <Button disabled={act.isPending} onClick={() => act.mutate()}>Switch {to}</Button>}
      </div>
      {account.reason ? <p><Dim>{plain(account.reason)}{account.until ? ` (${ago(account.until)})` : ""}</Dim></p> : null}
      {account.windows.map((window) => <Bar key={window.name} window={window} reserve={account.reserve} />)}
      {runs > 0 || account.running > 0 ? <p><Dim>{account.running} running. In seven days {runs === 1 ? "1 run" : `${runs} runs`}, {(tokens.input + tokens.output).toLocaleString("en")} tokens, ${cost_usd.toFixed(2)}.</Dim></p> : null}
      {act.isError ? <Problem error={act.error} /> : null}
    </Card>
  );
}

function Bar({ window, reserve }: { window: Window; reserve: number }) {
  const used = window.used == null ? undefined : Math.round(window.used * 100);
  const tone = used === undefined || used < 100 - reserve ? "bg-teal-600 dark:bg-teal-500" : "bg-amber-500";
  return (
    <div>
      <div className="flex justify-between gap-3"><span>{window.label}</span><Dim>{used === undefined ? window.status : `${used}% used`}{window.resets_at ? `, renews ${ago(window.resets_at)}` : ""}{window.stale ? ", as last seen" : ""}</Dim></div>
      <div className="relative mt-1 h-2 overflow-hidden rounded-full bg-stone-200 dark:bg-stone-700" role="meter" aria-label={window.label} aria-valuenow={used ?? 0} aria-valuemin={0} aria-valuemax={100}>
        <div className={`h-full ${tone}`} style={{ width: `${used ?? 0}%` }} />
        {reserve > 0 ? <div className="absolute inset-y-0 w-0.5 bg-stone-500" style={{ left: `${100 - reserve}%` }} title={`${reserve}% are kept for you`} /> : null}
      </div>
    </div>
  );
}
