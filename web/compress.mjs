// After the build: tells the service worker which files there are, and writes a .gz beside each text file of dist, so that
// the binary serves it as it is.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

function* walk(dir) {
  for (const name of readdirSync(dir).sort()) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* walk(path);
    else yield path;
  }
}

const files = [...walk("dist")].filter((path) => !/\.(gz|map)$|sw\.js$|\.stamp$/.test(path));
const hash = createHash("sha256");
for (const path of files) hash.update(path).update(readFileSync(path));
const kept = files.map((path) => `/${path.slice("dist/".length)}`).filter((path) => path !== "/index.html" && !/^\/icon-(512|maskable)/.test(path));
const worker = readFileSync("dist/sw.js", "utf8")
  .replace('const BUILD = "development";', `const BUILD = "${hash.digest("hex").slice(0, 12)}";`)
  .replace("const FILES = [];", `const FILES = ${JSON.stringify(kept)};`);
writeFileSync("dist/sw.js", worker);

for (const path of walk("dist")) {
  if (/\.(js|css|html|svg|webmanifest)$/.test(path)) writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
}
