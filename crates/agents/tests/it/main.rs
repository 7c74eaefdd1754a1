//! Drivers against what the real agents said.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod claude;
mod codex;
mod gemini;
mod qwen;
mod stream;
mod tools;
