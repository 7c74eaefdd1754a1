//! Drivers against what the real agents said.
#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod acp;
mod aider;
mod claude;
mod codex;
mod gemini;
mod opencode;
mod qwen;
mod stream;
mod tools;
