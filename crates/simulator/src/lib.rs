//! What a week would be like: the planner, the router, the accounts and supervision of the daemon, on a clock that jumps,
//! with agents that are drawn and not run.
//!
//! Here: what is drawn, and what is counted. Not here: a single rule of who goes first, who does it, or what becomes of
//! it; those are `domain`'s, called as the engine calls them, and each task is a `domain::Work`. [`week`] is the file,
//! `draw` what chance decides, `world` the loop, [`report`] what came out.

mod draw;
pub mod report;
pub mod week;
mod window;
mod world;

pub use report::Report;
pub use week::Week;
pub use world::{Holds, simulate};
