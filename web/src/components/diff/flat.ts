// All rows of all files in one list, with what people and reviewers said at its place. Pure: what is shown is decided here.

import type { Finding } from "../../api/types";
import { type Gap, hunks, type Hunk, type Line, type Row, rows, type Side } from "./patch";
import type { Remark } from "./use-remarks";

export interface ChangedFile { path: string; old_path?: string | null; status: string; insertions: number; deletions: number; binary: boolean; content: string }
/** A patch that was fetched, with what was put between its hunks. */
export interface Loaded { hunks: Hunk[]; total?: number; patch: string }
export interface Spot { path: string; side: Side; line: number; end: number }

export type Flat =
  | { type: "file"; file: ChangedFile }
  | { type: "row"; file: ChangedFile; row: Row }
  | { type: "gap"; file: ChangedFile; gap: Gap; heading: string }
  | { type: "remark"; remark: Remark; outdated: boolean }
  | { type: "finding"; finding: Finding }
  | { type: "editor"; spot: Spot }
  | { type: "message"; file: ChangedFile; what: "binary" | "tooLong" | "onlyRenamed" | "empty" | "image" }
  | { type: "pending"; file: ChangedFile };

export const spotKey = (spot: Spot) => `${spot.path}\0${spot.side}\0${spot.line}\0${spot.end}`;
export function spotOf(key: string): Spot | undefined {
  const [path, side, line, end] = key.split("\0");
  if (!path || (side !== "old" && side !== "new") || !line || !end) return undefined;
  return { path, side, line: Number(line), end: Number(end) };
}

const IMAGE = /\.(png|jpe?g|gif|webp)$/i;
export const isImage = (path: string) => IMAGE.test(path);

/** Where a remark stands in this patch; nothing when its line is gone from it. */
export function lineOf(remark: Remark, loaded: Loaded, commit: string): number | undefined {
  const side: Side = remark.side === "old" ? "old" : "new";
  const shown = loaded.hunks.flatMap((hunk) => hunk.lines).filter((line) => line[side] !== undefined);
  const quoted = remark.quote.split("\n").at(-1) ?? "";
  const at = shown.find((line) => line[side] === remark.end);
  if (at && (remark.commit === commit || side === "old" || at.text.startsWith(quoted))) return remark.end;
  if (remark.commit === commit || quoted.trim() === "") return undefined;
  // The line moved: the nearest one that reads the same.
  const same = shown.filter((line) => line.text === quoted);
  same.sort((a, b) => Math.abs(a[side]! - remark.end) - Math.abs(b[side]! - remark.end));
  return same[0]?.[side];
}

interface Given {
  files: ChangedFile[];
  loaded: ReadonlyMap<string, Loaded>;
  folded: (file: ChangedFile) => boolean;
  split: boolean;
  commit: string;
  remarks: Remark[];
  findings: Finding[];
  editing: Spot[];
}

const madeRows = new WeakMap<Hunk[], Map<string, Row[]>>();
/** Rows of the same hunks are made once. */
function rowsOf(loaded: Loaded, split: boolean, ends: boolean): Row[] {
  const name = `${split}${ends}`;
  const known = madeRows.get(loaded.hunks) ?? new Map<string, Row[]>();
  madeRows.set(loaded.hunks, known);
  const made = known.get(name) ?? rows(loaded.hunks, split, ends);
  known.set(name, made);
  return made;
}

/** Whether the hunks reach the end of the file. */
function reaches(file: ChangedFile, loaded: Loaded): boolean {
  const last = loaded.hunks.at(-1);
  if (!last || file.status === "added" || file.status === "deleted") return true;
  return loaded.total !== undefined && last.new + last.newCount > loaded.total;
}

export function flatten(given: Given): Flat[] {
  const flat: Flat[] = [];
  for (const file of given.files) {
    flat.push({ type: "file", file });
    if (given.folded(file)) continue;
    const loaded = given.loaded.get(file.path);
    const remarks = given.remarks.filter((remark) => remark.file === file.path || (remark.side === "old" && remark.file === file.old_path));
    const findings = given.findings.filter((finding) => finding.file === file.path);
    if (file.binary || !loaded || loaded.hunks.length === 0) {
      flat.push(...loose(remarks, given.commit), ...findings.map((finding): Flat => ({ type: "finding", finding })));
      flat.push(file.binary ? { type: "message", file, what: isImage(file.path) ? "image" : "binary" } : loaded ? { type: "message", file, what: empty(file, loaded) } : { type: "pending", file });
      continue;
    }
    const at = new Map<string, Flat[]>();
    const put = (side: Side, line: number, item: Flat) => {
      const key = `${side}${line}`;
      at.set(key, [...(at.get(key) ?? []), item]);
    };
    const shown = { old: new Set<number>(), new: new Set<number>() };
    for (const hunk of loaded.hunks) for (const line of hunk.lines) {
      if (line.old !== undefined) shown.old.add(line.old);
      if (line.new !== undefined) shown.new.add(line.new);
    }
    for (const finding of findings) {
      if (finding.line && shown.new.has(finding.line)) put("new", finding.line, { type: "finding", finding });
      else flat.push({ type: "finding", finding });
    }
    for (const remark of remarks) {
      const line = lineOf(remark, loaded, given.commit);
      if (line === undefined) flat.push({ type: "remark", remark, outdated: remark.commit !== given.commit });
      else put(remark.side === "old" ? "old" : "new", line, { type: "remark", remark, outdated: false });
    }
    for (const spot of given.editing) {
      if (spot.path !== file.path) continue;
      if (shown[spot.side].has(spot.end)) put(spot.side, spot.end, { type: "editor", spot });
      else flat.push({ type: "editor", spot });
    }
    for (const row of rowsOf(loaded, given.split, reaches(file, loaded))) {
      if (row.kind === "gap") {
        flat.push({ type: "gap", file, gap: row.gap, heading: row.heading });
        continue;
      }
      flat.push({ type: "row", file, row });
      if (at.size === 0) continue;
      const [left, right] = row.kind === "one" ? [row.line, row.line] : [row.left, row.right];
      if (left?.old !== undefined && left.kind !== "add") flat.push(...(at.get(`old${left.old}`) ?? []));
      if (right?.new !== undefined) flat.push(...(at.get(`new${right.new}`) ?? []));
    }
  }
  return flat;
}

function loose(remarks: Remark[], commit: string): Flat[] {
  return remarks.map((remark) => ({ type: "remark", remark, outdated: remark.commit !== commit }));
}

function empty(file: ChangedFile, loaded: Loaded): "tooLong" | "onlyRenamed" | "empty" {
  if (loaded.patch === "" && file.insertions + file.deletions > 0) return "tooLong";
  return file.status === "renamed" ? "onlyRenamed" : "empty";
}

export function load(patch: string): Loaded {
  return { hunks: hunks(patch), patch };
}

/** Removed lines and the added ones in their place, for the words that changed. */
const partners = new WeakMap<Hunk[], Map<Line, Line>>();
export function partnerOf(loaded: Loaded, line: Line): Line | undefined {
  let known = partners.get(loaded.hunks);
  if (!known) {
    known = new Map();
    for (const row of rowsOf(loaded, true, true)) {
      if (row.kind === "pair" && row.left && row.right && row.left !== row.right) known.set(row.left, row.right).set(row.right, row.left);
    }
    partners.set(loaded.hunks, known);
  }
  return known.get(line);
}

/** Files by their directories; a directory with only one in it is written as one with it. */
export interface Folder { name: string; folders: Folder[]; files: ChangedFile[] }
export function tree(files: ChangedFile[]): Folder {
  const root: Folder = { name: "", folders: [], files: [] };
  for (const file of files) {
    let at = root;
    for (const part of file.path.split("/").slice(0, -1)) {
      let next = at.folders.find((folder) => folder.name === part);
      if (!next) at.folders.push((next = { name: part, folders: [], files: [] }));
      at = next;
    }
    at.files.push(file);
  }
  const tidy = (folder: Folder): Folder => {
    const only = folder.folders[0];
    if (folder.name && only && folder.folders.length === 1 && folder.files.length === 0) return tidy({ ...only, name: `${folder.name}/${only.name}` });
    return { ...folder, folders: folder.folders.map(tidy) };
  };
  return tidy(root);
}
