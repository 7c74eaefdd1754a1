// Being told on this device when something needs a person: on, off, a trial.

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { get, post, send } from "../../api/client";
import type { PushKey, PushTried } from "../../api/types";
import { Button, Card, Dim, Problem } from "../../components/ui/parts";
import { plain } from "../../lib/words";
import { settings as words } from "../../words/settings";
import { bytes } from "./key";

const can = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/** How long to wait for the service worker: on a page without one it never comes. */
const PATIENCE = 5_000;

async function worker(): Promise<ServiceWorkerRegistration> {
  const late = new Promise<never>((_, refuse) => setTimeout(() => refuse(new Error(words.push.noWorker)), PATIENCE));
  return Promise.race([navigator.serviceWorker.ready, late]);
}

async function subscription(): Promise<PushSubscription | null> {
  if (!can()) return null;
  const registered = await navigator.serviceWorker.getRegistration();
  return (await registered?.pushManager.getSubscription()) ?? null;
}

async function turnOn(): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") throw new Error(words.push.denied);
  const { key } = await get<PushKey>("/api/push/key");
  const { pushManager } = await worker();
  const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  const { endpoint, keys } = made.toJSON();
  await post("/api/push/subscriptions", { endpoint, keys: { p256dh: keys?.["p256dh"], auth: keys?.["auth"] } });
}

async function turnOff(): Promise<void> {
  const now = await subscription();
  if (!now) return;
  await send("DELETE", "/api/push/subscriptions", { endpoint: now.endpoint });
  await now.unsubscribe();
}

export function NotificationsSection() {
  const queries = useQueryClient();
  const state = useQuery({ queryKey: ["push-here"], queryFn: async () => ((await subscription()) ? "on" : "off") });
  const done = { onSettled: () => queries.invalidateQueries({ queryKey: ["push-here"] }) };
  const on = useMutation({ mutationFn: turnOn, ...done });
  const off = useMutation({ mutationFn: turnOff, ...done });
  const trial = useMutation({ mutationFn: () => post<PushTried>("/api/push/test") });
  const busy = on.isPending || off.isPending;
  const error = on.error ?? off.error ?? trial.error;
  return (
    <div className="space-y-3 pt-4">
      <Card className="space-y-4 p-4">
        <h2 className="font-medium">{words.push.here}</h2>
        <p className="text-sm"><Dim>{can() ? words.push.about : words.push.cannot}</Dim></p>
        {can() ? (
          <div className="flex flex-wrap items-center gap-2">
            {state.data === "on"
              ? <><Button disabled={busy} onClick={() => off.mutate()}>{words.push.off}</Button><Button look="main" disabled={trial.isPending} onClick={() => trial.mutate()}>{words.push.trial}</Button></>
              : <Button look="main" disabled={busy} onClick={() => on.mutate()}>{words.push.on}</Button>}
          </div>
        ) : null}
        <p role="status" className="text-sm">{trial.data ? words.push.tried(trial.data.told, trial.data.failed.map(plain)) : ""}</p>
        {error ? <Problem error={error} /> : null}
      </Card>
    </div>
  );
}
