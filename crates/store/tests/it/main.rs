//! One suite over both engines: every case runs on SQLite and on PostgreSQL.

mod harness;
mod life;
mod log;
mod queue;
mod survives;
