/** What the states of tasks and accounts are called. */
export const states: Record<string, string> = {
  queued: "queued", running: "running", waiting: "waiting", review: "review", completed: "done", failed: "failed", cancelled: "cancelled",
  landing: "landing", ready: "ready", resting: "resting", off: "off", busy: "busy", logged_out: "logged out",
  makes: "on time", tight: "tight", late: "will miss", unknown: "not known",
};
