//! Workspaces on real repositories.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests fail loudly, and start real processes"
)]

mod bench;
mod hostile;
mod land;
mod life;
mod upkeep;
