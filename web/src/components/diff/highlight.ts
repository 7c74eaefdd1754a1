// The colours of code, asked of a worker that is started when the first file is shown. Without an answer text stays plain.

import type { Asked, Told } from "./highlight.worker";
import type { Token } from "./words";

/** Larger texts stay plain: colours are not worth the wait. */
const MOST_CHARS = 1_000_000;

const OF_ENDING: Record<string, string> = {
  rs: "rust", ts: "typescript", tsx: "typescript", mts: "typescript", cts: "typescript", js: "javascript", jsx: "javascript", mjs: "javascript", cjs: "javascript",
  py: "python", pyi: "python", go: "go", java: "java", kt: "kotlin", kts: "kotlin", scala: "scala", swift: "swift", rb: "ruby", php: "php", lua: "lua",
  c: "c", h: "c", cc: "cpp", cpp: "cpp", cxx: "cpp", hpp: "cpp", hh: "cpp", cs: "csharp", sh: "bash", bash: "bash", zsh: "bash", css: "css", scss: "css",
  html: "xml", htm: "xml", xml: "xml", svg: "xml", vue: "xml", json: "json", json5: "json", yaml: "yaml", yml: "yaml", toml: "ini", ini: "ini", cfg: "ini", conf: "ini",
  md: "markdown", markdown: "markdown", sql: "sql", mk: "makefile",
};
const OF_NAME: Record<string, string> = { dockerfile: "dockerfile", containerfile: "dockerfile", makefile: "makefile", "cargo.lock": "ini", gemfile: "ruby", rakefile: "ruby" };

/** The language of a file, by its name. */
export function languageOf(path: string): string | undefined {
  const name = path.split("/").at(-1)!.toLowerCase();
  return OF_NAME[name] ?? OF_ENDING[name.split(".").at(-1)!];
}

let worker: Worker | undefined;
let next = 1;
const waiting = new Map<number, (lines: Token[][]) => void>();

function started(): Worker | undefined {
  if (worker || typeof Worker === "undefined") return worker;
  worker = new Worker(new URL("./highlight.worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = (message: MessageEvent<Told>) => {
    waiting.get(message.data.id)?.(message.data.lines);
    waiting.delete(message.data.id);
  };
  worker.onerror = () => {
    for (const done of waiting.values()) done([]);
    waiting.clear();
  };
  return worker;
}

/** The tokens of each line; none where the language is not known. */
export function highlight(language: string | undefined, text: string): Promise<Token[][]> {
  const by = language && text.length <= MOST_CHARS ? started() : undefined;
  if (!by || !language) return Promise.resolve([]);
  const id = next++;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    by.postMessage({ id, language, text } satisfies Asked);
  });
}
