//! Jobs for real: the built shim, real bubblewrap, real processes.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests fail loudly, and start real processes"
)]

mod harness;
mod limits;
mod shim;
mod terminal;
mod walls;
