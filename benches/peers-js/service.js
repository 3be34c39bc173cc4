// What both services do: answer `/gate/NAME?userID=ID` from the KV Store `statsig`, in the form of the Rust services.

import { KVStore } from "fastly:kv-store";

const BACKEND = "statsig-events";

/** Text of the specs, read as a service reads them: from its own store, not through the management API. */
export async function specs() {
  const entry = await new KVStore("statsig").get("statsig-specs");
  return entry.text();
}

/** `fetch` through the backend that the manifest names. */
export function send(url, request) {
  return fetch(url, { ...request, backend: BACKEND });
}

/**
 * Serves requests. `ask(gate, user, log)` gives `{ value, ruleID, done }`; `done` is what goes on after the answer.
 * `/nothing` answers without reading anything; `/read` reads the specs and leaves them as they are.
 */
export function serve(ask) {
  async function answer(event) {
    const url = new URL(event.request.url);
    const [, kind, name] = url.pathname.split("/");
    if (kind === "nothing") {
      return new Response("{}");
    }
    if (kind === "read") {
      return new Response(JSON.stringify({ length: (await specs()).length }));
    }
    const log = url.searchParams.get("events") !== "off";
    const user = { userID: url.searchParams.get("userID") ?? "" };
    const { value, ruleID, done } = await ask(name, user, log);
    if (done !== undefined) {
      event.waitUntil(done());
    }
    return new Response(JSON.stringify({ value, ruleID }), {
      headers: { "content-type": "application/json" },
    });
  }
  addEventListener("fetch", (event) => event.respondWith(answer(event)));
}
