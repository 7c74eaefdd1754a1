// Colours code off the main thread: text in, for each line its tokens out. No HTML is made of it anywhere.

import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import kotlin from "highlight.js/lib/languages/kotlin";
import lua from "highlight.js/lib/languages/lua";
import makefile from "highlight.js/lib/languages/makefile";
import markdown from "highlight.js/lib/languages/markdown";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import scala from "highlight.js/lib/languages/scala";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";
import { createLowlight } from "lowlight";
import type { Token } from "./words";

const lowlight = createLowlight({
  bash, c, cpp, csharp, css, dockerfile, go, ini, java, javascript, json, kotlin, lua, makefile, markdown, php, python, ruby, rust, scala, sql, swift, typescript, xml, yaml,
});

export interface Asked { id: number; language: string; text: string }
export interface Told { id: number; lines: Token[][] }

interface Node { type: string; value?: string; children?: Node[]; properties?: { className?: string[] } }

/** The leaves of the tree as tokens, cut at the ends of lines. */
function flat(nodes: Node[], tone: string | undefined, lines: Token[][]) {
  for (const node of nodes) {
    if (node.type === "text") {
      const parts = (node.value ?? "").split("\n");
      parts.forEach((part, n) => {
        if (n > 0) lines.push([]);
        if (part) lines.at(-1)!.push(tone ? [part.length, tone] : [part.length]);
      });
    } else flat(node.children ?? [], node.properties?.className?.[0] ?? tone, lines);
  }
}

self.onmessage = (message: MessageEvent<Asked>) => {
  const { id, language, text } = message.data;
  const lines: Token[][] = [[]];
  try {
    if (lowlight.registered(language)) flat(lowlight.highlight(language, text).children as Node[], undefined, lines);
  } catch {
    lines.length = 0;
  }
  self.postMessage({ id, lines } satisfies Told);
};
