#!/usr/bin/env bash
# Installs what running (`run`) or testing (`test`) needs and is missing; says exactly what, where it may not.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}

packages=()
need() { # command, Debian package
  command -v "$1" >/dev/null 2>&1 || packages+=("$2")
}
need bwrap bubblewrap
need git git
need cc gcc
if [ "$purpose" = test ]; then
  need python3 python3
  need setpriv util-linux
  need npm npm
  need tmux tmux
  need chromium chromium
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages+=(postgresql)
fi
if [ ${#packages[@]} -gt 0 ]; then
  as_root=()
  if [ "$(id -u)" != 0 ]; then as_root=(sudo -n); fi
  if command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null; then
    echo "installing ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
  else
    echo "Please install these packages, then try again: ${packages[*]}" >&2
    echo "On Debian or Ubuntu: apt install ${packages[*]}" >&2
    exit 2
  fi
fi
command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 2; }

if [ "$purpose" = test ]; then
  # The real agents, pinned, for the end-to-end tests.
  stamp=target/agents/stamp
  wanted=$(sha256sum tests/agents/package.json | cut -d' ' -f1)
  if [ "$(cat $stamp 2>/dev/null)" != "$wanted" ]; then
    echo "installing the agents the tests drive"
    mkdir -p target/agents
    cp tests/agents/package.json target/agents/
    (cd target/agents && npm install --no-audit --no-fund --loglevel=error)
    echo "$wanted" >$stamp
  fi
  # aider is large (some 700 MB): only where it is asked for.
  if [ "${SIDEKICK_AIDER:-}" = 1 ] && [ ! -x target/agents/aider/bin/aider ]; then
    echo "installing aider"
    python3 -m venv target/agents/aider
    target/agents/aider/bin/pip install -q aider-chat==0.86.2
  fi
fi
