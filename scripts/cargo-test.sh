#!/usr/bin/env bash
# Every Rust test, by nextest where it is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v cargo-nextest >/dev/null; then
  cargo nextest run --workspace
else
  cargo test --workspace
fi
