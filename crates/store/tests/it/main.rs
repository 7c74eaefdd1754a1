//! One suite over both engines: every case runs on SQLite and on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests fail loudly, and start real processes"
)]

mod access;
mod accounts;
mod board;
mod conversations;
mod harness;
mod hindsights;
mod life;
mod links;
mod log;
mod memory;
mod merging;
mod planning;
mod queue;
mod remarks;
mod sessions;
mod steps;
mod survives;
mod verdicts;
