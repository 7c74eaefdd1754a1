// The shell of the dashboard, kept so that it opens on a bad network or none. The API is never kept here: what the page
// shows of it without a network it says itself, with the time of it.

// Filled in by compress.mjs: the files of this build, and a name that changes with them.
const BUILD = "development";
const FILES = [];

const SHELL = `shell-${BUILD}`;
/** A page is waited for so long before the kept one is shown. */
const PATIENCE = 2_500;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(["/", ...FILES])));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("shell-") && name !== SHELL) await caches.delete(name);
    await self.clients.claim();
  })());
});

// The new version takes over when a person says so, and not in the middle of something.
self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
});

const isOurs = (url) => url.origin === location.origin && !/^\/(api|ws|answer)(\/|$)/.test(url.pathname);

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !isOurs(new URL(request.url))) return;
  event.respondWith(request.mode === "navigate" ? page(request) : file(request));
});

/** The page from the network; the kept one when that is slow or gone. */
async function page(request) {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    return (await caches.match("/", { cacheName: SHELL })) ?? Response.error();
  }
}

/** Files of a build never change under their name. */
async function file(request) {
  return (await caches.match(request, { cacheName: SHELL, ignoreSearch: true })) ?? fetch(request);
}

// A notification is JSON: {title, body, url, tag, actions: [{action, title, url}]}; all but the title may be missing.
self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data?.json() ?? {};
  } catch {
    said = { title: "Sidekick", body: event.data?.text() };
  }
  const { title = "Sidekick", body, url = "/", tag, actions = [] } = said;
  event.waitUntil(self.registration.showNotification(String(title), {
    body, tag, renotify: Boolean(tag), icon: "/icon-192.png", badge: "/icon-192.png",
    actions: actions.slice(0, 2).map(({ action, title: label }) => ({ action, title: label })),
    data: { url, actions },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url, actions = [] } = event.notification.data ?? {};
  const wanted = new URL(actions.find((one) => one.action === event.action)?.url ?? url ?? "/", location.origin);
  // Only to pages of ours, whatever was sent.
  const target = wanted.origin === location.origin ? wanted.href : location.origin;
  event.waitUntil((async () => {
    const [open] = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    if (!open) return self.clients.openWindow(target);
    await open.focus();
    return open.navigate(target);
  })());
});
