//! Supervision: what is made of a run whose agent says that it is done. In this order and no other: [`validate`]
//! (is there work at all, and is it what it claims to be), the project's checks, [`quality`] (a second model's
//! opinion), [`confidence`] from all of that, [`calibrate`]d on what people did with such work, and then [`decide`].
//!
//! Success is evidence, never an exit code and never a claim: nothing that an agent or a reviewer says lifts what
//! the rules and the checks refused. All of it is pure; `engine::run::judge` gathers the facts and asks the reviewer.

pub mod breakpoint;
pub mod calibrate;
pub mod change;
mod claims;
pub mod conclude;
pub mod confidence;
pub mod decide;
mod hygiene;
pub mod outcome;
pub mod policy;
pub mod quality;
pub mod spending;
mod testing;
pub mod trust;
pub mod validate;
pub mod verdict;

pub use change::{Change, Changed, Status};
pub use conclude::{Gathered, Past, conclude};
pub(crate) use hygiene::holds_secret;
pub use outcome::Settled;
pub use policy::{Policy, Review, Rung};
pub use spending::{Spent, Taken};
pub use trust::Tier;
pub use verdict::{Decision, Finding, Opinion, Remark, Severity, Supervised, Verdict};
