// Short names for the shapes of the API; every one of them is generated (`make schema`) from the daemon's own document.

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Spent = Schemas["SpentView"];
export type State = "queued" | "running" | "waiting" | "review" | "completed" | "failed" | "cancelled";
export type Account = Schemas["AccountView"];
export type RunningOut = Schemas["AlertView"];
export type Agent = Schemas["AgentStatus"];
export type Changed = Schemas["SettingsChanged"];
export type Check = Schemas["CheckView"];
export type Checkpoint = Schemas["CheckpointView"];
export type Collision = Schemas["CollisionView"];
export type Costs = Schemas["CostsView"];
export type Diff = Schemas["DiffView"];
export type DiffLine = Schemas["DiffLineView"];
export type Effective = Schemas["EffectiveView"];
export interface EventPage { items: LogEvent[]; last_seq: number }
export type FileDiff = Schemas["FileDiffView"];
export type Finding = Schemas["FindingView"];
/** The payload of an event is by its kind; whoever reads it checks it. */
export type LogEvent = Omit<Schemas["EventView"], "data"> & { data: Record<string, unknown> };
export type Opinion = Schemas["OpinionView"];
export type Place = Schemas["PlaceView"];
export type Plan = Schemas["PlanView"];
export type Planned = Schemas["PlannedView"];
export type Project = Schemas["ProjectView"];
export type Alert = Schemas["AlertView"];
export type PushKey = Schemas["PushKeyView"];
export type PushTried = Schemas["PushTried"];
export type Question = Schemas["QuestionView"];
export type Run = Schemas["RunView"];
export type Settings = Schemas["SettingsView"];
export type Stat = Schemas["StatView"];
export type Status = Schemas["Status"];
export type Step = Schemas["TaskStepView"];
export type Task = Schemas["TaskView"];
export type Tokens = Schemas["TokensView"];
export type Used = Schemas["UsedView"];
export type Verdict = Schemas["VerdictView"];
export type Waiting = Schemas["WaitingView"];
export type Window = Schemas["WindowView"];
export interface Page<T> { items: T[]; next_cursor?: string | null }
