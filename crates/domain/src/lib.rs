//! What is true and what we decide: the types of the product's words and pure functions over them.
//!
//! Here: ids, times, projects, tasks, runs, events, and the decisions about them. Not here: I/O, async,
//! the clock, SQL, HTTP. Every function that needs the time takes `now`.
//!
//! Start reading at [`work`]: the one transition function of a task and its latest run. [`event`] is the
//! vocabulary of the log, one of the two serialised formats of the project (the other is crate `api`).

pub mod access;
pub mod account;
pub mod alike;
pub mod check;
pub mod classify;
pub mod collision;
pub mod coverage;
pub mod delegation;
pub mod dependency;
pub mod diff;
pub mod estimate;
pub mod event;
pub mod hindsight;
pub mod ids;
pub mod inbox;
pub mod landing;
pub mod memory;
pub mod mention;
pub mod nature;
pub mod pipeline;
pub mod placement;
pub mod plan;
pub mod price;
pub mod project;
pub mod question;
pub mod race;
pub mod record;
pub mod remark;
pub mod retry;
pub mod route;
pub mod run;
pub mod schedule;
pub mod shorten;
pub mod stuck;
pub mod supervise;
pub mod task;
pub mod time;
pub mod tokens;
pub mod usage;
pub mod when;
pub mod work;

pub use access::{Actor, Permission, Role};
pub use account::Account;
pub use check::{CheckResult, CheckStatus};
pub use diff::DiffStat;
pub use event::{Event, Record};
pub use hindsight::Hindsight;
pub use ids::{RunId, TaskId};
pub use nature::{Classified, Complexity, Judge, Kind, Nature, Said};
pub use project::Project;
pub use question::Question;
pub use run::{Isolation, Outcome, Run, RunState, Stage};
pub use task::{ChosenBy, NewTask, Task, TaskState, WaitFor, Waiting};
pub use time::Timestamp;
pub use usage::Usage;
pub use work::{Command, Refusal, Work};
