// What is being written, and what was sent and not yet taken: kept in the browser, so that no reload and no bad network loses
// it or says it twice. A message keeps its key until the daemon has it.

export interface Unsent { text: string; key: string; spoken: boolean }

const name = (kind: string, conversation: string | undefined) => `chat:${kind}:${conversation ?? "new"}`;

function keep(key: string, value: string | undefined) {
  try {
    if (value) localStorage.setItem(key, value);
    else localStorage.removeItem(key);
  } catch {
    // Full or forbidden: it lives as long as the page.
  }
}

export function draftOf(conversation: string | undefined): string {
  return localStorage.getItem(name("draft", conversation)) ?? "";
}

export function keepDraft(conversation: string | undefined, text: string): void {
  keep(name("draft", conversation), text);
}

export function unsentOf(conversation: string | undefined): Unsent | undefined {
  try {
    const found = JSON.parse(localStorage.getItem(name("unsent", conversation)) ?? "null") as Unsent | null;
    return found && typeof found.text === "string" && typeof found.key === "string" ? found : undefined;
  } catch {
    return undefined;
  }
}

export function keepUnsent(conversation: string | undefined, unsent: Unsent | undefined): void {
  keep(name("unsent", conversation), unsent ? JSON.stringify(unsent) : undefined);
}
