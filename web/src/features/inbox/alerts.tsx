import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { answer, api } from "../../api/client";
import type { Account, RunningOut } from "../../api/types";
import { Button } from "../../components/ui/parts";
import { toast } from "../../components/ui/toast";
import { ago, plain } from "../../lib/words";
import { inbox as words } from "../../words/inbox";

const HELD = ["resting", "off", "logged_out"];

/** Accounts on which nothing starts though somebody set them up, with what gets them going; budgets and windows that run out. */
export function Alerts() {
  const accounts = useQuery({ queryKey: ["credits"], queryFn: () => answer(api.GET("/api/credits")), refetchInterval: 60_000 });
  const held = (accounts.data?.items ?? []).filter((account) => HELD.includes(account.state) && (account.state !== "logged_out" || account.last_seven_days.runs > 0));
  const known = useQuery({ queryKey: ["alerts"], queryFn: () => answer(api.GET("/api/alerts")), refetchInterval: 60_000 });
  // An account on which nothing starts says so already.
  const running = (known.data?.items ?? []).filter((alert) => !held.some((account) => account.name === alert.of));
  if (held.length === 0 && running.length === 0) return null;
  return (
    <ul className="space-y-2">
      {held.map((account) => <Held key={account.name} account={account} />)}
      {running.map((alert) => <Running key={alert.id} alert={alert} />)}
    </ul>
  );
}

/** A budget or an account that is running out; dismissed, this occurrence is not shown again. */
function Running({ alert }: { alert: RunningOut }) {
  const queries = useQueryClient();
  const dismiss = useMutation({
    mutationFn: () => answer(api.POST("/api/alerts/dismiss", { body: { id: alert.id } })),
    onError: (error) => toast(error.message, { tone: "bad" }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["alerts"] }),
  });
  return (
    <li className={`flex items-center gap-3 rounded-xl px-3 py-2 text-sm ${alert.stops ? "bg-bad-soft text-bad" : "bg-wait-soft text-wait"}`}>
      <TriangleAlert size={17} aria-hidden className="shrink-0" />
      <span className="min-w-0 flex-1">{plain(alert.text)}</span>
      <Button className="text-ink" disabled={dismiss.isPending} onClick={() => dismiss.mutate()}>{words.dismiss}</Button>
    </li>
  );
}

function Held({ account }: { account: Account }) {
  const queries = useQueryClient();
  const to = account.state === "off" ? "on" : "wake";
  const act = useMutation({
    mutationFn: () => answer(api.POST("/api/accounts/switch", { body: { to, account: account.name } })),
    onError: (error) => toast(error.message, { tone: "bad" }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["credits"] }),
  });
  return (
    <li className="flex items-center gap-3 rounded-xl bg-wait-soft px-3 py-2 text-sm text-wait">
      <TriangleAlert size={17} aria-hidden className="shrink-0" />
      <span className="min-w-0 flex-1"><strong className="font-medium">{account.name}</strong> {words.account(account.state)}{account.until ? `, ${words.until_(ago(account.until))}` : ""}{account.reason ? `: ${plain(account.reason)}` : ""}</span>
      {account.state === "logged_out" ? null : <Button className="text-ink" disabled={act.isPending} onClick={() => act.mutate()}>{account.state === "off" ? words.switchOn : words.wake}</Button>}
    </li>
  );
}
