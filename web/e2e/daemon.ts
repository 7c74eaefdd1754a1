// The built binary on a data directory of its own, with a repository to work on; nothing is left behind.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "../..");

function findBinary(): string {
  const found = [process.env["SIDEKICK_BIN"], join(ROOT, "target/debug/sidekick"), join(ROOT, "target/quick/sidekick")].find((path) => path && existsSync(path));
  if (!found) throw new Error("there is no binary: build it (`cargo build -p cli`), or name it in SIDEKICK_BIN");
  return found;
}

export interface TaskJson { id: string; state: string; text: string; commit?: string; attempt: number }

export class Sidekick {
  readonly dir = mkdtempSync(join(tmpdir(), "sk-web-"));
  readonly repo = join(this.dir, "shop");
  private readonly binary = findBinary();
  private child: ChildProcess | undefined;
  private port = 0;
  private scenarios = 0;
  url = "";

  constructor(more = "") {
    mkdirSync(join(this.dir, "data"), { recursive: true });
    mkdirSync(this.repo);
    const git = (...words: string[]) => execFileSync("git", ["-c", "user.name=Test", "-c", "user.email=test@example.com", ...words], { cwd: this.repo, env: this.env() });
    git("init", "-q", "-b", "main");
    writeFileSync(join(this.repo, "README.md"), "# Shop\n\nSells what there is.\n");
    writeFileSync(join(this.repo, "prices.js"), Array.from({ length: 30 }, (_, n) => `export const price${n} = ${n * 10};\n`).join(""));
    git("add", "-A");
    git("commit", "-q", "-m", "the shop");
    writeFileSync(join(this.dir, "data/sidekick.yaml"), `projects:\n  shop:\n    repo: ${this.repo}\n    isolation: none\n    priority: 2\n    checks: {syntax: "test -f README.md"}\n${more}`);
  }

  private env(): NodeJS.ProcessEnv {
    return { HOME: this.dir, PATH: process.env["PATH"] };
  }

  /** Starts the daemon; after a stop on the same port, so that an open page finds it again. */
  async start(): Promise<void> {
    const child = spawn(this.binary, ["--data-dir", join(this.dir, "data"), "--json", "serve", "--listen", `127.0.0.1:${this.port}`], { cwd: this.repo, env: this.env(), stdio: ["ignore", "pipe", "inherit"] });
    this.child = child;
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.once("data", (bytes: Buffer) => resolve(bytes.toString()));
      child.once("exit", (code) => reject(new Error(`the daemon ended with ${code}`)));
    });
    this.url = (JSON.parse(line.split("\n")[0]!) as { address: string }).address;
    this.port = Number(new URL(this.url).port);
  }

  async stop(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  /** A command's JSON. */
  run<T>(...words: string[]): T {
    const out = execFileSync(this.binary, ["--data-dir", join(this.dir, "data"), "--json", ...words], { cwd: this.repo, env: this.env(), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return JSON.parse(out) as T;
  }

  /** The path, with a code that signs in. */
  link(path = "/"): string {
    const { link } = this.run<{ link: string }>("link");
    return `${this.url}${path}#${link.split("#")[1]!}`;
  }

  /** Delegates a rehearsed task; its id. */
  delegate(text: string, scenario: string, ...more: string[]): string {
    const path = join(this.dir, `scenario-${this.scenarios++}.yaml`);
    writeFileSync(path, scenario);
    return this.run<{ task: string }>("run", text, "--project", "shop", "--scenario", path, "--detach", ...more).task;
  }

  show(id: string): TaskJson & Record<string, unknown> {
    return this.run("show", id);
  }

  /** Waits until a task is in a state; the bound is for broken code. */
  async until(id: string, state: string): Promise<void> {
    for (const end = Date.now() + 60_000; ; await new Promise((next) => setTimeout(next, 100))) {
      const task = this.show(id);
      if ((task["status"] ?? task.state) === state || task.state === state) return;
      if (Date.now() > end) throw new Error(`not ${state}: ${JSON.stringify(task)}`);
    }
  }
}

/** Where Debian has it; nothing is downloaded. */
export const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
export const CHROMIUM_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--no-default-browser-check"];
