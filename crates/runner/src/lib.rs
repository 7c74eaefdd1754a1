//! Where a process runs: the shim that supervises it, the sandbox around it, the proxy in front of it,
//! the spool of what it said. The only crate, with `workspace` for git, that spawns.
//!
//! A *job* is one supervised process tree with a directory of its own; a run of a task is several jobs
//! in a row (setup, agent, collect, checks). The daemon writes `spec.json` into the directory, starts
//! `sidekick shim DIR` and forgets it: the shim outlives the daemon. What must stay true:
//!
//! - The shim holds a lock on the directory for its whole life, so who lives is never guessed.
//! - `exit.json` is written last, after everything the job said is on disk.
//! - If the sandbox cannot be set up exactly as asked, nothing is started.
//! - When `exit.json` is there, no process of the job is.
//!
//! Not here: what agents say (crate `agents`), git (crate `workspace`), decisions.

mod cgroup;
mod disk;
pub mod job;
mod proxy;
pub mod sandbox;
mod seccomp;
pub mod shim;
pub mod spec;
pub mod spool;
mod sys;
mod tree;
mod typing;

pub use job::{Error, Follower, Found, Piece};
pub use spec::{Exit, Forward, Isolation, JobSpec, Limits, Mount, Network, Reason, Sandbox, Stdout};
pub use typing::Typing;
