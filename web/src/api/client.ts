// Requests to the daemon. A problem it answers becomes an error with its own words.

export class Problem extends Error {
  constructor(readonly status: number, message: string, readonly hint?: string) {
    super(message);
  }
}

async function answer<T>(response: Response): Promise<T> {
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  const body: { detail?: string; hint?: string } = await response.json().catch(() => ({}));
  throw new Problem(response.status, body.detail ?? `The daemon answered ${response.status}.`, body.hint);
}

export function get<T>(path: string): Promise<T> {
  return fetch(path).then((response) => answer<T>(response));
}

export function post<T>(path: string, body: unknown = {}, key?: string): Promise<T> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (key) headers["idempotency-key"] = key;
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body) }).then((response) => answer<T>(response));
}
