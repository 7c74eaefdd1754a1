//! What tests need and nothing else may use: servers, repositories, guards.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "test support: it spawns, reads the environment and fails loudly"
)]

pub mod model;
pub mod pg;
pub mod push;
pub mod repo;
pub mod speech;
pub mod tls;
