// The API's shapes, as the daemon's OpenAPI document (`sidekick openapi`) describes them.

export type State = "queued" | "running" | "waiting" | "review" | "completed" | "failed" | "cancelled";
export interface Waiting { for: string; until?: string; reason: string }
export interface Stat { files: number; insertions: number; deletions: number }
export interface Tokens { input: number; output: number; cached: number }
export interface Check { name: string; command: string; status: "passed" | "failed" | "error"; duration_ms: number; output: string }
export interface Question { id: string; text: string; choices: string[]; answer?: string; rules?: string[]; evidence?: string[]; default?: string; until?: string }
export interface Finding { name: string; severity: "note" | "warning" | "serious"; text: string; file?: string; line?: number }
export interface Opinion { agent: string; model?: string; score?: number; objects: boolean; remarks: Finding[]; without?: string }
export interface Verdict {
  decision: "review" | "approve" | "retry" | "escalate" | "split" | "ask"; reason: string; confidence: number; confidence_words: string;
  factors: { text: string; weight: number }[]; findings: Finding[]; opinion?: Opinion; tier: string; approved_by?: string; retries: number;
}
export interface Step { name: string; does: "plan" | "work"; state: "done" | "now" | "later"; agent?: string; reviewer?: string; words?: string }
export interface Place { position: number; of: number; branch?: string }
export interface Collision { task: string; title: string; kind: "soft" | "hot"; files: string[] }
export interface Window { name: string; label: string; status: string; used?: number; resets_at?: string; seen_at: string; stale: boolean }
export interface Used { runs: number; tokens: Tokens; cost_usd: number }
export interface Account {
  name: string; agent: string; state: "ready" | "resting" | "off" | "busy" | "logged_out"; reason?: string; until?: string; billing?: string;
  running: number; reserve: number; windows: Window[]; last_five_hours: Used; last_seven_days: Used;
}
export interface Planned {
  id: string; short: string; title: string; project: string; state: string; priority: number; agent: string; account?: string;
  start_at?: string; end_at?: string; surely_at?: string; deadline?: string; verdict: "none" | "makes" | "tight" | "late" | "unknown"; save?: string; reason: string;
}
export interface Plan { made_at: string; summary: string; tasks: Planned[]; left_out: number }
export interface Task {
  id: string; short: string; project: string; repo: string; text: string; title: string; state: State;
  waiting: Waiting | null; priority: number; agent: string; model?: string; isolation: "sandbox" | "none";
  branch: string; base?: string; base_commit?: string; commit?: string; attempt: number; run?: string; stage?: string;
  stopping: boolean; session?: string; summary?: string; reason?: string; diff: Stat | null; checks: Check[];
  warnings: string[]; questions?: Question[]; verdict?: Verdict; parent?: string;
  steps?: Step[]; race?: string; queue?: Place; collisions?: Collision[]; receipt?: string; deadline?: string; after?: string[]; cost_usd: number; tokens: Tokens; billing?: string; created_at: string; updated_at: string;
  started_at?: string; ended_at?: string;
}
export interface Run {
  id: string; attempt: number; agent: string; model?: string; isolation: string; state: string; outcome?: string;
  reason?: string; session?: string; feedback?: string; commit?: string; cost_usd: number; tokens: Tokens;
  started_at: string; ended_at?: string;
}
export interface LogEvent {
  seq: number; task: string; run?: string; attempt?: number; type: string; actor: string; at: string;
  data: Record<string, unknown>;
}
export interface FileDiff { path: string; old_path?: string; status: string; insertions: number; deletions: number; binary: boolean; patch: string }
export interface Diff { base: string; commit: string; files: FileDiff[]; truncated: boolean }
export interface Checkpoint { name: string; commit: string; attempt?: number; at: string }
export interface Agent { name: string; state: string; version?: string; billing?: string; detail: string }
export interface Status {
  version: string; started_at: string;
  sandbox: { kind: string; ok: boolean; summary: string; details: { name: string; ok: boolean; text: string }[] };
  agents: Agent[]; counts: Record<string, number>; concurrency: { running: number; limit: number };
}
export interface Page<T> { items: T[]; next_cursor?: string }
export interface EventPage { items: LogEvent[]; last_seq: number }
