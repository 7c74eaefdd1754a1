//! End to end: the built binary against real agents, real git, a real sandbox.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests fail loudly, and start real processes"
)]

mod access;
mod accounts;
mod agent_run;
mod aider;
mod asking;
mod changes;
mod chaos;
mod chat;
mod claude;
mod collide;
mod coverage;
mod dashboard;
mod faults;
mod fleet;
mod gateway;
mod hindsight;
mod hostile;
mod input;
mod job;
mod judging;
mod merge;
mod pages;
mod planner;
mod prompts;
mod pty;
mod routing;
mod sessions;
mod settings;
mod sidekick;
mod steps;
mod stuck;
mod takeover;
mod talk;
mod tmux;
mod tools;
mod top;
mod voice;
