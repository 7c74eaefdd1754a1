// Requests to the daemon, typed by its own document. A problem it answers becomes an error with its own words; a network
// that does not answer becomes `Unreachable`, after what may be repeated was repeated.

import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Mistake = components["schemas"]["MistakeView"];

/** What the daemon refused, as RFC 9457 puts it. */
export class Problem extends Error {
  constructor(readonly status: number, message: string, readonly hint?: string, readonly errors: Mistake[] = []) {
    super(message);
  }
}

/** Nothing was heard of the daemon: whether it got the request is not known. */
export class Unreachable extends Error {}

/** How long a request may take on a bad network. */
const PATIENCE = 20_000;
/** The pauses before a reading request is tried again. */
const PAUSES = [300, 1_000];

async function once(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(PATIENCE)]) });
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Unreachable("The daemon could not be reached.");
  }
}

/** Reading is tried again; acting is not: that is for whoever has an idempotency key. */
async function patient(request: Request): Promise<Response> {
  for (const pause of request.method === "GET" ? PAUSES : []) {
    try {
      return await once(request.clone());
    } catch (error) {
      if (!(error instanceof Unreachable) || !navigator.onLine) throw error;
      await new Promise((resume) => setTimeout(resume, pause * (0.5 + Math.random())));
    }
  }
  return once(request);
}

/** The typed client: `answer(api.GET("/api/tasks/{id}", { params: { path: { id } } }))`. */
export const api = createClient<paths>({ baseUrl: globalThis.location?.origin ?? "", fetch: patient });

type Answered<T> = { data?: T; error?: unknown; response: Response };

function problem(response: Response, body: unknown): Problem {
  const { detail, hint, errors } = (body ?? {}) as { detail?: string; hint?: string; errors?: Mistake[] };
  return new Problem(response.status, detail ?? `The daemon answered ${response.status}.`, hint, errors);
}

/** The answer itself, or the problem thrown. */
export async function answer<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) throw problem(response, error);
  return data as T;
}

async function whole<T>(response: Response): Promise<T> {
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  throw problem(response, await response.json().catch(() => undefined));
}

/** A path that is put together by hand; `api.GET` is checked against the document and is preferred. */
export function get<T>(path: string): Promise<T> {
  return patient(new Request(path)).then((response) => whole<T>(response));
}

export function post<T>(path: string, body: unknown = {}, key?: string): Promise<T> {
  return send<T>("POST", path, body, key);
}

export function send<T>(method: string, path: string, body: unknown, key?: string): Promise<T> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (key) headers["idempotency-key"] = key;
  return patient(new Request(path, { method, headers, body: JSON.stringify(body) })).then((response) => whole<T>(response));
}

/** As `send`, with headers of one's own. */
export function request<T>(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<T> {
  const all = { "content-type": "application/json", ...headers };
  return patient(new Request(path, { method, headers: all, body: JSON.stringify(body) })).then((response) => whole<T>(response));
}
