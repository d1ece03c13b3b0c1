// Keeps the app for use without a network. Only files of this app are kept, and nothing that a
// person has opened or written.
const CACHE = "fleetcast-" + "VERSION";
const FILES = ["FILES"];

self.addEventListener("install", (event) => {
  const fresh = (file) => new Request(file, { cache: "no-cache" });
  const keep = async () => {
    const cache = await caches.open(CACHE);
    await cache.addAll(["./", ...FILES].map(fresh));
    await self.skipWaiting();
  };
  event.waitUntil(keep());
});

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    const names = await caches.keys();
    const old = names.filter((name) => name.startsWith("fleetcast-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) {
    return;
  }
  const answer = async () => {
    const cache = await caches.open(CACHE);
    const kept = await cache.match(event.request, { ignoreSearch: true });
    if (kept) {
      return kept;
    }
    const response = await fetch(event.request);
    // Traces of built-in scenarios are kept once they have been used.
    if (response.ok && url.pathname.includes("/scenarios/")) {
      await cache.put(event.request, response.clone());
    }
    return response;
  };
  event.respondWith(answer());
});
