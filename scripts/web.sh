#!/usr/bin/env bash
# Builds the dashboard when its sources are newer than what was built.
set -euo pipefail
cd "$(dirname "$0")/../web"
[ -f package.json ] || exit 0
command -v npm >/dev/null || { echo "npm is missing, so the dashboard is not built; the command line works without it"; exit 0; }
if [ ! -f node_modules/.stamp ] || [ package.json -nt node_modules/.stamp ]; then
  echo "installing what the dashboard is built with"
  npm install --no-audit --no-fund --loglevel=error
  touch node_modules/.stamp
fi
if [ ! -f dist/.stamp ] || [ -n "$(find src public index.html package.json vite.config.ts -newer dist/.stamp -print -quit)" ]; then
  echo "building the dashboard"
  npm run --silent build
  touch dist/.stamp
fi
